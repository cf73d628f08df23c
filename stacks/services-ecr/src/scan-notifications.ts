import { EventRule, EventTarget } from '@pulumi/aws/cloudwatch/index.js';
import type { Topic } from '@pulumi/aws/sns/index.js';
import * as pulumi from '@pulumi/pulumi';
import { type Context, opts, serviceTopic, type ServicesEcrConfig, tags } from '../../shared/index.js';
import type { Repositories } from './repositories.js';

/** One critical finding or more. */
const HAS_CRITICAL = { CRITICAL: [{ numeric: ['>', 0] }] };

/** Sends critical findings of finished scans straight to a topic, without a function in between (ECR-3). */
export function createScanNotifications(ctx: Context, cfg: ServicesEcrConfig, repositories: Repositories): Topic {
  const topic = serviceTopic(ctx, 'scan', cfg.infrastructureKeyArn, ['events.amazonaws.com']);
  const all = [...Object.values(repositories.services), ...Object.values(repositories.bases)];

  // Enhanced scans are done by Inspector, which reports by itself and names repositories by ARN.
  const pattern = cfg.enhancedScanning
    ? {
        source: ['aws.inspector2'],
        'detail-type': ['Inspector2 Scan'],
        detail: {
          'scan-status': ['INITIAL_SCAN_COMPLETE'],
          'repository-name': all.map(({ arn }) => arn),
          'finding-severity-counts': HAS_CRITICAL,
        },
      }
    : {
        source: ['aws.ecr'],
        'detail-type': ['ECR Image Scan'],
        detail: {
          'scan-status': ['COMPLETE'],
          'repository-name': all.map(({ name }) => name),
          'finding-severity-counts': HAS_CRITICAL,
        },
      };
  const rule = new EventRule(
    'scan-rule',
    {
      description: 'Finished image scans with critical findings',
      eventPattern: pulumi.jsonStringify(pattern),
      state: 'ENABLED',
      tags: tags(ctx, 'scan-rule'),
    },
    opts(ctx),
  );
  new EventTarget('scan-target', { rule: rule.name, arn: topic.arn }, opts(ctx));
  return topic;
}
