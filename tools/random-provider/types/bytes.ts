import { randomBytes } from 'node:crypto';
import { text } from '../../sandbox-cloud/inputs.js';
import type { Properties } from '../../sandbox-cloud/provider.port.js';
import { randomToken, type RandomType } from '../random-type.js';
import { count, invalidImport, KEEPERS } from './arguments.js';

export const RANDOM_ID: RandomType = {
  type: randomToken('Id'),
  inputs: { byteLength: count(1, { required: true }), keepers: KEEPERS, prefix: text({ replaces: true }) },
  results: ['b64Std', 'b64Url', 'dec', 'hex'],
  generate: ({ byteLength, prefix = '' }) => identifier(randomBytes(Number(byteLength)), String(prefix)),
  /** `[<prefix>,]<id>`, the id in URL-safe base64. */
  adopt: (given) => {
    const comma = given.lastIndexOf(',');
    const prefix = given.slice(0, Math.max(comma, 0));
    const bytes = Buffer.from(given.slice(comma + 1), 'base64url');
    const { id, results } = identifier(bytes, prefix);
    if (bytes.length === 0 || id !== given.slice(comma + 1)) {
      throw invalidImport(randomToken('Id'), 'an id in URL-safe base64, after a prefix and a comma where it has one');
    }
    return { id, inputs: { byteLength: bytes.length, ...(prefix !== '' && { prefix }) }, results };
  },
};

function identifier(bytes: Buffer, prefix: string): { id: string; results: Properties } {
  const id = bytes.toString('base64url');
  const hex = bytes.toString('hex');
  return {
    id,
    results: {
      b64Std: prefix + bytes.toString('base64'),
      b64Url: prefix + id,
      dec: prefix + BigInt(`0x${hex || '0'}`).toString(),
      hex: prefix + hex,
    },
  };
}

/**
 * Its id is `none`: the real provider takes the secret itself, which then stands in the state in clear. For the same reason it
 * cannot be imported.
 */
export const RANDOM_BYTES: RandomType = {
  type: randomToken('Bytes'),
  inputs: { keepers: KEEPERS, length: count(1, { required: true }) },
  results: ['base64', 'hex'],
  secretResults: ['base64', 'hex'],
  generate: ({ length }) => ({ id: 'none', results: encodings(randomBytes(Number(length))) }),
};

const encodings = (bytes: Buffer): Properties => ({ base64: bytes.toString('base64'), hex: bytes.toString('hex') });
