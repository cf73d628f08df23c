import { createHash } from 'node:crypto';
import { type Api, type Authorizer, Integration, Route, VpcLink } from '@pulumi/aws/apigatewayv2/index.js';
import * as pulumi from '@pulumi/pulumi';
import { type ApiConfig, type Context, opts, slug, tags } from '../../shared/index.js';

export interface Routing {
  readonly vpcLink: VpcLink;
  readonly routes: Route[];
}

/** Every route leads through the VPC link to the internal load balancer; what is not public needs a token (API-1). */
export function createRouting(ctx: Context, cfg: ApiConfig, api: Api, authorizer: Authorizer): Routing {
  const vpcLink = new VpcLink(
    'vpc-link',
    {
      subnetIds: [...cfg.privateSubnetIds],
      securityGroupIds: [cfg.vpcLinkSecurityGroupId],
      tags: tags(ctx, 'vpc-link'),
    },
    opts(ctx),
  );
  const integration = new Integration(
    'integration',
    {
      apiId: api.id,
      integrationType: 'HTTP_PROXY',
      integrationMethod: 'ANY',
      integrationUri: cfg.internalListenerArn,
      connectionType: 'VPC_LINK',
      connectionId: vpcLink.id,
      payloadFormatVersion: '1.0',
      timeoutMilliseconds: cfg.integrationTimeoutMs,
    },
    opts(ctx),
  );

  const target = pulumi.interpolate`integrations/${integration.id}`;
  const route = (routeKey: string, access: { authorizationType: string; authorizerId?: pulumi.Input<string> }) =>
    new Route(routeName(routeKey), { apiId: api.id, routeKey, target, ...access }, opts(ctx));
  const routes = [
    ...cfg.protectedRoutes.map((key) => route(key, { authorizationType: 'JWT', authorizerId: authorizer.id })),
    ...cfg.publicRoutes.map((key) => route(key, { authorizationType: 'NONE' })),
  ];
  return { vpcLink, routes };
}

/** Follows from the key alone, so that another route more or less moves no other; the digits tell `/a/b` from `/a-b`. */
function routeName(routeKey: string): string {
  return `route-${slug(routeKey)}-${createHash('sha256').update(routeKey).digest('hex').slice(0, 6)}`;
}
