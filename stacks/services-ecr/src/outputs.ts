import type { Repository } from '@pulumi/aws/ecr/index.js';
import type { Topic } from '@pulumi/aws/sns/index.js';
import {
  commonOutputs,
  type Context,
  mapValues,
  type ServicesEcrConfig,
  type ServicesEcrOutputs,
} from '../../shared/index.js';
import { version } from './package.json';
import type { Repositories } from './repositories.js';

export interface ServicesEcrResources {
  readonly repositories: Repositories;
  readonly scanTopic: Topic;
}

const urlOf = ({ repositoryUrl }: Repository) => repositoryUrl;

export function servicesEcrOutputs(
  ctx: Context,
  cfg: ServicesEcrConfig,
  { repositories, scanTopic }: ServicesEcrResources,
): ServicesEcrOutputs {
  return {
    ...commonOutputs(ctx, version),
    registryId: ctx.accountId,
    registryUri: `${ctx.accountId}.dkr.ecr.${ctx.region}.amazonaws.com`,
    repositoryUrls: mapValues(repositories.services, urlOf),
    repositoryArns: mapValues(repositories.services, ({ arn }) => arn),
    baseRepositoryUrls: mapValues(repositories.bases, urlOf),
    scanTopicArn: scanTopic.arn,
    replicationEnabled: cfg.replicationRegions.length > 0,
  };
}
