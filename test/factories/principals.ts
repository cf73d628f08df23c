import type { Assignment, Principal, Role } from '../../src/shared/http/principal.js';

/** A user of organization `acme` with the given fields; default: its admin (not of the platform). */
export function aPrincipal(fields: Partial<Principal> = {}): Principal {
  return {
    kind: 'user',
    id: 'user-0000000000000001',
    userId: 'user-0000000000000001',
    name: 'ada@example.com',
    assignments: [anAssignment()],
    tier: 'standard',
    amr: ['pwd'],
    ...fields,
  };
}

export function anAssignment(fields: Partial<Assignment> = {}): Assignment {
  return { role: 'admin', organization: 'acme', ...fields };
}

/** A user with one role in one organization. */
export function aPrincipalWith(role: Role, organization = 'acme', fields: Partial<Principal> = {}): Principal {
  return aPrincipal({ assignments: [{ role, organization }], ...fields });
}

export function aPlatformAdmin(fields: Partial<Principal> = {}): Principal {
  return aPrincipal({ assignments: [{ role: 'admin', organization: '*' }], ...fields });
}
