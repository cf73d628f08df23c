import { randomBytes, randomUUID } from 'node:crypto';
import { randomToken, type RandomType } from '../random-type.js';
import { invalidImport, KEEPERS } from './arguments.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function uuidType(name: string, make: () => string): RandomType {
  const type = randomToken(name);
  return {
    type,
    inputs: { keepers: KEEPERS },
    results: ['result'],
    generate: () => {
      const result = make();
      return { id: result, results: { result } };
    },
    adopt: (given) => {
      const result = given.toLowerCase();
      if (!UUID.test(result)) throw invalidImport(type, 'a UUID');
      return { id: result, inputs: {}, results: { result } };
    },
  };
}

/** Version 7 (RFC 9562): milliseconds since 1970 in the first 48 bits, so that later ones sort behind. */
function uuidV7(): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

export const RANDOM_UUID = uuidType('Uuid', randomUUID);
export const RANDOM_UUID_4 = uuidType('Uuid4', randomUUID);
export const RANDOM_UUID_7 = uuidType('Uuid7', uuidV7);
