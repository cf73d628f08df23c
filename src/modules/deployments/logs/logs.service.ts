import { Injectable } from '@nestjs/common';
import { NotFound } from '../../../shared/errors/app-error.js';
import { invalidField } from '../../../shared/errors/field-problems.js';
import { fromCursor, toCursor } from '../../../shared/events/cursor.js';
import { EventLog } from '../../../shared/events/event-log.js';
import { draft } from '../../../shared/events/events.js';
import { Access } from '../../../shared/http/access.port.js';
import type { EnvironmentName, Principal } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { scopeOf } from '../deployment-records.js';
import type { Deployment } from '../deployment.js';
import { DeploymentsService } from '../deployments.service.js';
import { readableEnvironments } from '../environments/readable-environments.js';
import { DeploymentLogsRepository } from './deployment-logs.repository.js';
import { type LogFile, parseFileName } from './log-files.js';
import { LogFiles, type SizedLogFile } from './log-files.service.js';
import type { LogFilter, LogRecord } from './log-record.js';
import type { LogFilesQuery, LogsQuery } from './logs.dto.js';
import { instantOf } from './since.js';

export interface LogPage {
  readonly lines: readonly { readonly line: LogRecord; readonly cursor: string }[];
  readonly total: number;
  readonly nextCursor: string | null;
}

/** Lines and the deployment's stores they come from. */
@Injectable()
export class LogStores {
  constructor(
    readonly lines: DeploymentLogsRepository,
    readonly files: LogFiles,
    readonly eventLog: EventLog,
  ) {}
}

/** Reading the log of a deployment (deployments.md 11). Who may read only some environments sees only their lines. */
@Injectable()
export class LogsService {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly stores: LogStores,
    private readonly access: Access,
    private readonly clock: Clock,
  ) {}

  /** @throws NotFound, Denied; Invalid 400 for a time, a range or a cursor that does not fit */
  async list(principal: Principal, deploymentId: string, query: LogsQuery): Promise<LogPage> {
    const deployment = await this.deployments.load(principal, deploymentId, 'logs:read');
    const filter: LogFilter = {
      ...this.readable(principal, deployment, query.environment),
      ...(query.stack ? { stacks: query.stack } : {}),
      ...(query.operationId === undefined ? {} : { operationIds: [query.operationId] }),
      ...(query.type ? { types: query.type } : {}),
      ...this.timesOf(query),
      level: query.level,
      ...(query.search ? { search: query.search } : {}),
    };
    const descending = query.order === 'desc';
    const position = query.cursor === undefined ? undefined : positionOf(query.cursor, deployment.organization);
    const found = await this.stores.lines.list(filter, {
      descending,
      limit: query.limit + 1,
      ...(position === undefined ? {} : { position }),
    });
    const lines = found
      .slice(0, query.limit)
      .map((line) => ({ line, cursor: toCursor(deployment.organization, line.position) }));
    return {
      lines,
      total: await this.stores.lines.count(filter),
      nextCursor: found.length > lines.length ? (lines.at(-1)?.cursor ?? null) : null,
    };
  }

  /** A page of the files, newest first. */
  async listFiles(
    principal: Principal,
    deploymentId: string,
    query: LogFilesQuery,
  ): Promise<{ readonly files: readonly SizedLogFile[]; readonly total: number; readonly directory: string }> {
    const deployment = await this.deployments.load(principal, deploymentId, 'logs:read');
    const filter = this.readable(principal, deployment, query.environment && [query.environment]);
    const files = (await this.stores.files.list(filter)).filter(
      ({ type, stack }) =>
        (query.type === undefined || type === query.type) && (query.stack === undefined || stack === query.stack),
    );
    const start = (query.page - 1) * query.limit;
    const page = files.slice(start, start + query.limit);
    return {
      files: await Promise.all(page.map((file) => this.stores.files.sized(deploymentId, file))),
      total: files.length,
      directory: deployment.directory,
    };
  }

  /**
   * The text of a file, in parts; reading it is audited.
   * @throws Invalid 400 for a name that no log file has; NotFound
   */
  async openFile(principal: Principal, deploymentId: string, name: string): Promise<AsyncGenerator<string>> {
    const deployment = await this.deployments.load(principal, deploymentId, 'logs:read');
    const parsed = parseFileName(name);
    if (!parsed) throw invalidField('name', 'format', NAME_FORMS);
    const filter = this.readable(principal, deployment);
    const file: LogFile | null = await this.stores.files.find(filter, parsed, name);
    if (!file) throw new NotFound('log file', name);
    await this.stores.eventLog.write(deployment.organization, async (append) => {
      append(draft('log_exported', scopeOf(deployment), { file: name, by: principal.name }));
    });
    return this.stores.files.read(deploymentId, file);
  }

  private readable(
    principal: Principal,
    deployment: Deployment,
    asked?: readonly EnvironmentName[],
  ): Pick<LogFilter, 'deploymentId' | 'environments' | 'orNoEnvironment'> {
    const { deploymentId } = deployment;
    const environments = readableEnvironments(this.access, { principal, permission: 'logs:read' }, deployment, asked);
    return environments ? { deploymentId, environments, orNoEnvironment: asked === undefined } : { deploymentId };
  }

  private timesOf({ since, until }: LogsQuery): Pick<LogFilter, 'from' | 'to'> {
    const now = this.clock.now();
    const from = since === undefined ? null : instantOf('since', since, now);
    const to = until === undefined ? null : instantOf('until', until, now);
    if (from && to && from > to) throw invalidField('since', 'range', 'since must not be after until');
    return { ...(from ? { from } : {}), ...(to ? { to } : {}) };
  }
}

const NAME_FORMS =
  'name must be init.log, <type>-<env>-<YYYYMMDD>-<HHmmss>.log, <stack>-<env>-<YYYYMMDD>-<HHmmss>.log or ' +
  'error-<type>-<YYYYMMDD>-<HHmmss>.log; GET …/logs/files lists the names';

function positionOf(cursor: string, organization: string): number {
  const known = fromCursor(cursor);
  if (known?.organization === organization) return known.position;
  throw invalidField('cursor', 'format', 'cursor is not the nextCursor of an earlier answer');
}
