import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { ApiBearerAuth, ApiSecurity } from '@nestjs/swagger';
import { Denied } from '../errors/app-error.js';
import type { Access } from './access.port.js';
import { currentContext } from './request-context.js';
import { ENVIRONMENTS, type EnvironmentName, homeOrganization, type Principal } from './principal.js';

export const PUBLIC_ROUTE = 'cloud:public';
export const PERMISSION = 'cloud:permission';
export const RATE_CLASS = 'cloud:rate-class';

/** Classes of api.md 1.8 that stand on top of the tier bucket; EXEMPT has no limit at all. */
export type RateClass = 'AUTH' | 'REG' | 'REFRESH' | 'EXEC' | 'CHECK' | 'EXPORT' | 'HEARTBEAT' | 'EXEMPT';

/** The one place that knows the matrix; the auth module sets it before the first request. */
let access: Access | undefined;
export function installAccess(instance: Access): void {
  access = instance;
}

/**
 * The route needs `permission` (a name of api.md 2.4) or, with `self`, only an authenticated principal.
 * The guard authenticates; the coarse check of step 4 runs here, after validation (step 3) and before the service loads anything.
 * A route may name several: any of them is enough.
 */
export function Allow(...permissions: readonly string[]): MethodDecorator {
  return guardedBy(permissions, () => requireCoarsely(permissions));
}

/**
 * A route of the session half needs `permission` in the caller's own organization. Nothing finer is asked later: what the
 * service finds is of that organization, or is not found.
 */
export function AllowInSessions(permission: 'read' | 'write' | 'operate' | 'admin'): MethodDecorator {
  const name = `sessions:${permission}`;
  return guardedBy([name], () => {
    const principal = requirePrincipal();
    access?.require(principal, name, { organization: callerOf(principal).organization }, SESSION_HALF);
  });
}

const SESSION_HALF = { kind: 'organization', id: '' };

/** Who calls in the session half: scope of every query, and the author of what is made. */
export interface Caller {
  readonly organization: string;
  /** Key id or user id; kept as `created_by`. */
  readonly id: string;
}

/** Handler parameter of the session half. */
export const CurrentCaller = createParamDecorator((): Caller => callerOf(requirePrincipal()));

/** @throws Denied `AUTHZ_FORBIDDEN` when the credential belongs to no organization */
export function callerOf(principal: Principal): Caller {
  let caller = callers.get(principal);
  if (caller) return caller;
  const organization = homeOrganization(principal);
  if (organization === null) {
    throw new Denied(
      'AUTHZ_FORBIDDEN',
      403,
      'The credential belongs to no organization; use one that has a role in one',
    );
  }
  caller = { organization, id: principal.id };
  callers.set(principal, caller);
  return caller;
}
const callers = new WeakMap<Principal, Caller>();

function guardedBy(permissions: readonly string[], requireRights: () => void): MethodDecorator {
  const check: MethodDecorator = (_target, _key, descriptor) => {
    const original = descriptor.value as unknown as (...args: unknown[]) => unknown;
    const guarded = function (this: unknown, ...args: unknown[]): unknown {
      requireRights();
      return original.apply(this, args);
    };
    for (const key of Reflect.getMetadataKeys(original)) {
      Reflect.defineMetadata(key, Reflect.getMetadata(key, original), guarded);
    }
    Object.defineProperty(guarded, 'name', { value: original.name });
    descriptor.value = guarded as unknown as typeof descriptor.value;
  };
  return applyDecorators(check, SetMetadata(PERMISSION, permissions), ApiBearerAuth(), ApiSecurity('ApiKeyAuth'));
}

/** Open to everybody. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(PUBLIC_ROUTE, true);

export const RateLimitClass = (name: RateClass): MethodDecorator & ClassDecorator => SetMetadata(RATE_CLASS, name);

/** Handler parameter: the authenticated Principal. */
export const CurrentPrincipal = createParamDecorator((_data: unknown, _context: ExecutionContext): Principal => {
  return requirePrincipal();
});

/** @throws Denied `AUTH_REQUIRED` on a route without authentication */
export function requirePrincipal(): Principal {
  const principal = currentContext()?.principal;
  if (!principal) throw new Denied('AUTH_REQUIRED', 401, 'Authentication required');
  return principal;
}

function requireCoarsely(permissions: readonly string[]): void {
  const wanted = permissions.filter((name) => name !== 'self');
  const principal = requirePrincipal();
  if (wanted.length === 0 || !access) return;
  const environment = currentContext()?.environment;
  let refusal: unknown;
  for (const permission of wanted) {
    try {
      access.requireAnywhere(principal, permission, environment);
      return;
    } catch (error) {
      refusal = error;
    }
  }
  throw refusal;
}

/** The environment a request names in its body, path or query, if it is one of the three. */
export function environmentOf(request: {
  body?: unknown;
  params?: unknown;
  query?: unknown;
}): EnvironmentName | undefined {
  for (const [part, key] of [
    [request.body, 'environment'],
    [request.params, 'env'],
    [request.query, 'environment'],
  ] as const) {
    const value = part !== null && typeof part === 'object' ? (part as Record<string, unknown>)[key] : undefined;
    if (ENVIRONMENTS.includes(value as EnvironmentName)) return value as EnvironmentName;
  }
  return undefined;
}
