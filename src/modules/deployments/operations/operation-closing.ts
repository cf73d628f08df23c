import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { AppError } from '../../../shared/errors/app-error.js';
import { draft, type EventDraft } from '../../../shared/events/events.js';
import { Clock } from '../../../shared/kernel/clock.js';
import type { RunReport, RunState, StackError, StackRunRecord } from '../../orchestrator/run-request.js';
import { EnvironmentsRepository } from '../environments/environments.repository.js';
import type { Operation } from './operation.js';
import type { OperationJournal } from './operation.journal.js';
import { eventScope } from './operation-scope.js';
import { OperationsRepository } from './operations.repository.js';

export type Recovery = 'resume' | 'settle' | 'end';

/** Begins and ends operations where the orchestrator is not (yet, or no longer) in charge. */
@Injectable()
export class OperationClosing {
  constructor(
    private readonly config: Config,
    private readonly operations: OperationsRepository,
    private readonly environments: EnvironmentsRepository,
    private readonly clock: Clock,
  ) {}

  /** `pending` → `in_progress`; one that is already in progress stays as it is. */
  async begin(operation: Operation, executor: string): Promise<void> {
    const now = this.clock.now();
    const state: RunState = { phase: 'initializing', stacks: {}, totalLayers: 0, startedAt: now };
    const first = await this.operations.change(
      operation.operationId,
      { status: 'in_progress', phase: 'initializing', startedAt: now, state, executor },
      ['pending'],
    );
    if (!first) await this.operations.change(operation.operationId, { takeovers: operation.takeovers + 1, executor });
  }

  /**
   * What becomes of a run whose process died: `resume` continues it, `settle` ends it after a look at what was running
   * (RUN_RECOVERY=fail), `end` has nothing to look at: a preview, or a run that died before its first step.
   */
  recoveryOf(operation: Operation): Recovery {
    const hasBegun = Object.keys(operation.state?.stacks ?? {}).length > 0;
    if (operation.preview) return 'end';
    if (this.config.runs.recovery === 'resume') return 'resume';
    return hasBegun ? 'settle' : 'end';
  }

  /** @throws StaleLease */
  endInterrupted(operation: Operation, journal: OperationJournal): Promise<void> {
    return this.end(operation, journal, interrupted('The process that ran this operation died before it ended'));
  }

  /** The run could not start or broke outside of its stacks. @throws StaleLease */
  async endFailed(operation: Operation, journal: OperationJournal, cause: unknown): Promise<void> {
    const known = cause instanceof AppError && cause.status < 500;
    const error: StackError = {
      class: known ? 'validation' : 'internal',
      code: cause instanceof AppError ? cause.code : 'INTERNAL_ERROR',
      message: known ? (cause as AppError).message : 'The operation failed for a reason of our own; see the server log',
      retryable: false,
      ...(known && !Array.isArray((cause as AppError).details) && (cause as AppError).details
        ? { details: (cause as AppError).details as Readonly<Record<string, unknown>> }
        : {}),
    };
    await this.end(operation, journal, error);
  }

  /** Somebody has taken the environment from it (deployments.md 7.11). @throws StaleLease */
  async endUnlocked(operation: Operation, journal: OperationJournal, message: string): Promise<void> {
    const error = interrupted(message);
    const hasBegun = operation.status !== 'pending' || !(await this.endPending(operation, 'failed', error));
    if (hasBegun) await this.end(operation, journal, error);
  }

  /** Ended before it ran: cancelled while it waited, or waited too long. @returns false when it had started meanwhile */
  async endPending(operation: Operation, status: 'cancelled' | 'failed', error: StackError | null): Promise<boolean> {
    return this.operations.change(
      operation.operationId,
      {
        status,
        phase: 'failed',
        active: false,
        completedAt: this.clock.now(),
        error: error ? { ...error, stack: null } : null,
      },
      ['pending'],
    );
  }

  /**
   * Who is next in the environment: the one that waits longest, else one accepted between the end of this operation and the
   * release of its lease, which could not get the lease then.
   */
  async promoteNext({
    deploymentId,
    environment,
  }: Pick<Operation, 'deploymentId' | 'environment'>): Promise<Operation | null> {
    const promoted = await this.operations.promoteNext(deploymentId, environment, this.clock.now());
    return promoted ?? this.operations.findActive(deploymentId, environment);
  }

  private async end(operation: Operation, journal: OperationJournal, error: StackError): Promise<void> {
    const current = (await this.operations.find(operation.operationId)) ?? operation;
    const now = this.clock.now();
    const startedAt = current.state?.startedAt ?? current.startedAt ?? now;
    const state: RunState = current.state ?? { phase: 'failed', stacks: {}, totalLayers: 0, startedAt };
    const open = Object.values(state.stacks).filter(
      (s) => !['deployed', 'failed', 'skipped', 'destroyed', 'rolled_back'].includes(s.status),
    );
    const closed = open.map((record) =>
      record.status === 'pending'
        ? ({ ...record, status: 'skipped', skipReason: 'run_stopped', endedAt: now } as const)
        : ({ ...record, status: 'failed', error, endedAt: now } as const),
    );
    const changed = Object.values(state.stacks).some((s) =>
      ['deployed', 'destroyed', 'deploying', 'destroying'].includes(s.status),
    );
    const report: RunReport = {
      outcome: 'failed',
      phase: 'failed',
      state: { ...state, phase: 'failed' },
      durationSeconds: Math.round((now.getTime() - new Date(startedAt).getTime()) / 1000),
      resources: { created: 0, updated: 0, deleted: 0 },
      warnings: [],
      error: { ...error, stack: null },
      rolledBack: false,
      rollbackAvailable: changed,
      manualInterventionRequired: false,
      changed: changed && !operation.preview,
    };
    await journal.record({
      stacks: closed,
      instances: Object.fromEntries(
        closed
          .filter((record) => record.status === 'failed')
          .map((record) => [record.name, { kind: 'failed' } as const]),
      ),
      report,
      events: [
        // a preview tells nothing of its stacks
        ...(operation.preview ? [] : closed.map((record) => endOfStack(operation, record, error))),
        failedEvent(operation, report, error),
      ],
    });
    if (!operation.preview && Object.keys(state.stacks).length === 0) {
      await this.environments.change(operation.deploymentId, operation.environment, { currentOperationId: null });
    }
  }
}

function interrupted(message: string): StackError {
  return {
    class: 'interrupted',
    code: 'ORCHESTRATOR_INTERRUPTED',
    message,
    retryable: false,
    remediation: 'Deploy again: finished stacks are skipped as unchanged.',
  };
}

function endOfStack(operation: Operation, record: StackRunRecord, error: StackError): EventDraft {
  const where = { stack: record.name, stackName: record.name, layer: record.layer };
  if (record.status === 'failed') {
    return draft('stack_failed', eventScope(operation), {
      ...where,
      error: { code: error.code, message: error.message },
      resource: null,
      retryable: error.retryable,
    });
  }
  return draft('stack_skipped', eventScope(operation), {
    ...where,
    reason: 'run_stopped',
    action: record.action,
    reasons: record.reasons,
    lastDeployed: null,
  });
}

function failedEvent(operation: Operation, report: RunReport, error: StackError): EventDraft {
  const type = operation.type.startsWith('destroy') ? 'destroy_failed' : 'deployment_failed';
  return draft(type, eventScope(operation), {
    status: 'failed',
    stack: null,
    error: { code: error.code, message: error.message, ...(error.details ? { details: error.details } : {}) },
    failedLayer: null,
    totalLayers: report.state.totalLayers,
    durationSeconds: report.durationSeconds,
    failedStacks: Object.values(report.state.stacks)
      .filter((s) => s.status === 'failed')
      .map((s) => s.name),
    rollback: 'none',
    actions: ['view_logs', 'retry'],
  });
}
