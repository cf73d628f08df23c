import { claimOf, type Reference, textOf } from '../resource-spec.js';
import { CloudError } from '../provider.port.js';
import { hex, numberFrom } from '../identities.js';
import { formatAddress, parseCidr } from '../cidr.js';
import type { CloudResource } from '../account-store.port.js';

/** What the EC2 types share: ids, ARNs and the answers of EC2 to an id that does not exist. */

export const ec2Id =
  (prefix: string) =>
  ({ seed }: { seed: string }): string =>
    `${prefix}-${hex(seed)}`;

export const ec2Arn =
  (resource: string) =>
  ({ region, account, id }: { region: string; account: string; id: string }): string =>
    `arn:aws:ec2:${region}:${account}:${resource}/${id}`;

/** Claim kind → EC2's "not found". */
const NOT_FOUND = {
  vpc: (id: string) => new CloudError('InvalidVpcID.NotFound', `The vpc ID '${id}' does not exist`),
  subnet: (id: string) => new CloudError('InvalidSubnetID.NotFound', `The subnet ID '${id}' does not exist`),
  igw: (id: string) =>
    new CloudError('InvalidInternetGatewayID.NotFound', `The internetGateway ID '${id}' does not exist`),
  rtb: (id: string) => new CloudError('InvalidRouteTableID.NotFound', `The routeTable ID '${id}' does not exist`),
  rtbassoc: (id: string) =>
    new CloudError('InvalidAssociationID.NotFound', `The association ID '${id}' does not exist`),
  route: (id: string) => new CloudError('InvalidRoute.NotFound', `no route with identifier ${id}`),
  eipalloc: (id: string) => new CloudError('InvalidAllocationID.NotFound', `The allocation ID '${id}' does not exist`),
  nat: (id: string) => new CloudError('NatGatewayNotFound', `The Nat Gateway ${id} was not found`),
  sg: (id: string) => new CloudError('InvalidGroup.NotFound', `The security group '${id}' does not exist`),
  sgr: (id: string) =>
    new CloudError('InvalidSecurityGroupRuleId.NotFound', `The security group rule ID '${id}' does not exist`),
  vpce: (id: string) => new CloudError('InvalidVpcEndpointId.NotFound', `The Vpc Endpoint Id '${id}' does not exist`),
  fl: (id: string) => new CloudError('InvalidFlowLogId.NotFound', `Invalid Flow Log ID ${id}`),
} as const;

export type Ec2Kind = keyof typeof NOT_FOUND;

export function ec2NotFound(kind: Ec2Kind): (id: string) => CloudError {
  return NOT_FOUND[kind];
}

/** Reference to an EC2 id; undefined where the argument is absent. */
export function ec2Reference(
  kind: Ec2Kind,
  region: string,
  id: unknown,
  onDelete: Reference['onDelete'],
): Reference | undefined {
  const value = textOf(id);
  return value === undefined
    ? undefined
    : { claim: claimOf(region, kind, value), onDelete, missing: NOT_FOUND[kind](value) };
}

export function dependencyViolation(message: string): CloudError {
  return new CloudError('DependencyViolation', message);
}

/** An address out of a subnet that AWS does not keep for itself (the first four and the last); `''` without a subnet. */
export function addressIn(subnet: CloudResource | undefined, seed: string): string {
  const block = parseCidr(textOf(subnet?.inputs.cidrBlock) ?? '');
  return block ? formatAddress(block.first + 4 + numberFrom(seed, block.last - block.first - 4)) : '';
}
