import { CloudError } from '../sandbox-cloud/provider.port.js';
import type { RandomType } from './random-type.js';
import { RANDOM_BYTES, RANDOM_ID } from './types/bytes.js';
import { RANDOM_INTEGER } from './types/integer.js';
import { RANDOM_PET } from './types/pet.js';
import { RANDOM_SHUFFLE } from './types/shuffle.js';
import { RANDOM_PASSWORD, RANDOM_STRING } from './types/strings.js';
import { RANDOM_UUID, RANDOM_UUID_4, RANDOM_UUID_7 } from './types/uuids.js';

/** Every resource type of the `random` package by its token. */
export const RANDOM_TYPES: ReadonlyMap<string, RandomType> = new Map(
  [
    RANDOM_BYTES,
    RANDOM_ID,
    RANDOM_INTEGER,
    RANDOM_PASSWORD,
    RANDOM_PET,
    RANDOM_SHUFFLE,
    RANDOM_STRING,
    RANDOM_UUID,
    RANDOM_UUID_4,
    RANDOM_UUID_7,
  ].map((type) => [type.type, type]),
);

/** @throws CloudError UnsupportedResourceType, naming it */
export function randomTypeOf(token: string): RandomType {
  const type = RANDOM_TYPES.get(token);
  if (!type)
    throw new CloudError('UnsupportedResourceType', `the random provider does not know the resource type ${token}`);
  return type;
}
