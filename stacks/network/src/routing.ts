import { Route, RouteTable, RouteTableAssociation, type Subnet } from '@pulumi/aws/ec2/index.js';
import { type Context, opts, tags } from '../../shared/index.js';
import type { NatGateways } from './nat-gateway.js';
import type { Subnets } from './subnets.js';
import type { VpcResources } from './vpc.js';

export interface RouteTables {
  readonly public: RouteTable;
  /** One per availability zone. */
  readonly private: readonly RouteTable[];
  readonly database: RouteTable;
}

const EVERYWHERE = '0.0.0.0/0';

/** Public subnets reach the internet gateway, private ones a NAT gateway if there is any, database subnets nothing outside. */
export function createRouting(
  ctx: Context,
  { vpc, internetGateway }: VpcResources,
  subnets: Subnets,
  nat: NatGateways,
): RouteTables {
  const table = (name: string): RouteTable => new RouteTable(name, { vpcId: vpc.id, tags: tags(ctx, name) }, opts(ctx));
  const associate = (tier: string, subnet: Subnet, i: number, routeTable: RouteTable): RouteTableAssociation =>
    new RouteTableAssociation(`${tier}-rta-${i}`, { subnetId: subnet.id, routeTableId: routeTable.id }, opts(ctx));

  const publicTable = table('public-rt');
  new Route(
    'public-default-route',
    { routeTableId: publicTable.id, destinationCidrBlock: EVERYWHERE, gatewayId: internetGateway.id },
    opts(ctx),
  );
  subnets.public.forEach((subnet, i) => associate('public', subnet, i, publicTable));

  const privateTables = subnets.private.map((subnet, i) => {
    const privateTable = table(`private-rt-${i}`);
    const gateway = nat.gateways[i] ?? nat.gateways[0]; // a single gateway serves every zone
    if (gateway) {
      new Route(
        `private-nat-route-${i}`,
        { routeTableId: privateTable.id, destinationCidrBlock: EVERYWHERE, natGatewayId: gateway.id },
        opts(ctx),
      );
    }
    associate('private', subnet, i, privateTable);
    return privateTable;
  });

  const databaseTable = table('database-rt');
  subnets.database.forEach((subnet, i) => associate('database', subnet, i, databaseTable));

  return { public: publicTable, private: privateTables, database: databaseTable };
}
