import { type Api, Stage } from '@pulumi/aws/apigatewayv2/index.js';
import type { LogGroup } from '@pulumi/aws/cloudwatch/index.js';
import * as pulumi from '@pulumi/pulumi';
import { type ApiConfig, type Context, logGroup, opts, tags } from '../../shared/index.js';

export interface ApiStage {
  readonly stage: Stage;
  readonly accessLogs: LogGroup;
}

/** One line a request; the token is in none of these variables (API-3). */
const ACCESS_LOG = {
  requestId: '$context.requestId',
  time: '$context.requestTime',
  sourceIp: '$context.identity.sourceIp',
  route: '$context.routeKey',
  status: '$context.status',
  latencyMs: '$context.responseLatency',
  integrationLatencyMs: '$context.integrationLatency',
  error: '$context.error.message',
  integrationError: '$context.integrationErrorMessage',
};

/** The one stage of the API, which takes every change at once, limits callers and logs them. */
export function createStage(ctx: Context, cfg: ApiConfig, api: Api): ApiStage {
  const accessLogs = logGroup(ctx, 'access', cfg.infrastructureKeyArn);
  const stage = new Stage(
    'stage',
    {
      apiId: api.id,
      name: '$default',
      autoDeploy: true,
      accessLogSettings: { destinationArn: accessLogs.arn, format: pulumi.jsonStringify(ACCESS_LOG) },
      defaultRouteSettings: {
        throttlingRateLimit: cfg.throttleRate,
        throttlingBurstLimit: cfg.throttleBurst,
      },
      tags: tags(ctx, 'stage'),
    },
    opts(ctx),
  );
  return { stage, accessLogs };
}
