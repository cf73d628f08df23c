import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../shared/config/config.js';
import { DatabaseCircuit } from '../../shared/database/circuit-breaker.js';
import { type JobRun, Leases } from '../../shared/database/leases.js';
import type { Brake } from '../../shared/kernel/brake.js';
import { Clock } from '../../shared/kernel/clock.js';
import { createLog } from '../../shared/kernel/log.js';
import { PROJECT_ROOT } from '../../shared/kernel/paths.js';
import { Metrics } from '../../shared/metrics/metrics.js';
import { SCHEDULE } from '../../shared/schedule.js';
import { databaseStatus, type HealthStatus, jobsStatus, lastRunOf, worst } from './health.js';
import { PlatformReads } from './platform.reads.js';

const PROBE_MS = 5000;
/** Open routes share one probe for this long: they must not be a way to load the database. */
const PROBE_SHARED_MS = 1000;
const CIRCUIT_HEALTH = { closed: 'ok', 'half-open': 'degraded', open: 'error' } as const;

export const VERSION = (JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as { version: string })
  .version;

const log = createLog('health');

interface Probed {
  readonly at: number;
  /** null when the database did not answer. */
  readonly responseMs: Promise<number | null>;
}

/** Says how the server is; every answer also works while the database is down. */
@Injectable()
export class HealthService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #startedAt: Date;
  #isServing = false;
  #probed: Probed | null = null;

  constructor(
    private readonly config: Config,
    private readonly clock: Clock,
    private readonly reads: PlatformReads,
    private readonly leases: Leases,
    private readonly circuit: DatabaseCircuit,
    private readonly metrics: Metrics,
  ) {
    this.#startedAt = clock.now();
  }

  onApplicationBootstrap(): void {
    this.#isServing = true;
  }

  beforeApplicationShutdown(): void {
    this.#isServing = false;
  }

  async ready(): Promise<{ ready: boolean; timestamp: string; database: 'connected' | 'disconnected' }> {
    const isConnected = (await this.probe()) !== null;
    return {
      ready: this.#isServing && isConnected,
      timestamp: this.now(),
      database: isConnected ? 'connected' : 'disconnected',
    };
  }

  live(): Record<string, unknown> {
    return { alive: true, timestamp: this.now(), uptime: uptime() };
  }

  /** `/api/v1/health`. The engine was checked at start: a server without one does not run. */
  async summary(): Promise<Record<string, unknown>> {
    const database = databaseStatus({ responseMs: await this.probe() });
    return {
      status: worst([database, CIRCUIT_HEALTH[this.circuit.state]]),
      timestamp: this.now(),
      uptime: uptime(),
      version: VERSION,
      services: { api: 'ok', database, pulumi: 'ok', aws: 'ok' },
    };
  }

  /** `/health/detailed`; snake_case as sessions.md 13 has it. */
  async detailed(): Promise<{ status: HealthStatus } & Record<string, unknown>> {
    const [responseMs, runs, brake, connections] = await Promise.all([
      this.probe(),
      this.jobRuns(),
      this.brake(),
      this.metrics.valueOf('websocket_clients'),
    ]);
    const detections = (runs ?? []).filter(isDetection);
    const dependencies = {
      database: {
        status: databaseStatus({ responseMs }),
        response_time_ms: responseMs,
        connected: responseMs !== null,
      },
      background_jobs: {
        status: runs ? this.jobsStatus(detections) : ('degraded' as const),
        last_run: lastRunOf(detections)?.toISOString() ?? null,
        jobs: Object.fromEntries((runs ?? []).map((run) => [run.name, jobFacts(run)])),
      },
      stall_detection: {
        status: brake && !brake.isActive ? ('ok' as const) : ('degraded' as const),
        brake: brake && brakeFacts(brake),
      },
      circuit: { status: CIRCUIT_HEALTH[this.circuit.state], state: this.circuit.state },
      websocket: { status: 'ok' as const, connections },
      pulumi: { status: 'ok' as const, engine: this.config.engine.engine, cloud: this.config.engine.cloud },
    };
    return {
      status: worst(Object.values(dependencies).map(({ status }) => status)),
      timestamp: this.now(),
      uptime: uptime(),
      dependencies,
      version: VERSION,
      environment: this.config.env,
    };
  }

  /** `/api/v1/status`. @throws when the database does not answer: its numbers come from there */
  async status(): Promise<Record<string, unknown>> {
    const [counts, runs, websocketConnections, responseMs] = await Promise.all([
      this.reads.count(),
      this.leases.jobRuns(Object.values(SCHEDULE)),
      this.metrics.valueOf('websocket_clients'),
      this.probe(),
    ]);
    return {
      status: worst([databaseStatus({ responseMs }), this.jobsStatus(runs.filter(isDetection))]),
      version: VERSION,
      apiVersion: 'v1',
      environment: this.config.env,
      startedAt: this.#startedAt.toISOString(),
      uptime: uptime(),
      counts: { ...counts, websocketConnections },
      jobs: runs,
      circuitBreaker: this.circuit.state,
      maintenance: false,
    };
  }

  /** Answer time in ms; null when the database did not answer within 5 s. */
  private probe(): Promise<number | null> {
    const now = this.clock.now().getTime();
    if (!this.#probed || now - this.#probed.at >= PROBE_SHARED_MS) {
      this.#probed = { at: now, responseMs: this.askDatabase() };
    }
    return this.#probed.responseMs;
  }

  private async askDatabase(): Promise<number | null> {
    const startedAt = performance.now();
    const answer = this.withinProbeTime(this.reads.probe(PROBE_MS).then(() => true));
    return (await answer) ? Math.round(performance.now() - startedAt) : null;
  }

  private jobRuns(): Promise<readonly JobRun[] | null> {
    return this.withinProbeTime(this.leases.jobRuns(Object.values(SCHEDULE)));
  }

  /** By the detection of stalled sessions: the job whose silence is a danger (sessions.md 13). */
  private jobsStatus(detections: readonly JobRun[]): HealthStatus {
    return jobsStatus(detections, this.#startedAt, this.clock.now(), this.config.crons.staleMs);
  }

  private brake(): Promise<Brake | null> {
    const { ingestionGapSeconds, stallThresholdMs } = this.config.sessions;
    return this.withinProbeTime(this.reads.stallBrake(ingestionGapSeconds * 1000, stallThresholdMs));
  }

  /** null when the work failed or took longer than a probe may. */
  private async withinProbeTime<T>(work: Promise<T>): Promise<T | null> {
    const over = new AbortController();
    const late = this.clock.sleep(PROBE_MS, over.signal).then(() => null);
    const done = work.catch((error: unknown) => {
      log.debug('health question failed', { error });
      return null;
    });
    const answer = await Promise.race([done, late]);
    over.abort();
    return answer;
  }

  private now(): string {
    return this.clock.now().toISOString();
  }
}

/** Whole seconds. */
export function uptime(): number {
  return Math.floor(process.uptime());
}

function jobFacts(run: JobRun): Record<string, unknown> {
  return {
    last_run: run.lastRunAt?.toISOString() ?? null,
    last_status: run.lastStatus,
    last_duration_ms: run.lastDurationMs,
  };
}

function isDetection(run: JobRun): boolean {
  return run.name === SCHEDULE.detectStalled.name;
}

function brakeFacts(brake: Brake): Record<string, unknown> {
  return {
    active: brake.isActive,
    since: brake.since?.toISOString() ?? null,
    until: brake.until?.toISOString() ?? null,
    reason: brake.reason,
  };
}
