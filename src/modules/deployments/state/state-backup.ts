import type { EnvironmentName } from '../../../shared/http/principal.js';
import type { StackState } from '../../orchestrator/engine.port.js';

/** Why a state was kept: somebody asked, an operation was going to replace it, or it came from outside to be imported. */
export type BackupReason = 'manual' | 'import' | 'rollback' | 'destroy' | 'incoming';

/** States of one or all stacks of an environment, as they were exported; secrets in them stay encrypted. */
export interface StateBackup {
  /** `bk-` + 12 base36. */
  readonly backupId: string;
  readonly organization: string;
  readonly deploymentId: string;
  readonly environment: EnvironmentName;
  /** null = all stacks that have a state. */
  readonly stack: string | null;
  readonly reason: BackupReason;
  readonly label: string | null;
  /** The operation it was taken for. */
  readonly operationId: string | null;
  readonly createdAt: Date;
  readonly createdBy: string;
  /** Of the JSON text. */
  readonly sizeBytes: number;
  /** `sha256:` + hex of the JSON text. */
  readonly checksum: string;
  /** By stack. */
  readonly states: Readonly<Record<string, StackState>>;
}

export type BackupFacts = Omit<StateBackup, 'states'>;
