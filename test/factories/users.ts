import type { ApiKey } from '../../src/modules/auth/keys/api-key.js';
import { hashOfKey, prefixOf } from '../../src/modules/auth/keys/api-key.js';
import type { Organization } from '../../src/modules/auth/organizations/organization.js';
import type { User } from '../../src/modules/auth/users/user.js';
import type { KeyId, UserId } from '../../src/shared/kernel/ids.js';
import { anAssignment } from './principals.js';

const START = new Date('2030-01-01T00:00:00Z');
let count = 0;

/** An active administrator of `acme` without password; each has an id, e-mail and name of its own. */
export function aUser(fields: Partial<User> = {}): User {
  count += 1;
  const id = (fields.id ?? `user-${String(count).padStart(16, '0')}`) as UserId;
  const email = fields.email ?? `user${count}@example.com`;
  return {
    id,
    email,
    username: email,
    name: `User ${count}`,
    passwordHash: null,
    assignments: [anAssignment()],
    status: 'active',
    tier: null,
    failures: [],
    lockedUntil: null,
    preferences: {},
    createdAt: START,
    updatedAt: START,
    lastLoginAt: null,
    deletedAt: null,
    ...fields,
  };
}

/** A living key of `ownerId` that expires after 90 days. @param secret the key itself */
export function anApiKey(fields: Partial<ApiKey> & { readonly secret?: string } = {}): ApiKey {
  count += 1;
  const { secret = `msk_test_${String(count).padStart(32, '0')}`, ...rest } = fields;
  return {
    id: `key-${String(count).padStart(16, '0')}` as KeyId,
    hash: hashOfKey(secret),
    prefix: prefixOf(secret),
    ownerId: 'user-0000000000000001',
    name: `Key ${count}`,
    description: null,
    role: null,
    permissions: null,
    scope: null,
    rateLimitPerMinute: null,
    createdAt: START,
    expiresAt: new Date(START.getTime() + 90 * 86_400_000),
    lastUsedAt: null,
    revokedAt: null,
    rotatedTo: null,
    ...rest,
  };
}

export function anOrganization(fields: Partial<Organization> = {}): Organization {
  const name = fields.name ?? 'acme';
  return {
    name,
    displayName: name,
    tier: 'standard',
    pulumiOrg: name,
    settings: {},
    createdAt: START,
    updatedAt: START,
    ...fields,
  };
}
