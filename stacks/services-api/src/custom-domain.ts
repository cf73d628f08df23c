import { type Api, ApiMapping, DomainName } from '@pulumi/aws/apigatewayv2/index.js';
import { Record } from '@pulumi/aws/route53/index.js';
import * as pulumi from '@pulumi/pulumi';
import { type ApiConfig, type Context, opts, tags } from '../../shared/index.js';
import type { ApiStage } from './stage.js';

/** `api.{envDomain}`, its mapping to the stage and its address. */
export function createCustomDomain(
  ctx: Context,
  { customDomain }: ApiConfig,
  api: Api,
  { stage }: ApiStage,
): DomainName | undefined {
  if (customDomain === undefined) return undefined;

  const domain = new DomainName(
    'domain',
    {
      domainName: customDomain.name,
      domainNameConfiguration: {
        certificateArn: customDomain.certificateArn,
        endpointType: 'REGIONAL',
        securityPolicy: 'TLS_1_2',
      },
      tags: tags(ctx, 'domain'),
    },
    opts(ctx),
  );
  new ApiMapping('mapping', { apiId: api.id, domainName: domain.id, stage: stage.id }, opts(ctx));
  const target = pulumi.output(domain.domainNameConfiguration);
  new Record(
    'api-record',
    {
      zoneId: customDomain.hostedZoneId,
      name: customDomain.name,
      type: 'A',
      aliases: [{ name: target.targetDomainName, zoneId: target.hostedZoneId, evaluateTargetHealth: false }],
    },
    opts(ctx),
  );
  return domain;
}
