import { SecurityGroup, VpcEndpoint } from '@pulumi/aws/ec2/index.js';
import { type Context, ingress, type NetworkConfig, opts, tags } from '../../shared/index.js';
import type { RouteTables } from './routing.js';
import type { Subnets } from './subnets.js';
import type { VpcResources } from './vpc.js';

export interface Endpoints {
  readonly s3: VpcEndpoint | undefined;
  /** Service as configured → its endpoint. */
  readonly interfaces: Readonly<Record<string, VpcEndpoint>>;
  readonly securityGroup: SecurityGroup | undefined;
}

/** Ways to AWS services that never leave the VPC. This stack owns all of them (stacks.md 9.2). */
export function createEndpoints(
  ctx: Context,
  cfg: NetworkConfig,
  { vpc }: VpcResources,
  subnets: Subnets,
  routes: RouteTables,
): Endpoints {
  const serviceName = (service: string): string => `com.amazonaws.${ctx.region}.${service}`;

  const s3 = cfg.enableVpcEndpoints
    ? new VpcEndpoint(
        's3-endpoint',
        {
          vpcId: vpc.id,
          serviceName: serviceName('s3'),
          vpcEndpointType: 'Gateway',
          routeTableIds: [...routes.private, routes.database].map((table) => table.id),
          tags: tags(ctx, 's3-endpoint'),
        },
        opts(ctx),
      )
    : undefined;

  if (cfg.interfaceEndpoints.length === 0) return { s3, interfaces: {}, securityGroup: undefined };

  const securityGroup = new SecurityGroup(
    'endpoint-sg',
    { vpcId: vpc.id, description: 'Interface endpoints of the VPC', tags: tags(ctx, 'endpoint-sg') },
    opts(ctx),
  );
  ingress(ctx, {
    name: 'endpoint-ingress-443',
    tier: 'endpoint',
    groupId: securityGroup.id,
    peer: { cidr: cfg.vpcCidr },
    port: 443,
    description: 'HTTPS from the VPC',
  });
  const endpoint = (service: string): VpcEndpoint => {
    const name = `${service.replaceAll('.', '-')}-endpoint`;
    return new VpcEndpoint(
      name,
      {
        vpcId: vpc.id,
        serviceName: serviceName(service),
        vpcEndpointType: 'Interface',
        subnetIds: subnets.private.map((subnet) => subnet.id),
        securityGroupIds: [securityGroup.id],
        privateDnsEnabled: true,
        tags: tags(ctx, name),
      },
      opts(ctx),
    );
  };
  return {
    s3,
    interfaces: Object.fromEntries(cfg.interfaceEndpoints.map((service) => [service, endpoint(service)])),
    securityGroup,
  };
}
