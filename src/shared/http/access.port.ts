import type { EnvironmentName, Principal } from './principal.js';

/** What a permission is asked for. Missing parts are not looked at. */
export interface AccessTarget {
  readonly organization?: string;
  readonly project?: string;
  readonly environment?: EnvironmentName;
  readonly deploymentId?: string;
}

/** What lists may show: missing = no limit (platform admin). */
export interface VisibleScope {
  /** (organization, project?) pairs the principal may read; project missing = all of it. */
  readonly scopes?: readonly { readonly organization: string; readonly project?: string }[];
  readonly deployments?: readonly string[];
}

/** The permission matrix (auth/permissions.ts) as seen by the other modules. */
export abstract class Access {
  /** Step 4 of api.md 2.5: @throws Denied `AUTHZ_FORBIDDEN` when no assignment at all holds the permission (for that environment). */
  abstract requireAnywhere(principal: Principal, permission: string, environment?: EnvironmentName): void;
  /**
   * Steps 6 and 7: organization (as not found), then project, key scope, role × environment.
   * @throws NotFound when the organization is not the principal's; Denied `AUTHZ_RESOURCE_ACCESS_DENIED` or `AUTHZ_FORBIDDEN`
   */
  abstract require(
    principal: Principal,
    permission: string,
    target: AccessTarget,
    resource: { kind: string; id: string },
  ): void;
  abstract may(principal: Principal, permission: string, target: AccessTarget): boolean;
  /** Filter for lists under the permission. */
  abstract visible(principal: Principal, permission: string): VisibleScope;
}
