import type { Api, Authorizer, DomainName } from '@pulumi/aws/apigatewayv2/index.js';
import * as pulumi from '@pulumi/pulumi';
import { type ApiOutputs, commonOutputs, type Context } from '../../shared/index.js';
import type { Routing } from './integration.js';
import { version } from './package.json';
import type { ApiStage } from './stage.js';

export interface ApiResources {
  readonly api: Api;
  readonly authorizer: Authorizer;
  readonly routing: Routing;
  readonly stage: ApiStage;
  readonly domain: DomainName | undefined;
}

export function apiOutputs(ctx: Context, resources: ApiResources): ApiOutputs {
  const { api, authorizer, routing, stage, domain } = resources;
  return {
    ...commonOutputs(ctx, version),
    apiId: api.id,
    apiEndpoint: api.apiEndpoint,
    executionArn: api.executionArn,
    stageName: stage.stage.name,
    apiUrl: domain ? pulumi.interpolate`https://${domain.domainName}` : api.apiEndpoint,
    customDomainName: domain?.domainName ?? '',
    vpcLinkId: routing.vpcLink.id,
    authorizerId: authorizer.id,
    accessLogGroupName: stage.accessLogs.name,
  };
}
