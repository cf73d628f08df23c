import { ManualClock } from '../../../test/fakes/manual-clock.js';
import type { Config } from '../../shared/config/config.js';
import type { CircuitName, DatabaseCircuit } from '../../shared/database/circuit-breaker.js';
import type { JobRun, Leases } from '../../shared/database/leases.js';
import type { Brake } from '../../shared/kernel/brake.js';
import { Metrics } from '../../shared/metrics/metrics.js';
import { HealthService } from './health.service.js';
import type { PlatformReads } from './platform.reads.js';

const aRun = (lastRunAt: Date | null, lastError: string | null = null): JobRun => ({
  name: 'detect-stalled',
  lastRunAt,
  lastDurationMs: 12,
  lastStatus: lastRunAt === null ? null : lastError === null ? 'ok' : 'failed',
  lastAffected: null,
  lastError,
  running: false,
});

describe('health', () => {
  let clock: ManualClock;
  let probe: () => Promise<void>;
  let probes: number;
  let runs: readonly JobRun[];
  let circuit: CircuitName;
  let brake: Brake;
  let health: HealthService;
  const later = (minutes: number): Date => new Date(clock.now().getTime() + minutes * 60_000);

  beforeEach(() => {
    clock = new ManualClock();
    probe = async () => undefined;
    probes = 0;
    runs = [];
    circuit = 'closed';
    brake = { isActive: false, since: null, until: null, reason: null };
    health = new HealthService(
      {
        env: 'test',
        engine: { engine: 'embedded', cloud: 'sandbox' },
        sessions: { ingestionGapSeconds: 15, stallThresholdMs: 180_000 },
        crons: { staleMs: 600_000 },
      } as unknown as Config,
      clock,
      {
        probe: () => {
          probes += 1;
          return probe();
        },
        stallBrake: async () => brake,
        count: async () => ({ activeDeployments: 1, runningOperations: 2, activeSessions: 0 }),
      } as unknown as PlatformReads,
      { jobRuns: async () => runs } as unknown as Leases,
      {
        get state() {
          return circuit;
        },
      } as unknown as DatabaseCircuit,
      new Metrics(),
    );
    health.onApplicationBootstrap();
  });

  const down = (): void => {
    probe = () => Promise.reject(new Error('no server'));
  };

  it('is ok when everything is', async () => {
    expect(await health.detailed()).toMatchObject({
      status: 'ok',
      environment: 'test',
      dependencies: {
        database: { status: 'ok', connected: true, response_time_ms: expect.any(Number) },
        background_jobs: { status: 'ok', last_run: null, jobs: {} },
        stall_detection: { status: 'ok', brake: { active: false, since: null, until: null, reason: null } },
        circuit: { status: 'ok', state: 'closed' },
        websocket: { status: 'ok', connections: 0 },
        pulumi: { status: 'ok' },
      },
    });
  });

  it.each<[string, () => void, object]>([
    [
      'the database refuses',
      down,
      { status: 'error', dependencies: { database: { status: 'error', connected: false } } },
    ],
    [
      'the circuit is open',
      () => (circuit = 'open'),
      { status: 'error', dependencies: { circuit: { state: 'open' } } },
    ],
    ['the circuit is half-open', () => (circuit = 'half-open'), { status: 'degraded' }],
    [
      'stalls are not judged, because we were away',
      () => {
        const since = clock.now();
        brake = { isActive: true, since, until: since, reason: 'no instance was serving' };
      },
      {
        status: 'degraded',
        dependencies: {
          stall_detection: { status: 'degraded', brake: { active: true, reason: 'no instance was serving' } },
        },
      },
    ],
  ])('tells when %s', async (_what, happen, expected) => {
    happen();
    expect(await health.detailed()).toMatchObject(expected);
  });

  it('waits 5 s for a database that hangs, then calls it down', async () => {
    probe = () => new Promise(() => undefined);
    const answer = health.detailed();
    await clock.advance(4999);
    await clock.advance(1);
    expect(await answer).toMatchObject({ status: 'error', dependencies: { database: { response_time_ms: null } } });
  });

  it.each([
    ['never, with 10 minutes since the start', null, 10, 'ok'],
    ['never, with more since the start', null, 11, 'degraded'],
    ['10 minutes ago', 5, 15, 'ok'],
    ['15 minutes ago', 5, 20, 'degraded'],
  ])('[5.3.f] background jobs that last ran %s', async (_what, ranAtMinute, nowMinute, status) => {
    runs = [aRun(ranAtMinute === null ? null : later(ranAtMinute), 'boom')];
    await clock.advance(nowMinute * 60_000);
    const answer = await health.detailed();
    expect(answer).toMatchObject({ dependencies: { background_jobs: { status } } });
    expect(answer).toMatchObject({
      dependencies: {
        background_jobs: { jobs: { 'detect-stalled': { last_status: ranAtMinute === null ? null : 'failed' } } },
      },
    });
  });

  it('[5.3.f] a run of another job does not hide that stalls are no longer looked for', async () => {
    await clock.advance(16 * 60_000);
    runs = [{ ...aRun(clock.now()), name: 'idempotency-sweep' }];
    expect(await health.detailed()).toMatchObject({ dependencies: { background_jobs: { status: 'degraded' } } });
  });

  it('is ready with a database, and not before the start, after the end or without', async () => {
    expect(await health.ready()).toMatchObject({ ready: true, database: 'connected' });
    health.beforeApplicationShutdown();
    expect(await health.ready()).toMatchObject({ ready: false, database: 'connected' });
    health.onApplicationBootstrap();
    down();
    await clock.advance(1000);
    expect(await health.ready()).toMatchObject({ ready: false, database: 'disconnected' });
  });

  it('asks the database once a second however often it is asked itself', async () => {
    await Promise.all([health.ready(), health.summary(), health.ready()]);
    expect(probes).toBe(1);
    await clock.advance(1000);
    await health.ready();
    expect(probes).toBe(2);
  });

  it('shows counts and jobs in the status', async () => {
    expect(await health.status()).toMatchObject({
      apiVersion: 'v1',
      counts: { activeDeployments: 1, runningOperations: 2, websocketConnections: 0 },
      circuitBreaker: 'closed',
    });
  });
});
