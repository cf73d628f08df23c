/** What the server can reach outside (deployments.md 8.5, AWS and PUL; api.md 3.12). Facts only: rules judge them. */

/** Of the cloud account a stack would be made in. */
export interface AccountAccess {
  readonly credentials: {
    readonly found: boolean;
    /** The cloud knows whose they are. */
    readonly valid: boolean;
    readonly profile: string | null;
  };
  /** Account of the credentials, 12 digits; null = not known. */
  readonly accountId: string | null;
  readonly region: string;
  readonly isRegionReachable: boolean;
  /** Basic probes, one per service. */
  readonly permissions: readonly ServicePermission[];
  /** Why the account could not be asked. */
  readonly problem: string | null;
}

export interface ServicePermission {
  /** `ec2`, `vpc`, `rds`, `iam`, `s3`. */
  readonly service: string;
  readonly allowed: boolean;
  /** Actions that were denied. */
  readonly missing: readonly string[];
  /** Any other failure of the probe. */
  readonly problem: string | null;
}

/** Of the backend that keeps the state of a stack. */
export interface BackendAccess {
  readonly cliInstalled: boolean;
  /** `3.260.0`. */
  readonly cliVersion: string | null;
  /** The oldest that will do. */
  readonly minimumVersion: string;
  readonly loggedIn: boolean;
  readonly user: string | null;
  /** Whose stacks are made; `organization` where the backend knows no others. */
  readonly organization: string;
  /** null = not tried. */
  readonly canCreate: boolean | null;
  readonly canRead: boolean | null;
  readonly canWrite: boolean | null;
  /** Why something of it is not possible. */
  readonly problem: string | null;
}
