import { subnetCidrs } from './cidr';
import { parseCidr } from './validate';

/** X9 of stacks.md 15. */

test.each([
  ['10.0.0.0/16', 1, 2, ['10.0.1.0/24', '10.0.2.0/24']],
  ['10.1.0.0/16', 10, 3, ['10.1.10.0/24', '10.1.11.0/24', '10.1.12.0/24']],
  ['10.64.0.0/20', 20, 2, ['10.64.1.64/28', '10.64.1.80/28']],
  ['172.16.0.0/18', 1, 2, ['172.16.0.64/26', '172.16.0.128/26']],
  ['192.168.0.0/16', 255, 1, ['192.168.255.0/24']],
  ['10.0.0.0/16', 1, 0, []],
])('X9: %s from %i, %i of them', (vpc, offset, n, expected) => {
  expect(subnetCidrs(vpc, offset, n)).toEqual(expected);
});

test.each([16, 17, 18, 19, 20])('X9: the tiers of a /%i never overlap and stay inside', (prefix) => {
  const size = 2 ** (32 - prefix - 8);
  for (const zones of [2, 3]) {
    const bases = [1, 10, 20]
      .flatMap((offset) => subnetCidrs(`10.32.0.0/${prefix}`, offset, zones))
      .map((text) => parseCidr(text)?.base ?? NaN);
    const vpc = parseCidr(`10.32.0.0/${prefix}`)?.base ?? NaN;
    expect(new Set(bases.map((base) => Math.floor(base / size))).size).toBe(3 * zones);
    expect(Math.min(...bases)).toBeGreaterThan(vpc);
    expect(Math.max(...bases) + size).toBeLessThanOrEqual(vpc + 2 ** (32 - prefix));
  }
});

test.each([
  ['10.0.0.0/21', 1, 1, 'longer than /28'],
  ['10.0.0.0/16', 255, 2, 'has no subnets 255 to 256'],
  ['10.0.0.0/16', -1, 1, 'has no subnets'],
  ['10.0.0.5/16', 1, 1, 'expected an IPv4 block'],
])('%s from %i, %i of them is refused', (vpc, offset, n, rule) => {
  expect(() => subnetCidrs(vpc, offset, n)).toThrow(rule);
});
