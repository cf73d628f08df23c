import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model, PipelineStage, QueryFilter } from 'mongoose';
import { BaseRepository } from '../../../shared/database/base.repository.js';
import type { EnvironmentName } from '../../../shared/http/principal.js';
import { DEPLOYMENT_LOGS, type DeploymentLogRecord } from './deployment-log.schema.js';
import { levelsFrom, type LogFilter, type LogRecord, type LogType } from './log-record.js';

/** What one operation, or one of its stacks, has written. */
export interface LogVolume {
  /** null = the initialisation. */
  readonly operationId: string | null;
  readonly type: LogType;
  readonly environment: EnvironmentName | null;
  readonly component: string;
  /** `component` is the name of a stack. */
  readonly isStack: boolean;
  readonly firstAt: Date;
  readonly bytes: number;
  /** Of levels info and above. */
  readonly infoBytes: number;
  /** Lines of level error. */
  readonly errors: number;
}

/** Lines of logs; written once, with their events, and never changed. */
@Injectable()
export class DeploymentLogsRepository extends BaseRepository<DeploymentLogRecord> {
  constructor(@InjectModel(DEPLOYMENT_LOGS) model: Model<DeploymentLogRecord>) {
    super(model);
  }

  /** Joins the transaction that runs. */
  async insert(lines: readonly LogRecord[]): Promise<void> {
    if (lines.length === 0) return;
    const records = lines.map(({ id, ...line }): DeploymentLogRecord => ({ _id: id, ...line }));
    await this.model.insertMany(records, { lean: true }); // made here, field by field: nothing to cast
  }

  /** After (or, descending, before) a position, exclusive. */
  async list(
    filter: LogFilter,
    page: { readonly descending: boolean; readonly position?: number; readonly limit: number },
  ): Promise<readonly LogRecord[]> {
    const { descending, position, limit } = page;
    const beyond = position === undefined ? {} : { position: descending ? { $lt: position } : { $gt: position } };
    const records = await this.model
      .find({ ...queryOf(filter), ...beyond })
      .sort({ position: descending ? -1 : 1 })
      .limit(limit)
      .lean<DeploymentLogRecord[]>();
    return records.map(toLine);
  }

  count(filter: LogFilter): Promise<number> {
    return this.model.countDocuments(queryOf(filter));
  }

  /** The newest lines of an operation, oldest first. */
  async tail(operation: Pick<LogRecord, 'deploymentId' | 'operationId'>, limit: number): Promise<readonly LogRecord[]> {
    const { deploymentId, operationId } = operation;
    const filter: LogFilter = { deploymentId, operationIds: [operationId ?? ''], level: 'info' };
    return [...(await this.list(filter, { descending: true, limit }))].reverse();
  }

  /** How much each operation and each of its stacks has written. */
  async volumes(filter: LogFilter): Promise<readonly LogVolume[]> {
    const sumIf = (condition: object, value: string | number): { $sum: object } => ({
      $sum: { $cond: [condition, value, 0] },
    });
    const pipeline: PipelineStage[] = [
      { $match: queryOf(filter) },
      {
        $group: {
          _id: {
            operationId: '$operationId',
            type: '$type',
            environment: '$environment',
            component: '$component',
            isStack: { $eq: ['$component', '$stack'] },
          },
          firstAt: { $min: '$timestamp' },
          bytes: { $sum: '$bytes' },
          infoBytes: sumIf({ $ne: ['$level', 'debug'] }, '$bytes'),
          errors: sumIf({ $eq: ['$level', 'error'] }, 1),
        },
      },
    ];
    type Row = Pick<LogVolume, 'firstAt' | 'bytes' | 'infoBytes' | 'errors'> & {
      readonly _id: Omit<LogVolume, 'firstAt' | 'bytes' | 'infoBytes' | 'errors'>;
    };
    const rows = await this.model.aggregate<Row>(pipeline);
    return rows.map(({ _id, ...sums }) => ({ ..._id, ...sums }));
  }

  /** Operations that wrote such a line between two moments, the second exclusive. */
  async writingIn(filter: LogFilter, from: Date, before: Date): Promise<readonly string[]> {
    const ids = await this.model.distinct('operationId', {
      ...queryOf(filter),
      timestamp: { $gte: from, $lt: before },
    });
    return ids.filter((id): id is string => typeof id === 'string');
  }

  /** Lines of a deployment that was deleted. */
  async expire(deploymentId: string, expiresAt: Date): Promise<void> {
    await this.model.updateMany({ deploymentId }, { $set: { expiresAt } });
  }
}

function queryOf(filter: LogFilter): QueryFilter<DeploymentLogRecord> {
  const { deploymentId, operationIds, environments, orNoEnvironment, stacks, component, types } = filter;
  const { level, from, to, search } = filter;
  const inEnvironments = [...(environments ?? []), ...(orNoEnvironment ? [null] : [])];
  return {
    deploymentId,
    ...(operationIds ? { operationId: anyOf(operationIds) } : {}),
    ...(environments ? { environment: anyOf(inEnvironments) } : {}),
    ...(stacks ? { stack: anyOf(stacks) } : {}),
    ...(component === undefined ? {} : { component }),
    ...(types ? { type: anyOf(types) } : {}),
    ...(level && level !== 'debug' ? { level: { $in: [...levelsFrom(level)] } } : {}),
    ...(from || to ? { timestamp: { ...(from ? { $gte: from } : {}), ...(to ? { $lte: to } : {}) } } : {}),
    ...(search === undefined ? {} : { message: { $regex: literal(search), $options: 'i' } }),
  };
}

/** One value is asked for as it is: an index serves it in order. */
function anyOf<T>(values: readonly T[]): T | { $in: T[] } {
  const [only] = values;
  return values.length === 1 && only !== undefined ? only : { $in: [...values] };
}

function toLine({ _id, expiresAt: _never, ...line }: DeploymentLogRecord): LogRecord {
  return { id: _id, ...line };
}

/** As a pattern that finds just this text. */
function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
