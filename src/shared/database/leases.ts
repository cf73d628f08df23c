import { randomUUID } from 'node:crypto';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { Conflict, Defect } from '../errors/app-error.js';
import { createLog } from '../kernel/log.js';
import { Metrics } from '../metrics/metrics.js';
import type { Job } from '../schedule.js';
import { isDuplicateKey } from './base.repository.js';
import { ensureIndexes } from './indexes.js';
import { LEASES, type LeaseRecord } from './lease.schema.js';
import { diesWithHost, PROCESS_ID } from './process-id.js';

export interface Lease {
  readonly key: string;
  /** Increases with every new holder; goes with every write as fence. */
  readonly token: number;
  readonly holder: string;
  readonly acquiredAt: Date;
  readonly expiresAt: Date;
  readonly info: Readonly<Record<string, unknown>>;
}

/** A lease as it stands, in time or not. */
export interface HeldLease extends Lease {
  /** Renewed in time, by the database's clock. */
  readonly isLive: boolean;
  /** Since it was acquired. */
  readonly ageMs: number;
}

/** The newest run of a job, whichever instance made it. */
export interface JobRun {
  readonly name: string;
  /** When it ended. */
  readonly lastRunAt: Date | null;
  readonly lastDurationMs: number | null;
  readonly lastStatus: 'ok' | 'failed' | null;
  /** How many things it changed; null where it does not count. */
  readonly lastAffected: number | null;
  readonly lastError: string | null;
  readonly running: boolean;
}

/** What the work of a job is told. */
export interface JobTurn {
  /** UUID of this run: on its log lines and on what it marks. */
  readonly runId: string;
  /** Aborted when the lease could not be renewed or the server stops: begin no further batch. */
  readonly signal: AbortSignal;
}

export type JobOutcome =
  | { readonly kind: 'done'; readonly runId: string; readonly affected: number | null; readonly durationMs: number }
  | { readonly kind: 'failed'; readonly runId: string; readonly error: unknown; readonly durationMs: number }
  /** `running`: another run holds the lease; `recent`: the run of this tick has begun already. */
  | { readonly kind: 'skipped'; readonly because: 'running' | 'recent' };

/** The lease is gone or taken over: whoever gets this must stop at once and write nothing more. */
export class StaleLease extends Conflict {
  constructor(key: string, token: number) {
    super('STALE_LEASE', `Lease ${key} with token ${token} is no longer ours`, { details: { key, token } });
  }
}

/** How long a job may hold its lease without a renewal before another instance may start it, in ms. */
const JOB_LEASE_MS = 60_000;

const log = createLog('leases');

/**
 * Leases with fencing tokens in the database, by the database's clock.
 * acquire: free, expired or already ours → ours, with a new token unless it was ours; else null.
 * renew: extends while the token is still the current one; else StaleLease.
 * release: frees it; a lease that is no longer ours is left alone.
 * seize: ours with a new token, whoever has it; its holder is refused from then on.
 */
@Injectable()
export class Leases implements BeforeApplicationShutdown {
  readonly holder = PROCESS_ID;
  readonly #runs = new Map<AbortController, Promise<unknown>>();

  constructor(
    @InjectModel(LEASES) private readonly model: Model<LeaseRecord>,
    private readonly metrics: Metrics,
  ) {}

  /** Running jobs end after the batch they are in and give their leases back. */
  async beforeApplicationShutdown(): Promise<void> {
    for (const stop of this.#runs.keys()) stop.abort();
    await Promise.allSettled(this.#runs.values());
  }

  /**
   * @param gapMs of a job: also refuse when it was taken for a run less than this ago
   * @returns null when another live holder has it (ask `find` who)
   */
  async acquire(
    key: string,
    ttlMs: number,
    info: Readonly<Record<string, unknown>> = {},
    gapMs = 0,
  ): Promise<Lease | null> {
    const taken = await this.take(key, ttlMs, info, { gapMs });
    if (taken || !(await this.insertFree(key))) return taken;
    return this.take(key, ttlMs, info, { gapMs });
  }

  /** Takes the key also from a live holder. */
  async seize(key: string, ttlMs: number, info: Readonly<Record<string, unknown>> = {}): Promise<Lease> {
    await this.insertFree(key);
    const lease = await this.take(key, ttlMs, info, { evenHeld: true });
    if (!lease) throw new Defect(`Lease ${key} is gone`);
    return lease;
  }

  /** @throws StaleLease */
  async renew(lease: Lease, ttlMs: number): Promise<Lease> {
    const record = await this.model
      .findOneAndUpdate(
        { _id: lease.key, token: lease.token, holder: lease.holder },
        [{ $set: { expiresAt: { $add: ['$$NOW', ttlMs] } } }],
        { returnDocument: 'after', updatePipeline: true },
      )
      .lean<LeaseRecord>();
    if (!record) throw new StaleLease(lease.key, lease.token);
    return toLease(record);
  }

  /** Inside a transaction: makes it fail when the lease has changed hands, also when that happens before the commit. @throws StaleLease */
  async assertHeld(lease: Pick<Lease, 'key' | 'token'>): Promise<void> {
    const result = await this.model.updateOne(
      { _id: lease.key, token: lease.token, holder: { $ne: null } },
      { $inc: { writes: 1 } },
    );
    if (result.matchedCount === 0) throw new StaleLease(lease.key, lease.token);
  }

  async release(lease: Pick<Lease, 'key' | 'token'>): Promise<void> {
    await this.model.updateOne(
      { _id: lease.key, token: lease.token },
      [{ $set: { holder: null, expiresAt: '$$NOW', info: {} } }],
      { updatePipeline: true },
    );
  }

  /** The live holder of a key, null when it is free or expired. */
  async find(key: string): Promise<HeldLease | null> {
    const held = await this.look(key);
    return held?.isLive ? held : null;
  }

  /** Whoever took a key last and did not release it, in time or not; null when it is free. */
  async look(key: string): Promise<HeldLease | null> {
    const [record] = await this.model.aggregate<LeaseRecord & Pick<HeldLease, 'isLive' | 'ageMs'>>([
      { $match: { _id: key, holder: { $ne: null } } },
      {
        $addFields: {
          isLive: { $gt: ['$expiresAt', '$$NOW'] },
          ageMs: { $subtract: ['$$NOW', { $ifNull: ['$acquiredAt', '$expiresAt'] }] },
        },
      },
    ]);
    return record ? { ...toLease(record), isLive: record.isLive, ageMs: Number(record.ageMs) } : null;
  }

  /** Frees what processes of this machine that no longer live have left. @returns the freed keys */
  async takeBackOwn(): Promise<readonly string[]> {
    const held = await this.model.find({ holder: { $nin: [null, this.holder] } }).lean<LeaseRecord[]>();
    const dead = held.filter((record) => record.holder !== null && diesWithHost(record.holder));
    for (const record of dead) await this.release({ key: record._id, token: record.token });
    return dead.map((record) => record._id);
  }

  /**
   * Runs a job on one instance at a time and records when and how it ended; its failure is logged and ends here.
   * The lease is renewed every third of its time; a run that cannot renew is told to stop (`turn.signal`).
   * `gapMs`: also skip when a run began less than this ago, by the database's clock. A tick that several instances hear is
   * run once that way, however wrong their own clocks are (docs/decisions/stall-detection.md).
   * @param work its result, where it is a number, is how many things it changed
   */
  once(job: Job, work: (turn: JobTurn) => Promise<unknown>, gapMs = 0): Promise<JobOutcome> {
    const stop = new AbortController();
    const run = this.attempt(job, work, gapMs, stop).finally(() => this.#runs.delete(stop));
    this.#runs.set(stop, run);
    return run;
  }

  private async attempt(
    job: Job,
    work: (turn: JobTurn) => Promise<unknown>,
    gapMs: number,
    stop: AbortController,
  ): Promise<JobOutcome> {
    const runId = randomUUID();
    const leaseMs = job.leaseMs ?? JOB_LEASE_MS;
    const lease = await this.acquire(`job:${job.name}`, leaseMs, { runId }, gapMs);
    if (!lease) {
      const because = (await this.find(`job:${job.name}`)) ? 'running' : 'recent';
      this.metrics.count('background_job_runs_total', { job: job.name, result: 'skipped' });
      log.debug('job.skipped', { job_name: job.name, because });
      return { kind: 'skipped', because };
    }
    log.debug('job.started', { job_name: job.name, run_id: runId });
    const renewal = this.keepRenewed(lease, leaseMs, stop);
    const startedAt = performance.now();
    let outcome: Exclude<JobOutcome, { kind: 'skipped' }>;
    try {
      const result = await work({ runId, signal: stop.signal });
      const affected = typeof result === 'number' ? result : null;
      outcome = { kind: 'done', runId, affected, durationMs: Math.round(performance.now() - startedAt) };
    } catch (error) {
      outcome = { kind: 'failed', runId, error, durationMs: Math.round(performance.now() - startedAt) };
    }
    await renewal.end();
    this.tell(job, outcome);
    await this.record(lease, outcome);
    return outcome;
  }

  async jobRuns(jobs: readonly Job[]): Promise<readonly JobRun[]> {
    const records = await this.model.find({ _id: { $in: jobs.map((job) => `job:${job.name}`) } }).lean<LeaseRecord[]>();
    return jobs.map((job) => {
      const record = records.find((r) => r._id === `job:${job.name}`);
      return {
        name: job.name,
        lastRunAt: record?.lastRunAt ?? null,
        lastDurationMs: record?.lastDurationMs ?? null,
        lastStatus: record?.lastStatus ?? null,
        lastAffected: record?.lastAffected ?? null,
        lastError: record?.lastError ?? null,
        running: record?.holder != null && record.expiresAt.getTime() > Date.now(),
      };
    });
  }

  async prepare(): Promise<void> {
    await ensureIndexes(this.model);
  }

  /** Renews until `end`; the first renewal that fails stops the run. */
  private keepRenewed(lease: Lease, leaseMs: number, stop: AbortController): { end(): Promise<void> } {
    let pending: Promise<void> = Promise.resolve();
    const renew = async (): Promise<void> => {
      try {
        await this.renew(lease, leaseMs);
      } catch (error) {
        log.warn('job lease not renewed', { error, key: lease.key });
        stop.abort();
      }
    };
    const timer = setInterval(() => (pending = pending.then(renew)), leaseMs / 3);
    return {
      end: () => {
        clearInterval(timer);
        return pending;
      },
    };
  }

  private tell(job: Job, outcome: Exclude<JobOutcome, { kind: 'skipped' }>): void {
    const { runId, durationMs } = outcome;
    const fields = { job_name: job.name, run_id: runId, duration_ms: durationMs };
    this.metrics.count('background_job_runs_total', {
      job: job.name,
      result: outcome.kind === 'done' ? 'ok' : 'failed',
    });
    this.metrics.observe('background_job_duration_ms', { job: job.name }, durationMs);
    if (outcome.kind === 'failed') log.error('job.failed', { ...fields, error: outcome.error });
    // a sweep that found nothing, three times a minute, is not worth a line
    else if (outcome.affected === 0) log.debug('job.completed', { ...fields, affected: 0 });
    else log.info('job.completed', { ...fields, affected: outcome.affected });
  }

  private async record(lease: Lease, outcome: Exclude<JobOutcome, { kind: 'skipped' }>): Promise<void> {
    await this.model.updateOne(
      { _id: lease.key, token: lease.token },
      [
        {
          $set: {
            holder: null,
            expiresAt: '$$NOW',
            info: {},
            lastRunAt: '$$NOW',
            lastRunId: outcome.runId,
            lastDurationMs: outcome.durationMs,
            lastStatus: outcome.kind === 'done' ? 'ok' : 'failed',
            lastAffected: outcome.kind === 'done' ? outcome.affected : null,
            lastError: { $literal: outcome.kind === 'done' ? null : textOf(outcome.error) },
          },
        },
      ],
      { updatePipeline: true },
    );
  }

  /** One atomic update that changes nothing when somebody else holds it; `grant` tells whether it was ours. */
  private async take(
    key: string,
    ttlMs: number,
    info: Readonly<Record<string, unknown>>,
    { gapMs = 0, evenHeld = false }: { readonly gapMs?: number; readonly evenHeld?: boolean },
  ): Promise<Lease | null> {
    const grant = randomUUID();
    const whenFree = (value: unknown, field: string): unknown => ({ $cond: ['$isFree', value, `$${field}`] });
    const isUnheld = evenHeld || { $or: [{ $eq: ['$holder', null] }, { $lte: ['$expiresAt', '$$NOW'] }] };
    // no date is smaller than every date
    const isDue = { $lte: ['$lastStartedAt', { $subtract: ['$$NOW', gapMs] }] };
    const record = await this.model
      .findOneAndUpdate(
        { _id: key },
        [
          { $set: { isFree: gapMs > 0 ? { $and: [isUnheld, isDue] } : isUnheld } },
          {
            $set: {
              token: whenFree({ $add: ['$token', 1] }, 'token'),
              holder: whenFree(this.holder, 'holder'),
              grant: whenFree(grant, 'grant'),
              acquiredAt: whenFree('$$NOW', 'acquiredAt'),
              expiresAt: whenFree({ $add: ['$$NOW', ttlMs] }, 'expiresAt'),
              info: whenFree({ $literal: info }, 'info'),
              lastStartedAt: whenFree('$$NOW', 'lastStartedAt'),
            },
          },
          { $unset: 'isFree' },
        ],
        { returnDocument: 'after', updatePipeline: true },
      )
      .lean<LeaseRecord>();
    return record?.grant === grant ? toLease(record) : null;
  }

  /** @returns false when the key exists already */
  private async insertFree(key: string): Promise<boolean> {
    try {
      await this.model.create({ _id: key, token: 0, holder: null, expiresAt: new Date(0) });
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function toLease(record: LeaseRecord): Lease {
  return {
    key: record._id,
    token: record.token,
    holder: record.holder ?? '',
    acquiredAt: record.acquiredAt ?? record.expiresAt,
    expiresAt: record.expiresAt,
    info: record.info ?? {},
  };
}
