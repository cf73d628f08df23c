import type { EnvironmentName } from '../../shared/http/principal.js';

/** deployments.md 7.2. */
export type DeploymentStatus =
  'initialized' | 'deploying' | 'deployed' | 'partial' | 'failed' | 'destroying' | 'destroyed';

/** One instantiated manifest for an organization and project. */
export interface Deployment {
  readonly deploymentId: string;
  readonly idSource: 'generated' | 'custom';
  /** Tenant; raw name as given. */
  readonly organization: string;
  readonly organizationSlug: string;
  readonly project: string;
  readonly projectSlug: string;
  readonly pulumiOrg: string;
  readonly domain: string;
  readonly description: string;
  readonly template: string;
  readonly templateVersion: string;
  /** Logical path of the mirror, `./cloud/deploy/<id>-<org>-<project>`. */
  readonly directory: string;
  readonly contact: { readonly email: string | null; readonly team: string | null };
  readonly costCenter: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly status: DeploymentStatus;
  /** Current manifest revision, from 1. */
  readonly revision: number;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly updatedAt: Date;
  readonly updatedBy: string;
  readonly lastDeployedAt: Date | null;
  readonly lastDeployedBy: string | null;
  readonly deletedAt: Date | null;
}

/** A manifest as it was saved; never changed afterwards. */
export interface ManifestRevision {
  readonly deploymentId: string;
  readonly revision: number;
  readonly manifest: Readonly<Record<string, unknown>>;
  /** Hash of the canonical manifest: same template version and inputs give the same hash. */
  readonly contentHash: string;
  readonly author: string;
  /** One line per changed path, `path: old → new`; secrets masked. */
  readonly changes: readonly string[];
  readonly createdAt: Date;
}

/** The part of a deployment's environments that decides its status. */
export interface EnvironmentStanding {
  readonly status: EnvironmentStatus;
  readonly everDeployed: boolean;
}

export type EnvironmentStatus =
  | 'disabled'
  | 'ready'
  | 'deploying'
  | 'deployed'
  | 'partial'
  | 'failed'
  | 'rolling_back'
  | 'rolled_back'
  | 'destroying'
  | 'destroyed';

/** Status of a deployment from its environments (deployments.md 7.2). */
export function deploymentStatus(environments: readonly EnvironmentStanding[]): DeploymentStatus {
  const has = (...statuses: readonly EnvironmentStatus[]): boolean =>
    environments.some((e) => statuses.includes(e.status));
  if (has('destroying')) return 'destroying';
  if (has('deploying', 'rolling_back')) return 'deploying';
  if (has('partial') || (has('deployed') && has('failed'))) return 'partial';
  if (has('failed')) return 'failed';
  if (has('deployed')) return 'deployed';
  const touched = environments.filter((e) => e.everDeployed);
  if (touched.length > 0 && touched.every((e) => e.status === 'destroyed' || e.status === 'disabled'))
    return 'destroyed';
  return 'initialized';
}

export interface InstanceStanding {
  readonly status: 'not_deployed' | 'deploying' | 'deployed' | 'failed' | 'destroying' | 'destroyed';
}

/** Status of an idle environment over its enabled stack instances (deployments.md 7.2). */
export function idleEnvironmentStatus(
  enabled: boolean,
  instances: readonly InstanceStanding[],
  endedInRollback: boolean,
): EnvironmentStatus {
  const count = (status: InstanceStanding['status']): number => instances.filter((i) => i.status === status).length;
  const deployed = count('deployed');
  if (!enabled && deployed === 0) return 'disabled';
  if (instances.length > 0 && deployed === instances.length) return 'deployed';
  if (endedInRollback) return 'rolled_back';
  if (deployed > 0) return 'partial';
  if (count('failed') > 0) return 'failed';
  if (count('destroyed') > 0) return 'destroyed';
  return 'ready';
}

/** Key of locks and channels of one environment. */
export function environmentKey(deploymentId: string, environment: EnvironmentName): string {
  return `${deploymentId}-${environment}`;
}
