import { randomInt } from 'node:crypto';
import type { TimestampFormat } from './parse.js';
import { UnresolvablePlaceholder } from './placeholder.errors.js';

/** `RUNTIME:calculate:*` of deployments.md 5.2 and 5.3. */

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const DIGITS = '0123456789';
const SYMBOLS = '!#$%&*()-_=+[]<>?';
const SMALLEST_SUBNET = 28; // AWS allows nothing smaller

/**
 * The first `count` subnets of an IPv4 network, e.g. `10.0.0.0/16`, 24, 2 → `10.0.0.0/24`, `10.0.1.0/24`.
 * @throws UnresolvablePlaceholder PH-013
 */
export function subnets(cidr: string, prefix: number, count: number): string[] {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
  const [a = 256, b = 256, c = 256, d = 256, mask = 33] = match?.slice(1).map(Number) ?? [];
  if (Math.max(a, b, c, d) > 255 || mask > 32) throw wrongSubnets(`${cidr} is not an IPv4 network`);
  const base = ((a * 256 + b) * 256 + c) * 256 + d;
  if (base % 2 ** (32 - mask) !== 0) throw wrongSubnets(`${cidr} does not begin at a multiple of its size`);
  if (prefix < mask || prefix > SMALLEST_SUBNET) {
    throw wrongSubnets(`a prefix in ${cidr} lies between ${mask} and ${SMALLEST_SUBNET}, not ${prefix}`);
  }
  const room = 2 ** (prefix - mask);
  if (count < 1 || count > room) throw wrongSubnets(`${cidr} has room for 1 to ${room} /${prefix}, not ${count}`);
  return Array.from({ length: count }, (_, index) => `${dotted(base + index * 2 ** (32 - prefix))}/${prefix}`);
}

/** UTC; `unix` in whole seconds. */
export function timestamp(format: TimestampFormat, now: Date): string | number {
  switch (format) {
    case 'iso8601':
      return now.toISOString();
    case 'unix':
      return Math.floor(now.getTime() / 1000);
    case 'date':
      return now.toISOString().slice(0, 10);
  }
}

/**
 * At least one lower-case letter, upper-case letter, digit and symbol; unguessable.
 * @throws UnresolvablePlaceholder PH-014 outside 8 to 128
 */
export function randomPassword(length: number): string {
  if (length < 8 || length > 128) {
    throw new UnresolvablePlaceholder('PH-014', `A random password has 8 to 128 characters, not ${length}`);
  }
  const pick = (alphabet: string): string => alphabet[randomInt(alphabet.length)] ?? '';
  const letters = [LOWER, UPPER, DIGITS, SYMBOLS].map(pick);
  while (letters.length < length) letters.push(pick(LOWER + UPPER + DIGITS + SYMBOLS));
  for (let last = letters.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [letters[last], letters[other]] = [letters[other] ?? '', letters[last] ?? ''];
  }
  return letters.join('');
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

function wrongSubnets(why: string): UnresolvablePlaceholder {
  return new UnresolvablePlaceholder('PH-013', `Subnets cannot be calculated: ${why}`);
}
