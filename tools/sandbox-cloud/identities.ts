import { createHash } from 'node:crypto';

/**
 * Everything the sandbox invents (ids, addresses, tokens) is cut from SHA-256 of a seed, so that the same program on the
 * same account always gets the same answers. A resource's seed is its URN followed by its creation count (1 = first).
 */
export function hex(seed: string, length = 17): string {
  return createHash('sha256').update(seed).digest('hex').slice(0, length);
}

/** A whole number from 0 to `below` - 1. */
export function numberFrom(seed: string, below: number): number {
  return Number.parseInt(hex(seed, 12), 16) % below;
}

export function uuid(seed: string): string {
  const digits = hex(seed, 32);
  const variant = '89ab'.charAt(Number.parseInt(digits.charAt(16), 16) % 4);
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    `${variant}${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ].join('-');
}

/** Upper-case letters and digits, as in hosted zone and IAM ids. */
export function upperAlphanumeric(seed: string, length: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bytes = createHash('sha512').update(seed).digest();
  return Array.from(bytes.subarray(0, length), (byte) => alphabet.charAt(byte % alphabet.length)).join('');
}

/** `urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>` in its parts. */
export function parseUrn(urn: string): { stack: string; project: string; type: string; name: string } {
  const [stack = '', project = '', types = '', ...name] = urn.replace(/^urn:pulumi:/, '').split('::');
  return { stack, project, type: types.split('$').pop() ?? '', name: name.join('::') };
}
