import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EnvironmentName } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { Ids } from '../../../shared/kernel/ids.js';
import { StackEngine, type StackState } from '../../orchestrator/engine.port.js';
import type { Operation } from '../operations/operation.js';
import type { BackupReason, StateBackup } from './state-backup.js';
import { StateBackupsRepository } from './state-backups.repository.js';
import { StackRefs } from './stack-refs.js';

export interface BackupOrder {
  readonly organization: string;
  readonly deploymentId: string;
  readonly environment: EnvironmentName;
  readonly stack: string | null;
  readonly reason: BackupReason;
  readonly label?: string;
  readonly operationId?: string;
  readonly by: string;
}

/** Keeps states before something replaces them (deployments.md 10.3), and on request. */
@Injectable()
export class StateBackups {
  constructor(
    private readonly repository: StateBackupsRepository,
    private readonly engine: StackEngine,
    private readonly refs: StackRefs,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @returns null when none of the stacks has a state */
  async take(order: BackupOrder, stacks: readonly string[]): Promise<StateBackup | null> {
    const refs = await this.refs.of(order.deploymentId, order.environment);
    const states: Record<string, StackState> = {};
    for (const stack of stacks) {
      const state = await this.engine.exportState(refs(stack));
      if (state) states[stack] = state;
    }
    return Object.keys(states).length > 0 ? this.keep(order, states) : null;
  }

  /** Also what comes from outside, until its operation has read it. */
  async keep(order: BackupOrder, states: Readonly<Record<string, StackState>>): Promise<StateBackup> {
    const { label = null, operationId = null, by, ...rest } = order;
    const text = JSON.stringify(states);
    const backup: StateBackup = {
      ...rest,
      backupId: `bk-${this.ids.base36(12)}`,
      label,
      operationId,
      createdAt: this.clock.now(),
      createdBy: by,
      sizeBytes: Buffer.byteLength(text),
      checksum: `sha256:${createHash('sha256').update(text).digest('hex')}`,
      states,
    };
    await this.repository.insert(backup);
    return backup;
  }

  /** Before the first step of an operation that replaces or removes states; once, also when another process goes on with it. */
  async beforeRun(operation: Operation, stacks: readonly string[]): Promise<void> {
    const reason = REASONS[operation.type];
    if (reason && !operation.preview) await this.takeOnce(operation, reason, stacks);
  }

  /** Before an automatic rollback. */
  async beforeRollback(operation: Operation, stacks: readonly string[]): Promise<void> {
    await this.takeOnce(operation, 'rollback', stacks);
  }

  private async takeOnce(operation: Operation, reason: BackupReason, stacks: readonly string[]): Promise<void> {
    const { organization, deploymentId, environment, operationId, stack, startedBy: by } = operation;
    if (await this.repository.findOf(deploymentId, operationId)) return;
    await this.take({ organization, deploymentId, environment, stack, reason, operationId, by }, stacks);
  }
}

const REASONS: Partial<Record<Operation['type'], BackupReason>> = {
  'state-import': 'import',
  rollback: 'rollback',
  destroy: 'destroy',
  'destroy-stack': 'destroy',
};
