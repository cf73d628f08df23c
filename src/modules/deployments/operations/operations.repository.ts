import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model, QueryFilter, UpdateQuery } from 'mongoose';
import { BaseRepository, isDuplicateKey } from '../../../shared/database/base.repository.js';
import type { VisibleScope } from '../../../shared/http/access.port.js';
import type { EnvironmentName } from '../../../shared/http/principal.js';
import { SecretBox } from '../../../shared/kernel/secret-box.js';
import type { InstanceFacts, StackRunRecord } from '../../orchestrator/run-request.js';
import type { EndedOperation } from '../metrics/deployment-metrics.js';
import type { WebhookTarget } from '../webhooks/webhook.js';
import { OPERATIONS, type OperationRecord } from './operation.schema.js';
import type { CancelRequest, Operation, OperationStatus, OperationType } from './operation.js';

export interface OperationFilter {
  readonly visible?: VisibleScope;
  readonly deploymentId?: string;
  readonly environment?: string;
  readonly types?: readonly string[];
  readonly statuses?: readonly string[];
  readonly startedBy?: string;
  readonly from?: Date;
  readonly to?: Date;
}

@Injectable()
export class OperationsRepository extends BaseRepository<OperationRecord> {
  constructor(
    @InjectModel(OPERATIONS) model: Model<OperationRecord>,
    private readonly secrets: SecretBox,
  ) {
    super(model);
  }

  /** @returns false when another operation holds the environment */
  async insert(operation: Operation): Promise<boolean> {
    const { overrides, before: _notYet, ...plain } = operation;
    try {
      await this.model.insertMany([{ ...plain, overridesSealed: this.secrets.seal(JSON.stringify(overrides)) }]);
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  async find(operationId: string): Promise<Operation | null> {
    const record = await this.model.findOne({ operationId }, { _id: 0 }).lean<OperationRecord>();
    return record ? this.toOperation(record) : null;
  }

  /** The operation that holds the environment. */
  async findActive(deploymentId: string, environment: EnvironmentName): Promise<Operation | null> {
    const record = await this.model
      .findOne({ deploymentId, environment, active: true }, { _id: 0 })
      .lean<OperationRecord>();
    return record ? this.toOperation(record) : null;
  }

  /** One that holds the environment or waits for it. */
  async findOpen(deploymentId: string, environment: EnvironmentName): Promise<Operation | null> {
    const record = await this.model
      .findOne({ deploymentId, environment, preview: false, status: { $in: ['pending', 'in_progress'] } }, { _id: 0 })
      .sort({ active: -1, createdAt: 1 })
      .lean<OperationRecord>();
    return record ? this.toOperation(record) : null;
  }

  /** The newest of the environment that was no preview. */
  async findLatest(
    deploymentId: string,
    environment: EnvironmentName,
    only: { readonly types?: readonly OperationType[]; readonly status?: OperationStatus } = {},
  ): Promise<Operation | null> {
    const type = only.types ? { type: { $in: [...only.types] } } : {};
    const status = only.status ? { status: only.status } : {};
    const record = await this.model
      .findOne({ deploymentId, environment, preview: false, ...type, ...status }, { _id: 0 })
      .sort({ createdAt: -1 })
      .lean<OperationRecord>();
    return record ? this.toOperation(record) : null;
  }

  /** Newest first. */
  async list(
    filter: OperationFilter,
    skip: number,
    limit: number,
  ): Promise<{ readonly operations: readonly Operation[]; readonly total: number }> {
    const query = queryOf(filter);
    const records = await this.model
      .find(query, { _id: 0 })
      .sort({ createdAt: -1, operationId: -1 })
      .skip(skip)
      .limit(limit)
      .lean<OperationRecord[]>();
    return { operations: records.map((r) => this.toOperation(r)), total: await this.model.countDocuments(query) };
  }

  /** What ended since then and was no preview, oldest first; with what numbers are made of, and nothing sealed. */
  async listEnded(
    deploymentId: string,
    environments: readonly EnvironmentName[] | null,
    since: Date,
  ): Promise<readonly EndedOperation[]> {
    const records = await this.model
      .find(
        {
          deploymentId,
          ...(environments ? { environment: { $in: [...environments] } } : {}),
          preview: false,
          completedAt: { $gte: since },
        },
        { type: 1, environment: 1, status: 1, startedAt: 1, completedAt: 1, error: 1, 'state.stacks': 1 },
      )
      .sort({ createdAt: 1 })
      .lean<OperationRecord[]>();
    return records.map(({ type, environment, status, startedAt, completedAt, error, state }) => ({
      type,
      environment,
      status,
      startedAt,
      completedAt,
      error,
      stacks: Object.values(state?.stacks ?? {}),
    }));
  }

  /** Pending or running, oldest first: what a worker looks through to claim and to recover. */
  async listOpen(limit: number): Promise<readonly Operation[]> {
    const records = await this.model
      .find({ status: { $in: ['pending', 'in_progress'] } }, { _id: 0 })
      .sort({ createdAt: 1 })
      .limit(limit)
      .lean<OperationRecord[]>();
    return records.map((r) => this.toOperation(r));
  }

  /** Open operations of a type that were started by `startedById`. */
  countOpen(type: Operation['type'], startedById: string): Promise<number> {
    return this.model.countDocuments({ status: { $in: ['pending', 'in_progress'] }, type, startedById });
  }

  countActive(organization: string): Promise<number> {
    return this.model.countDocuments({ organization, status: { $in: ['pending', 'in_progress'] }, preview: false });
  }

  /** Place among those that wait for the environment, 1 = next. */
  async queuePosition(operation: Pick<Operation, 'deploymentId' | 'environment' | 'createdAt'>): Promise<number> {
    const before = await this.model.countDocuments({
      deploymentId: operation.deploymentId,
      environment: operation.environment,
      status: 'pending',
      active: false,
      preview: false,
      createdAt: { $lt: operation.createdAt },
    });
    return before + 1;
  }

  /** Those that wait for the environment, who waits longest first. */
  async listWaiting(deploymentId: string, environment: EnvironmentName): Promise<readonly Operation[]> {
    const records = await this.model
      .find({ deploymentId, environment, status: 'pending', active: false, preview: false }, { _id: 0 })
      .sort({ createdAt: 1 })
      .limit(100)
      .lean<OperationRecord[]>();
    return records.map((record) => this.toOperation(record));
  }

  /** Gives the environment to the operation that waits longest. @returns it, null when none waits or another was faster */
  async promoteNext(deploymentId: string, environment: EnvironmentName, now: Date): Promise<Operation | null> {
    try {
      const record = await this.model
        .findOneAndUpdate(
          { deploymentId, environment, status: 'pending', active: false, preview: false },
          { $set: { active: true, activeAt: now } },
          { sort: { createdAt: 1 }, returnDocument: 'after', projection: { _id: 0 } },
        )
        .lean<OperationRecord>();
      return record ? this.toOperation(record) : null;
    } catch (error) {
      if (isDuplicateKey(error)) return null;
      throw error;
    }
  }

  /** Changes an operation that has not ended. @returns false when it has */
  async change(
    operationId: string,
    change: Partial<OperationRecord>,
    onlyIn?: readonly OperationStatus[],
  ): Promise<boolean> {
    const result = await this.model.updateOne(
      { operationId, status: { $in: [...(onlyIn ?? ['pending', 'in_progress'])] } },
      { $set: change },
    );
    return result.matchedCount === 1;
  }

  /** Remembers the standing before the run, once. */
  async keepBefore(operationId: string, before: Readonly<Record<string, InstanceFacts>>): Promise<void> {
    await this.model.updateOne(
      { operationId, beforeSealed: null },
      { $set: { beforeSealed: this.secrets.seal(JSON.stringify(before)) } },
    );
  }

  /** One journal step: stack records are replaced one by one, so that two steps never overwrite each other. @returns false when the operation has ended */
  async recordStep(
    operationId: string,
    step: {
      readonly stacks: readonly StackRunRecord[];
      readonly fields: Readonly<Record<string, unknown>>;
    },
  ): Promise<boolean> {
    const set: Record<string, unknown> = { ...step.fields };
    for (const record of step.stacks) set[`state.stacks.${record.name}`] = record;
    const result = await this.model.updateOne({ operationId, status: 'in_progress' }, {
      $set: set,
    } as UpdateQuery<OperationRecord>);
    return result.matchedCount === 1;
  }

  async keepStaleDependents(operationId: string, staleDependents: readonly string[]): Promise<void> {
    await this.model.updateOne({ operationId }, { $set: { staleDependents: [...staleDependents] } });
  }

  /** The first request stays. */
  async requestCancel(operationId: string, cancel: CancelRequest): Promise<void> {
    await this.model.updateOne({ operationId, status: 'in_progress', cancel: null }, { $set: { cancel } });
  }

  /** Whom to tell of the run. */
  async findWebhook(operationId: string): Promise<WebhookTarget | null> {
    const record = await this.model
      .findOne({ operationId }, { 'parameters.webhook': 1 })
      .lean<Pick<OperationRecord, 'parameters'>>();
    return record?.parameters?.webhook ?? null;
  }

  /** What somebody wants of the run. */
  async findWishes(operationId: string): Promise<Pick<Operation, 'cancel' | 'paused'>> {
    const record = await this.model
      .findOne({ operationId }, { cancel: 1, paused: 1 })
      .lean<Pick<OperationRecord, 'cancel' | 'paused'>>();
    return { cancel: record?.cancel ?? null, paused: record?.paused ?? null };
  }

  private toOperation(record: OperationRecord): Operation {
    const { overridesSealed, beforeSealed, ...plain } = record;
    return {
      ...plain,
      overrides: JSON.parse(this.secrets.open(overridesSealed)) as Operation['overrides'],
      before: beforeSealed
        ? revived(JSON.parse(this.secrets.open(beforeSealed)) as Record<string, InstanceFacts>)
        : null,
    };
  }
}

function queryOf(filter: OperationFilter): QueryFilter<OperationRecord> {
  const scopes = filter.visible?.scopes;
  return {
    ...(scopes ? { $or: scopes.length > 0 ? scopes.map((s) => ({ ...s })) : [{ operationId: '' }] } : {}),
    ...(filter.visible?.deployments ? { deploymentId: { $in: [...filter.visible.deployments] } } : {}),
    ...(filter.deploymentId ? { deploymentId: filter.deploymentId } : {}),
    ...(filter.environment ? { environment: filter.environment as EnvironmentName } : {}),
    ...(filter.types ? { type: { $in: [...filter.types] as Operation['type'][] } } : {}),
    ...(filter.statuses ? { status: { $in: [...filter.statuses] as OperationStatus[] } } : {}),
    ...(filter.startedBy ? { startedBy: filter.startedBy } : {}),
    ...(filter.from || filter.to
      ? { createdAt: { ...(filter.from ? { $gte: filter.from } : {}), ...(filter.to ? { $lte: filter.to } : {}) } }
      : {}),
  };
}

/** Dates travel as text inside the sealed JSON. */
function revived(before: Record<string, InstanceFacts>): Record<string, InstanceFacts> {
  return Object.fromEntries(
    Object.entries(before).map(([stack, facts]) => [
      stack,
      { ...facts, lastDeployedAt: facts.lastDeployedAt ? new Date(facts.lastDeployedAt) : null },
    ]),
  );
}
