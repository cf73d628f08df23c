import type { EnvironmentName, Role } from '../../shared/http/principal.js';

/** Roles that hold a permission, per class of environment. */
export interface PermissionRow {
  readonly dev: readonly Role[];
  readonly stage: readonly Role[];
  readonly prod: readonly Role[];
  /** False: the permission has nothing to do with an environment and the three lists are the same. */
  readonly byEnvironment: boolean;
  /** Changes something in an environment; with AUTH_REQUIRE_MFA_FOR_PROD it needs a second factor in prod. */
  readonly mutates: boolean;
}

const ALL: readonly Role[] = ['admin', 'operator', 'developer', 'viewer'];
const CHANGERS: readonly Role[] = ['admin', 'operator', 'developer'];
const OPERATORS: readonly Role[] = ['admin', 'operator'];
const DEVELOPERS: readonly Role[] = ['admin', 'developer'];
const ADMINS: readonly Role[] = ['admin'];

function everywhere(roles: readonly Role[]): PermissionRow {
  return { dev: roles, stage: roles, prod: roles, byEnvironment: false, mutates: false };
}

function inEach(roles: readonly Role[], options: { readonly mutates: boolean }): PermissionRow {
  return { dev: roles, stage: roles, prod: roles, byEnvironment: true, mutates: options.mutates };
}

function changing(devAndStage: readonly Role[], prod: readonly Role[]): PermissionRow {
  return { dev: devAndStage, stage: devAndStage, prod, byEnvironment: true, mutates: true };
}

/**
 * The permission matrix (api.md 2.4), one row per permission. Where a row speaks of something else than an environment:
 * - `deployments:update`: shared fields count as dev, the prod section as prod;
 * - `deployments:delete`: prod = the deployment has been deployed to prod, or `force=true`;
 * - `operations:cancel` = the caller's own operation, `operations:cancel-others` = another actor's.
 */
export const PERMISSIONS = {
  'deployments:create': everywhere(CHANGERS),
  'deployments:read': inEach(ALL, { mutates: false }),
  'deployments:update': changing(CHANGERS, OPERATORS),
  'deployments:delete': changing(DEVELOPERS, ADMINS),
  'deployments:deploy': changing(CHANGERS, OPERATORS),
  'deployments:destroy': changing(DEVELOPERS, ADMINS),
  'deployments:validate': inEach(CHANGERS, { mutates: false }),
  'deployments:preview': inEach(CHANGERS, { mutates: false }),
  'stacks:read': everywhere(ALL),
  'stacks:manage': everywhere(ADMINS),
  'stacks:deploy': changing(CHANGERS, OPERATORS),
  'stacks:destroy': changing(DEVELOPERS, ADMINS),
  'environments:read': inEach(ALL, { mutates: false }),
  'environments:manage': changing(CHANGERS, OPERATORS),
  'templates:read': everywhere(ALL),
  'templates:manage': everywhere(ADMINS),
  'state:read': inEach(OPERATORS, { mutates: false }),
  'state:write': inEach(ADMINS, { mutates: true }),
  'operations:read': inEach(ALL, { mutates: false }),
  'operations:cancel': inEach(CHANGERS, { mutates: true }),
  'operations:cancel-others': inEach(OPERATORS, { mutates: true }),
  'logs:read': inEach(ALL, { mutates: false }),
  'metrics:read': inEach(ALL, { mutates: false }),
  'notifications:manage': everywhere(CHANGERS),
  'audit:read': everywhere(ADMINS),
  'api-keys:own': everywhere(ALL),
  'users:manage': everywhere(ADMINS),
  'organizations:manage': everywhere(ADMINS),
  'admin:*': everywhere(ADMINS),
  'system:read': everywhere(ALL),
  // The session half (sessions.md 11.3): read, write, operate, administrate.
  'sessions:read': everywhere(ALL),
  'sessions:write': everywhere(CHANGERS),
  'sessions:operate': everywhere(CHANGERS),
  'sessions:admin': everywhere(ADMINS),
} as const satisfies Record<string, PermissionRow>;

export type Permission = keyof typeof PERMISSIONS;

/** What a bootstrap key of API_KEYS may do in the session half, whatever STATIC_API_KEY_ROLE says (sessions.md 11.3). */
export const STATIC_KEY_PERMISSIONS: Readonly<Record<'full' | 'client', readonly Permission[]>> = {
  full: ['sessions:read', 'sessions:write', 'sessions:operate', 'sessions:admin'],
  client: ['sessions:read', 'sessions:write', 'sessions:operate'],
};

/** Held by every authenticated principal, also without any assignment. */
export const FOR_ANYONE: ReadonlySet<string> = new Set<Permission>(['system:read']);

/** Held only through an assignment for every organization (`*`). */
export const PLATFORM_ONLY: ReadonlySet<string> = new Set<Permission>(['stacks:manage']);

/** Never held by an API key of any kind, whatever its owner may do. */
export const NOT_FOR_KEYS: ReadonlySet<string> = new Set<Permission>(['users:manage']);

/** A key permission on the left carries the ones on the right with it. */
const CARRIES: Readonly<Partial<Record<Permission, readonly Permission[]>>> = {
  'deployments:validate': ['deployments:preview'],
  'operations:cancel': ['operations:cancel-others'],
};

/** Names that an API key may list: those of the matrix, where `operations:cancel` has one name. */
export const KEY_PERMISSIONS: readonly Permission[] = (Object.keys(PERMISSIONS) as Permission[]).filter(
  (name) => name !== 'operations:cancel-others' && !NOT_FOR_KEYS.has(name),
);

export function isPermission(name: string): name is Permission {
  return Object.hasOwn(PERMISSIONS, name);
}

/** Does `role` hold `permission` in `environment`; without one, in any of `environments` (default: all three)? */
export function roleHolds(
  role: Role,
  permission: Permission,
  environment?: EnvironmentName,
  environments?: readonly EnvironmentName[],
): boolean {
  const row: PermissionRow = PERMISSIONS[permission];
  if (!row.byEnvironment) return row.dev.includes(role);
  if (environment) {
    return (!environments || environments.includes(environment)) && row[environment].includes(role);
  }
  return (environments ?? (['dev', 'stage', 'prod'] as const)).some((name) => row[name].includes(role));
}

export function requiredRoles(permission: Permission, environment?: EnvironmentName): readonly Role[] {
  return PERMISSIONS[permission][environment ?? 'dev'];
}

/** True when a key that lists `granted` may use `permission`; no list means all of its owner's. */
export function keyCarries(granted: readonly string[] | undefined, permission: Permission): boolean {
  if (!granted || granted.includes(permission)) return true;
  return granted.some((name) => isPermission(name) && (CARRIES[name]?.includes(permission) ?? false));
}

const RANK: Readonly<Record<Role, number>> = { admin: 3, operator: 2, developer: 1, viewer: 0 };

export function isAbove(role: Role, other: Role): boolean {
  return RANK[role] > RANK[other];
}

export function lowerOf(one: Role, other: Role): Role {
  return isAbove(one, other) ? other : one;
}
