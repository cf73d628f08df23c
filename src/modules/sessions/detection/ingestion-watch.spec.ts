import { aSession } from '../../../../test/factories/sessions.js';
import {
  FakeDetectionRepository,
  FakeIngestionRepository,
} from '../../../../test/fakes/fake-detection.repositories.js';
import { ManualClock } from '../../../../test/fakes/manual-clock.js';
import type { Config } from '../../../shared/config/config.js';
import { Metrics } from '../../../shared/metrics/metrics.js';
import { IngestionWatch } from './ingestion-watch.js';

const SECOND = 1000;

describe('the watch over our own ability to hear heartbeats', () => {
  let clock: ManualClock;
  let ingestion: FakeIngestionRepository;
  let sessions: FakeDetectionRepository;
  let metrics: Metrics;
  let watch: IngestionWatch;

  const aWatch = (roles: readonly string[] = ['api']): IngestionWatch =>
    new IngestionWatch(ingestion as never, sessions as never, metrics, clock, {
      server: { roles },
      sessions: { stallThresholdMs: 180 * SECOND, ingestionGapSeconds: 15 },
    } as unknown as Config);
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const advance = async (seconds: number): Promise<void> => {
    for (let i = 0; i < seconds; i += 1) await clock.advance(SECOND);
    await turn();
  };
  const gauge = async (): Promise<string> => await metrics.text();

  beforeEach(() => {
    clock = new ManualClock();
    ingestion = new FakeIngestionRepository(() => clock.now());
    sessions = new FakeDetectionRepository(() => clock.now());
    metrics = new Metrics();
    watch = aWatch();
  });
  afterEach(async () => {
    const stopped = watch.beforeApplicationShutdown();
    await clock.advance(10 * SECOND);
    await stopped;
  });

  it('proves every five seconds that this instance serves', async () => {
    watch.onApplicationBootstrap();
    await turn();
    const first = ingestion.state?.aliveAt.getTime() ?? 0;
    await advance(5);
    expect(ingestion.state?.aliveAt.getTime()).toBe(first + 5 * SECOND);
    expect(ingestion.state?.since).toBeNull();
    expect(await gauge()).toContain('stall_brake_active 0');
  });

  it('proves nothing where no heartbeats are served', async () => {
    const worker = aWatch(['worker', 'scheduler']);
    worker.onApplicationBootstrap();
    await advance(6);
    expect(ingestion.state).toBeNull();
    await worker.beforeApplicationShutdown();
  });

  it('reports trouble within a second, and the brake is seen in the metrics until a threshold later', async () => {
    watch.onApplicationBootstrap();
    await advance(2);
    watch.trouble('a heartbeat was answered with 503');
    await advance(1);
    expect(ingestion.state).toMatchObject({ since: clock.now(), reason: 'a heartbeat was answered with 503' });
    expect(await gauge()).toContain('stall_brake_active 1');
    await advance(185);
    expect(await gauge()).toContain('stall_brake_active 0');
  });

  it('a proof that the database did not take is trouble of the next one', async () => {
    watch.onApplicationBootstrap();
    await turn();
    ingestion.failure = new TypeError('no connection');
    await advance(5);
    ingestion.failure = null;
    await advance(5);
    expect(ingestion.state).toMatchObject({ reason: 'the database did not take a proof of life' });
    expect(ingestion.state?.since).not.toBeNull();
  });

  it('a slow proof is trouble at once', async () => {
    const prove = ingestion.prove.bind(ingestion);
    let calls = 0;
    ingestion.prove = async (gapMs, trouble) => {
      if ((calls += 1) === 1) await clock.advance(3 * SECOND);
      return prove(gapMs, trouble);
    };
    await watch.prove();
    expect(ingestion.state).toMatchObject({ since: clock.now(), reason: 'the database was slow' });
  });

  it('notes a session whose heartbeat was refused at once, and then with every proof', async () => {
    const session = aSession({ startedAt: clock.now() });
    sessions.add(session);
    const heardAt = (): Date | null | undefined => sessions.rows.get(session.id)?.heardAt;
    watch.heard('acme', session.id);
    await turn();
    const first = heardAt();
    expect(first).toEqual(clock.now());
    await clock.advance(SECOND);
    watch.heard('acme', session.id);
    await turn();
    expect(heardAt()).toEqual(first);
    await watch.prove();
    expect(heardAt()).toEqual(clock.now());
  });

  it('what could not be noted puts the brake on, and what was refused while stopping is still told', async () => {
    const session = aSession();
    sessions.add(session);
    sessions.noteHeard = () => Promise.reject(new TypeError('no connection'));
    watch.onApplicationBootstrap();
    await turn();
    watch.heard('acme', session.id);
    await advance(1);
    expect(ingestion.state).toMatchObject({ reason: 'refused heartbeats could not be noted', since: expect.any(Date) });
    const stopping = watch.beforeApplicationShutdown();
    watch.trouble('a heartbeat was answered with 503');
    await clock.advance(SECOND);
    await stopping;
    expect(ingestion.state).toMatchObject({ reason: 'a heartbeat was answered with 503' });
  });
});
