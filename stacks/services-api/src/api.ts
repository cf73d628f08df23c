import { Api } from '@pulumi/aws/apigatewayv2/index.js';
import { type ApiConfig, type Context, opts, tags } from '../../shared/index.js';

/** The HTTP API. With a domain of its own, the endpoint that AWS gives is closed. */
export function createApi(ctx: Context, cfg: ApiConfig): Api {
  return new Api(
    'api',
    {
      protocolType: 'HTTP',
      description: `${ctx.deploymentId} ${ctx.environment}`,
      disableExecuteApiEndpoint: cfg.customDomain !== undefined,
      corsConfiguration:
        cfg.corsAllowedOrigins.length === 0
          ? undefined
          : {
              allowOrigins: [...cfg.corsAllowedOrigins],
              allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
              allowHeaders: ['authorization', 'content-type', 'idempotency-key', 'x-request-id'],
              exposeHeaders: ['x-request-id'],
              maxAge: cfg.corsMaxAgeSeconds,
            },
      tags: tags(ctx, 'api'),
    },
    opts(ctx),
  );
}
