import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Config } from '../../shared/config/config.js';
import { Defect, Denied, NotFound } from '../../shared/errors/app-error.js';
import { Access, type AccessTarget, type VisibleScope } from '../../shared/http/access.port.js';
import { installAccess } from '../../shared/http/allow.js';
import {
  type Assignment,
  type EnvironmentName,
  isPlatformAdmin,
  type KeyScope,
  type Principal,
} from '../../shared/http/principal.js';
import {
  FOR_ANYONE,
  isPermission,
  keyCarries,
  NOT_FOR_KEYS,
  type Permission,
  PERMISSIONS,
  PLATFORM_ONLY,
  requiredRoles,
  roleHolds,
  STATIC_KEY_PERMISSIONS,
} from './permissions.js';

/**
 * Steps 4, 6 and 7 of api.md 2.5 on the matrix of permissions.ts. A right is held when some assignment holds it, when the
 * key (if it is one) lists it, and when the owner's own assignments hold it too (keys with a lower role).
 */
@Injectable()
export class AuthAccess extends Access implements OnModuleInit {
  constructor(private readonly config: Config) {
    super();
  }

  onModuleInit(): void {
    installAccess(this);
  }

  requireAnywhere(principal: Principal, permission: string, environment?: EnvironmentName): void {
    const name = known(permission);
    if (!this.#heldAnywhere(principal, name, environment)) throw forbidden(name, { environment });
    this.#requireSecondFactor(principal, name, environment);
  }

  require(
    principal: Principal,
    permission: string,
    target: AccessTarget,
    resource: { kind: string; id: string },
  ): void {
    const name = known(permission);
    if (!isMember(principal, target.organization)) throw new NotFound(resource.kind, resource.id);
    if (isOutsideScope(principal.scope, target) || !isInProject(principal, target)) {
      throw new Denied(
        'AUTHZ_RESOURCE_ACCESS_DENIED',
        403,
        `${resource.kind} "${resource.id}" is outside the project or key scope of the caller`,
        { details: denial(name, target) },
      );
    }
    if (!this.#holds(principal, name, target)) throw forbidden(name, target);
    this.#requireSecondFactor(principal, name, target.environment);
  }

  may(principal: Principal, permission: string, target: AccessTarget): boolean {
    const name = known(permission);
    return (
      isMember(principal, target.organization) &&
      !isOutsideScope(principal.scope, target) &&
      this.#holds(principal, name, target) &&
      !this.#lacksSecondFactor(principal, name, target.environment)
    );
  }

  visible(principal: Principal, permission: string): VisibleScope {
    const name = known(permission);
    const scope = principal.scope;
    const deployments = scope?.deployments ? { deployments: scope.deployments } : {};
    if (!usableBy(principal, name)) return { scopes: [], ...deployments };
    const holding = principal.assignments.filter(
      (a) => assignmentHolds(a, name) && (principal.ownerAssignments?.some((o) => covers(o, a, name)) ?? true),
    );
    if (holding.some((a) => a.organization === '*') && !scope?.organization) return deployments;
    return { scopes: narrowed(holding, scope), ...deployments };
  }

  /** Names of the matrix that the principal holds somewhere, in the order of the matrix; for `/auth/me`. */
  permissionsOf(principal: Principal): readonly Permission[] {
    return (Object.keys(PERMISSIONS) as Permission[]).filter((name) => this.#heldAnywhere(principal, name));
  }

  #heldAnywhere(principal: Principal, permission: Permission, environment?: EnvironmentName): boolean {
    if (FOR_ANYONE.has(permission) || staticKeyHolds(principal, permission)) return true;
    if (!usableBy(principal, permission)) return false;
    return [principal.assignments, principal.ownerAssignments ?? principal.assignments].every((assignments) =>
      assignments.some((a) => assignmentHolds(a, permission, environment)),
    );
  }

  #holds(principal: Principal, permission: Permission, target: AccessTarget): boolean {
    if (FOR_ANYONE.has(permission) || staticKeyHolds(principal, permission)) return true;
    if (!usableBy(principal, permission)) return false;
    return [principal.assignments, principal.ownerAssignments ?? principal.assignments].every((assignments) =>
      assignments.some((a) => matches(a, target) && assignmentHolds(a, permission, target.environment)),
    );
  }

  #requireSecondFactor(principal: Principal, permission: Permission, environment?: EnvironmentName): void {
    if (!this.#lacksSecondFactor(principal, permission, environment)) return;
    throw new Denied('AUTHZ_MFA_REQUIRED', 403, 'Changes of prod need a login with a second factor', {
      details: denial(permission, { environment }),
    });
  }

  #lacksSecondFactor(principal: Principal, permission: Permission, environment?: EnvironmentName): boolean {
    return (
      this.config.auth.requireMfaForProd &&
      environment === 'prod' &&
      principal.kind === 'user' &&
      PERMISSIONS[permission].mutates &&
      !principal.amr?.includes('mfa')
    );
  }
}

/** Rights of a bootstrap key come from its entry in API_KEYS and hold in its organization, which is its scope. */
function staticKeyHolds(principal: Principal, permission: Permission): boolean {
  return principal.sessionScope !== undefined && STATIC_KEY_PERMISSIONS[principal.sessionScope].includes(permission);
}

function usableBy(principal: Principal, permission: Permission): boolean {
  if (principal.kind === 'user') return true;
  return !NOT_FOR_KEYS.has(permission) && keyCarries(principal.permissions, permission);
}

function assignmentHolds(assignment: Assignment, permission: Permission, environment?: EnvironmentName): boolean {
  if (PLATFORM_ONLY.has(permission) && assignment.organization !== '*') return false;
  return roleHolds(assignment.role, permission, environment, assignment.environments);
}

function isMember(principal: Principal, organization: string | undefined): boolean {
  if (organization === undefined || isPlatformAdmin(principal)) return true;
  if (principal.sessionScope !== undefined && principal.scope?.organization === organization) return true;
  return principal.assignments.some((a) => a.organization === organization || a.organization === '*');
}

function isInProject(principal: Principal, target: AccessTarget): boolean {
  if (target.organization === undefined && target.project === undefined) return true;
  if (principal.sessionScope !== undefined && target.project === undefined) return true; // its scope was checked before
  return principal.assignments.some((a) => matches(a, target));
}

function matches(assignment: Assignment, target: AccessTarget): boolean {
  if (assignment.organization === '*') return true;
  if (target.organization !== undefined && assignment.organization !== target.organization) return false;
  return assignment.project === undefined || target.project === undefined || assignment.project === target.project;
}

/** Does the owner's assignment give `permission` wherever the key's assignment lies? */
function covers(owner: Assignment, key: Assignment, permission: Permission): boolean {
  if (!assignmentHolds(owner, permission)) return false;
  if (owner.organization === '*') return true;
  return owner.organization === key.organization && (owner.project === undefined || owner.project === key.project);
}

function isOutsideScope(scope: KeyScope | undefined, target: AccessTarget): boolean {
  if (!scope) return false;
  const outside = (allowed: readonly string[] | undefined, value: string | undefined): boolean =>
    allowed !== undefined && value !== undefined && !allowed.includes(value);
  return (
    outside(scope.organization === undefined ? undefined : [scope.organization], target.organization) ||
    outside(scope.projects, target.project) ||
    outside(scope.deployments, target.deploymentId) ||
    outside(scope.environments, target.environment)
  );
}

function narrowed(
  assignments: readonly Assignment[],
  scope: KeyScope | undefined,
): { organization: string; project?: string }[] {
  const found = new Map<string, { organization: string; project?: string }>();
  for (const assignment of assignments) {
    const organization = assignment.organization === '*' ? scope?.organization : assignment.organization;
    if (organization === undefined || (scope?.organization ?? organization) !== organization) continue;
    const projects = assignment.project === undefined ? scope?.projects : [assignment.project];
    for (const project of projects ?? [undefined]) {
      if (project !== undefined && scope?.projects && !scope.projects.includes(project)) continue;
      found.set(JSON.stringify([organization, project]), {
        organization,
        ...(project === undefined ? {} : { project }),
      });
    }
  }
  return [...found.values()];
}

function known(permission: string): Permission {
  if (isPermission(permission)) return permission;
  throw new Defect(`Permission "${permission}" is not in the matrix of auth/permissions.ts`);
}

function denial(permission: Permission, target: AccessTarget): Record<string, unknown> {
  return {
    permission,
    ...(target.environment ? { environment: target.environment } : {}),
    ...(target.organization ? { organization: target.organization } : {}),
    requiredRoles: requiredRoles(permission, target.environment),
  };
}

function forbidden(permission: Permission, target: AccessTarget): Denied {
  const where = target.environment ? ` in ${target.environment}` : '';
  return new Denied('AUTHZ_FORBIDDEN', 403, `Permission ${permission} is required${where}`, {
    details: denial(permission, target),
    suggestion: PLATFORM_ONLY.has(permission)
      ? 'Ask an administrator of the platform'
      : `Ask an administrator for one of the roles ${requiredRoles(permission, target.environment).join(', ')}`,
  });
}
