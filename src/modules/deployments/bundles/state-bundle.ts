import type { EnvironmentName } from '../../../shared/http/principal.js';

/** One environment of a bundle. */
export interface BundleEntry {
  readonly organization: string;
  readonly deploymentId: string;
  readonly environment: EnvironmentName;
  readonly stacks: readonly string[];
  /** `empty`: none of its stacks has a state. */
  readonly status: 'pending' | 'done' | 'empty' | 'failed';
  /** The backup that holds its states. */
  readonly backupId: string | null;
  /** An operation ran while it was read: its states may not fit together. */
  readonly operationInProgress: boolean;
  readonly error: string | null;
}

/** The states of every known stack, environment by environment (deployments.md 10.3). */
export interface StateBundle {
  /** `sx-` + 12 base36. */
  readonly bundleId: string;
  readonly status: 'running' | 'complete';
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly completedAt: Date | null;
  readonly entries: readonly BundleEntry[];
}
