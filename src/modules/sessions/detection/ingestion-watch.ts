import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { brakeAt, type Ingestion } from '../../../shared/kernel/brake.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { createLog } from '../../../shared/kernel/log.js';
import { Metrics } from '../../../shared/metrics/metrics.js';
import { DetectionRepository } from './detection.repository.js';
import { IngestionRepository } from './ingestion.repository.js';

const PROOF_EVERY_MS = 5000;
/** A proof that takes longer says that heartbeats do not get through in time either, in ms. */
const SLOW_PROOF_MS = 2000;
/** Reported trouble is written at once, but not more often than this, in ms. */
const TROUBLE_EVERY_MS = 1000;
/** Sessions named in one write. */
const HEARD_BATCH = 500;

const log = createLog('sessions');

/**
 * Watches our own ability to hear heartbeats (docs/decisions/stall-detection.md). Every serving instance
 * 1. proves every 5 s that it is alive; the database notices when all were away;
 * 2. reports at once when a heartbeat was answered with an error of ours or the database was slow;
 * 3. notes sessions whose heartbeat it refused for our limits: they are alive.
 * Each of the three puts off what the detector does, and none of it is on the path of a heartbeat.
 */
@Injectable()
export class IngestionWatch implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #stopped = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #wake: AbortController | null = null;
  #trouble: string | null = null;
  #isBraked = false;
  /** Organization → sessions heard of and not yet written. */
  readonly #heard = new Map<string, Set<string>>();
  /** Written since the last proof: the next refusal of these waits for the next one. */
  readonly #noted = new Set<string>();
  #noting: Promise<void> | null = null;

  constructor(
    private readonly ingestion: IngestionRepository,
    private readonly sessions: DetectionRepository,
    private readonly metrics: Metrics,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.server.roles.includes('api')) this.#loop = this.watch();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stopped.abort();
    this.#wake?.abort();
    await this.#loop;
    await this.#noting;
    if (this.#trouble !== null) await this.prove(); // what was refused while the server went down
  }

  /** A heartbeat of this session was refused with 429. */
  heard(organization: string, sessionId: string): void {
    const ids = this.#heard.get(organization) ?? new Set();
    this.#heard.set(organization, ids.add(sessionId));
    if (!this.#noted.has(`${organization}/${sessionId}`)) this.noteSoon();
  }

  /** A heartbeat was not taken, by our own fault. */
  trouble(reason: string): void {
    this.#trouble = reason;
    this.#wake?.abort();
  }

  /** One proof; public so that tests need no timers. */
  async prove(): Promise<void> {
    const trouble = this.#trouble;
    this.#trouble = null;
    const begun = this.clock.now().getTime();
    try {
      let state = await this.ingestion.prove(this.gapMs, trouble);
      if (this.clock.now().getTime() - begun > SLOW_PROOF_MS) {
        state = await this.ingestion.prove(this.gapMs, 'the database was slow');
      }
      this.show(state);
    } catch (error) {
      this.#trouble = trouble ?? 'the database did not take a proof of life';
      log.warn('proof of life failed', { error });
    }
    this.#noted.clear();
    await this.noteHeard();
  }

  private async watch(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      await this.prove();
      await this.clock.sleep(TROUBLE_EVERY_MS, signal);
      if (this.#trouble === null) await this.clock.sleep(PROOF_EVERY_MS - TROUBLE_EVERY_MS, this.#wake.signal);
    }
  }

  private show(state: Ingestion): void {
    const brake = brakeAt(state, state.aliveAt, this.gapMs, this.config.sessions.stallThresholdMs);
    this.metrics.set('stall_brake_active', {}, brake.isActive ? 1 : 0);
    if (brake.isActive === this.#isBraked) return;
    this.#isBraked = brake.isActive;
    if (brake.isActive) log.warn('stall brake on', { reason: brake.reason, since: brake.since, until: brake.until });
    else log.info('stall brake off');
  }

  private noteSoon(): void {
    this.#noting ??= this.noteHeard().finally(() => {
      this.#noting = null;
      for (const [organization, ids] of this.#heard) {
        for (const id of ids) if (!this.#noted.has(`${organization}/${id}`)) return this.noteSoon();
      }
    });
  }

  private async noteHeard(): Promise<void> {
    const heard = [...this.#heard];
    this.#heard.clear();
    for (const [organization, all] of heard) {
      const ids = [...all];
      for (const id of ids) this.#noted.add(`${organization}/${id}`);
      try {
        for (let i = 0; i < ids.length; i += HEARD_BATCH) {
          await this.sessions.noteHeard(organization, ids.slice(i, i + HEARD_BATCH));
        }
      } catch (error) {
        log.warn('refused heartbeats not noted', { error, sessions: ids.length });
        this.trouble('refused heartbeats could not be noted'); // the brake covers them
      }
    }
  }

  private get gapMs(): number {
    return this.config.sessions.ingestionGapSeconds * 1000;
  }
}
