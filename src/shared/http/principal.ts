export type Role = 'admin' | 'operator' | 'developer' | 'viewer';
export type EnvironmentName = 'dev' | 'stage' | 'prod';
export const ENVIRONMENTS: readonly EnvironmentName[] = ['dev', 'stage', 'prod'];

/** A right: `role` inside `organization` (`*` = every one: platform admin), optionally narrowed. */
export interface Assignment {
  readonly role: Role;
  readonly organization: string;
  /** Missing = all projects of the organization. */
  readonly project?: string;
  /** Missing = all environments. */
  readonly environments?: readonly EnvironmentName[];
}

/** Narrows an API key below its owner; missing parts do not narrow. */
export interface KeyScope {
  readonly organization?: string;
  readonly projects?: readonly string[];
  readonly deployments?: readonly string[];
  readonly environments?: readonly EnvironmentName[];
}

export type Tier = 'free' | 'standard' | 'enterprise' | 'static';

/** Who is calling, as the authentication guard found out. Rights are the union of `assignments`, narrowed by the key. */
export interface Principal {
  readonly kind: 'user' | 'api_key' | 'static_key';
  /** User id, key id or masked static key: bucket, idempotency scope and audit use it. */
  readonly id: string;
  /** The user behind it; absent for static keys. */
  readonly userId?: string;
  /** E-mail or key name, as shown in `startedBy`, `createdBy`. */
  readonly name: string;
  readonly assignments: readonly Assignment[];
  /** Of an API key with a role of its own (already in `assignments`): the owner's assignments, which must hold a right too. */
  readonly ownerAssignments?: readonly Assignment[];
  /** Of an API key: names of the permission matrix; missing = all of the owner's. */
  readonly permissions?: readonly string[];
  readonly scope?: KeyScope;
  /** Of a bootstrap key: its scope in the session half. */
  readonly sessionScope?: 'full' | 'client';
  readonly tier: Tier;
  /** Requests per minute of a managed key with its own limit. */
  readonly rateLimitPerMinute?: number;
  readonly expiresAt?: Date;
  /** Token id, revoked at logout. */
  readonly jti?: string;
  /** The login that the token belongs to; all its tokens end together. */
  readonly loginId?: string;
  /** Authentication methods, e.g. `['pwd', 'mfa']`. */
  readonly amr?: readonly string[];
}

export function organizationsOf(principal: Principal): readonly string[] {
  return [...new Set(principal.assignments.map((a) => a.organization))];
}

/**
 * The one organization a caller of the session half acts in (README 29): that of its key, else of its first assignment.
 * null: the credential names none.
 */
export function homeOrganization(principal: Principal): string | null {
  return (
    principal.scope?.organization ?? principal.assignments.find((a) => a.organization !== '*')?.organization ?? null
  );
}

export function isPlatformAdmin(principal: Principal): boolean {
  return principal.assignments.some((a) => a.role === 'admin' && a.organization === '*');
}
