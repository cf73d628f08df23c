import { commonOutputs, type Context, type NetworkConfig, type NetworkOutputs } from '../../shared/index.js';
import type { Endpoints } from './endpoints.js';
import type { FlowLogs } from './flow-logs.js';
import type { NatGateways } from './nat-gateway.js';
import { version } from './package.json';
import type { RouteTables } from './routing.js';
import type { Subnets } from './subnets.js';
import type { VpcResources } from './vpc.js';

export interface NetworkResources {
  readonly vpc: VpcResources;
  readonly subnets: Subnets;
  readonly nat: NatGateways;
  readonly routes: RouteTables;
  readonly endpoints: Endpoints;
  readonly flowLogs: FlowLogs | undefined;
}

export function networkOutputs(ctx: Context, cfg: NetworkConfig, resources: NetworkResources): NetworkOutputs {
  const { vpc, subnets, nat, routes, endpoints, flowLogs } = resources;
  return {
    ...commonOutputs(ctx, version),
    vpcId: vpc.vpc.id,
    vpcArn: vpc.vpc.arn,
    vpcCidrBlock: vpc.vpc.cidrBlock,
    publicSubnetIds: subnets.public.map((subnet) => subnet.id),
    privateSubnetIds: subnets.private.map((subnet) => subnet.id),
    databaseSubnetIds: subnets.database.map((subnet) => subnet.id),
    availabilityZones: [...cfg.availabilityZones],
    internetGatewayId: vpc.internetGateway.id,
    natGatewayIds: nat.gateways.map((gateway) => gateway.id),
    natGatewayIps: nat.addresses.map((address) => address.publicIp),
    publicRouteTableId: routes.public.id,
    databaseRouteTableId: routes.database.id,
    privateRouteTableIds: routes.private.map((table) => table.id),
    s3VpcEndpointId: endpoints.s3?.id ?? '',
    interfaceEndpointIds: Object.fromEntries(
      Object.entries(endpoints.interfaces).map(([service, endpoint]) => [service, endpoint.id]),
    ),
    endpointSecurityGroupId: endpoints.securityGroup?.id ?? '',
    flowLogsLogGroupName: flowLogs?.group.name ?? '',
  };
}
