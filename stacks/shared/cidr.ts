import { parseCidr, InvalidInput } from './validate.js';

const format = (base: number, prefix: number): string =>
  `${[24, 16, 8, 0].map((shift) => (base >>> shift) & 255).join('.')}/${prefix}`;

/** AWS refuses subnets smaller than this. */
const LONGEST_PREFIX = 28;

/**
 * `n` neighbouring subnets of a VPC, eight bits longer than its prefix, numbered from `offset`:
 * 10.0.0.0/16 with offset 10 and n 2 gives 10.0.10.0/24 and 10.0.11.0/24 (stacks.md 3, NET-1).
 * @throws InvalidInput when a subnet would be longer than /28 or outside the VPC
 */
export function subnetCidrs(vpcCidr: string, offset: number, n: number): string[] {
  const vpc = parseCidr(vpcCidr);
  if (!vpc) throw new InvalidInput('network:vpcCidr', vpcCidr, 'expected an IPv4 block');
  const prefix = vpc.prefix + 8;
  if (prefix > LONGEST_PREFIX) {
    throw new InvalidInput(
      'network:vpcCidr',
      vpcCidr,
      `its subnets would be /${prefix}, longer than /${LONGEST_PREFIX}`,
    );
  }
  if (offset < 0 || n < 0 || offset + n > 2 ** 8) {
    throw new InvalidInput('network:vpcCidr', vpcCidr, `has no subnets ${offset} to ${offset + n - 1}`);
  }
  return Array.from({ length: n }, (_, i) => format((vpc.base + (offset + i) * 2 ** (32 - prefix)) >>> 0, prefix));
}
