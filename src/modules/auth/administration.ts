import { Denied } from '../../shared/errors/app-error.js';
import { isPlatformAdmin, type Principal } from '../../shared/http/principal.js';
import { administers } from './users/user.js';

/** Organizations the principal administers as a whole; null = all of them. */
export function administeredBy(principal: Principal): readonly string[] | null {
  const limit = principal.scope?.organization;
  if (isPlatformAdmin(principal) && limit === undefined) return null;
  if (isPlatformAdmin(principal)) return [limit as string];
  const names = administers({ assignments: principal.assignments, status: 'active' });
  return limit === undefined ? names : names.filter((name) => name === limit);
}

/** @param deed e.g. `set the tier` @throws Denied unless the principal administers the platform */
export function requirePlatform(principal: Principal, deed: string): void {
  if (administeredBy(principal) === null) return;
  throw new Denied('AUTHZ_FORBIDDEN', 403, `Only an administrator of the platform may ${deed}`, {
    details: { permission: 'organizations:manage', organization: '*', requiredRoles: ['admin'] },
  });
}
