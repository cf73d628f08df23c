import { type Api, Authorizer } from '@pulumi/aws/apigatewayv2/index.js';
import { type ApiConfig, type Context, opts } from '../../shared/index.js';

/** Admits tokens that the user pool gave to one of its two clients. */
export function createAuthorizer(ctx: Context, cfg: ApiConfig, api: Api): Authorizer {
  return new Authorizer(
    'authorizer',
    {
      apiId: api.id,
      authorizerType: 'JWT',
      identitySources: ['$request.header.Authorization'],
      jwtConfiguration: { issuer: cfg.userPoolIssuerUrl, audiences: [cfg.webClientId, cfg.mobileClientId] },
    },
    opts(ctx),
  );
}
