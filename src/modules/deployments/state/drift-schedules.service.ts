import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { AppError, NotFound } from '../../../shared/errors/app-error.js';
import { EventLog } from '../../../shared/events/event-log.js';
import { draft } from '../../../shared/events/events.js';
import type { EnvironmentName, Principal } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { createLog } from '../../../shared/kernel/log.js';
import { Metrics } from '../../../shared/metrics/metrics.js';
import { scopeOf } from '../deployment-records.js';
import type { DriftSchedule, Environment } from '../environments/environment.js';
import { OperationStores } from '../operations/operation-intake.js';
import { OperationsService } from '../operations/operations.service.js';
import { current, newSchedule, nextTick, NO_SCHEDULE, requireCron } from './drift-schedule.js';
import { UpkeepService } from './upkeep.service.js';

/** Environments looked at in one round. */
const BATCH = 100;

/** Who starts what the schedule starts. */
export const SCHEDULER: Principal = {
  kind: 'static_key',
  id: 'system:drift-detection',
  name: 'drift-detection',
  assignments: [],
  tier: 'static',
};

const log = createLog('drift');

/** Clock, settings and counters of DriftSchedulesService. */
@Injectable()
export class DriftTools {
  constructor(
    readonly config: Config,
    readonly clock: Clock,
    readonly metrics: Metrics,
    readonly eventLog: EventLog,
  ) {}
}

/** Drift detection by the clock (deployments.md 10.4): detect only; at most so many at once, the others wait and are counted. */
@Injectable()
export class DriftSchedulesService {
  constructor(
    private readonly operations: OperationsService,
    private readonly stores: OperationStores,
    private readonly upkeep: UpkeepService,
    private readonly tools: DriftTools,
  ) {}

  /** @param cron five fields; null = never here; undefined = as DRIFT_DETECTION_CRON says. @throws AppError 400, NotFound */
  async set(
    principal: Principal,
    deploymentId: string,
    name: EnvironmentName,
    cron: string | null | undefined,
  ): Promise<DriftSchedule | null> {
    const deployment = await this.operations.load(principal, deploymentId, 'environments:manage', name);
    const environment = await this.stores.environments.find(deploymentId, name);
    if (!environment) throw new NotFound('environment', name, { code: 'ENVIRONMENT_NOT_FOUND' });
    const { config, clock, eventLog } = this.tools;
    const line = typeof cron === 'string' ? requireCron(cron) : cron;
    const driftSchedule =
      line === undefined
        ? null
        : line === null
          ? NO_SCHEDULE
          : newSchedule(line, false, config.crons.timeZone, clock.now());
    await eventLog.write(deployment.organization, async (append) => {
      await this.stores.environments.change(deploymentId, name, { driftSchedule });
      const follows = line === undefined ? 'default' : line === null ? 'off' : 'own';
      const scope = { ...scopeOf(deployment), environment: name };
      append(draft('drift_schedule_set', scope, { cron: line ?? null, follows, by: principal.name }));
    });
    return driftSchedule;
  }

  /** Starts what is due and has room. @returns how many were started */
  async startDue(): Promise<number> {
    const { config, clock, metrics } = this.tools;
    await this.adoptDefault();
    const due = await this.stores.environments.listDriftDue(clock.now(), BATCH);
    if (due.length === 0) return 0;
    let room = config.runs.drift.concurrency - (await this.stores.operations.countOpen('drift-detect', SCHEDULER.id));
    let started = 0;
    let deferred = 0;
    for (const environment of due) {
      const schedule = environment.driftSchedule && current(environment.driftSchedule, config.runs.drift.cron);
      if (!schedule) {
        await this.keep(environment, null);
      } else if (room <= 0) {
        deferred += 1;
        await this.keep(environment, { ...schedule, deferred: schedule.deferred + 1 });
      } else {
        const operationId = await this.start(environment);
        if (operationId) [room, started] = [room - 1, started + 1];
        const now = clock.now();
        await this.keep(environment, {
          ...schedule,
          nextAt: nextTick(schedule.cron, config.crons.timeZone, now),
          lastAt: now,
          lastOperationId: operationId ?? schedule.lastOperationId,
        });
      }
    }
    if (deferred > 0) {
      metrics.count('drift_detections_total', { result: 'deferred' }, deferred);
      log.warn('drift detections wait: as many run as may at once', { deferred, limit: config.runs.drift.concurrency });
    }
    return started;
  }

  private async adoptDefault(): Promise<void> {
    const { config, clock } = this.tools;
    const { cron } = config.runs.drift;
    if (cron === undefined) return;
    for (const environment of await this.stores.environments.listUnscheduled(BATCH)) {
      await this.keep(environment, newSchedule(cron, true, config.crons.timeZone, clock.now()));
    }
  }

  /** @returns null when there is nothing to look at, or it was refused */
  private async start({ deploymentId, environment }: Environment): Promise<string | null> {
    const { metrics } = this.tools;
    try {
      const deployment = await this.stores.deployments.find(deploymentId);
      if (!deployment) return null;
      const { operation } = await this.upkeep.detectIn(SCHEDULER, deployment, environment);
      metrics.count('drift_detections_total', { result: 'started' });
      return operation.operationId;
    } catch (error) {
      metrics.count('drift_detections_total', { result: 'refused' });
      if (!(error instanceof AppError) || error.status >= 500) {
        log.error('a scheduled drift detection could not be started', { error, deploymentId, environment });
      } else log.debug('a scheduled drift detection was refused', { deploymentId, environment, code: error.code });
      return null;
    }
  }

  private keep({ deploymentId, environment }: Environment, driftSchedule: DriftSchedule | null): Promise<void> {
    return this.stores.environments.change(deploymentId, environment, { driftSchedule });
  }
}
