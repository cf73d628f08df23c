import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { Conflict } from '../errors/app-error.js';
import { createLog } from '../kernel/log.js';
import type { Job } from '../schedule.js';
import { isDuplicateKey } from './base.repository.js';
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

export interface JobRun {
  readonly name: string;
  readonly lastRunAt: Date | null;
  readonly lastDurationMs: number | null;
  readonly lastError: string | null;
  readonly running: boolean;
}

/** The lease is gone or taken over: whoever gets this must stop at once and write nothing more. */
export class StaleLease extends Conflict {
  constructor(key: string, token: number) {
    super('STALE_LEASE', `Lease ${key} with token ${token} is no longer ours`, { details: { key, token } });
  }
}

/** How long a job may hold its lease before another instance may start it, in ms. */
const JOB_LEASE_MS = 60_000;

const log = createLog('leases');

/**
 * Leases with fencing tokens in the database, by the database's clock.
 * acquire: free, expired or already ours → ours, with a new token unless it was ours; else null.
 * renew: extends while the token is still the current one; else StaleLease.
 * release: frees it; a lease that is no longer ours is left alone.
 */
@Injectable()
export class Leases {
  readonly holder = PROCESS_ID;

  constructor(@InjectModel(LEASES) private readonly model: Model<LeaseRecord>) {}

  /** @returns null when another live holder has it (ask `find` who) */
  async acquire(key: string, ttlMs: number, info: Readonly<Record<string, unknown>> = {}): Promise<Lease | null> {
    const taken = await this.take(key, ttlMs, info);
    if (taken || !(await this.insertFree(key))) return taken;
    return this.take(key, ttlMs, info);
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
  async find(key: string): Promise<Lease | null> {
    const [record] = await this.model.aggregate<LeaseRecord & { isLive: boolean }>([
      { $match: { _id: key, holder: { $ne: null } } },
      { $addFields: { isLive: { $gt: ['$expiresAt', '$$NOW'] } } },
    ]);
    return record?.isLive ? toLease(record) : null;
  }

  /** Frees what processes of this machine that no longer live have left. @returns the freed keys */
  async takeBackOwn(): Promise<readonly string[]> {
    const held = await this.model.find({ holder: { $nin: [null, this.holder] } }).lean<LeaseRecord[]>();
    const dead = held.filter((record) => record.holder !== null && diesWithHost(record.holder));
    for (const record of dead) await this.release({ key: record._id, token: record.token });
    return dead.map((record) => record._id);
  }

  /** Runs a timed job on one instance only and records when and how it ended; a failure is logged and ends here. */
  async once(job: Job, work: () => Promise<unknown>): Promise<void> {
    const lease = await this.acquire(`job:${job.name}`, JOB_LEASE_MS);
    if (!lease) return;
    const startedAt = performance.now();
    let lastError: string | null = null;
    try {
      await work();
    } catch (error) {
      lastError = (error as Error).message;
      log.error('job failed', { error, job: job.name });
    }
    await this.model.updateOne(
      { _id: lease.key, token: lease.token },
      [
        {
          $set: {
            holder: null,
            expiresAt: '$$NOW',
            lastRunAt: '$$NOW',
            lastDurationMs: Math.round(performance.now() - startedAt),
            lastError: { $literal: lastError },
          },
        },
      ],
      { updatePipeline: true },
    );
  }

  async jobRuns(jobs: readonly Job[]): Promise<readonly JobRun[]> {
    const records = await this.model.find({ _id: { $in: jobs.map((job) => `job:${job.name}`) } }).lean<LeaseRecord[]>();
    return jobs.map((job) => {
      const record = records.find((r) => r._id === `job:${job.name}`);
      return {
        name: job.name,
        lastRunAt: record?.lastRunAt ?? null,
        lastDurationMs: record?.lastDurationMs ?? null,
        lastError: record?.lastError ?? null,
        running: record?.holder != null && record.expiresAt.getTime() > Date.now(),
      };
    });
  }

  async prepare(): Promise<void> {
    await this.model.createCollection();
    await this.model.createIndexes();
  }

  /** One atomic update that changes nothing when somebody else holds it; `grant` tells whether it was ours. */
  private async take(key: string, ttlMs: number, info: Readonly<Record<string, unknown>>): Promise<Lease | null> {
    const grant = randomUUID();
    const whenFree = (value: unknown, field: string): unknown => ({ $cond: ['$isFree', value, `$${field}`] });
    const record = await this.model
      .findOneAndUpdate(
        { _id: key },
        [
          { $set: { isFree: { $or: [{ $eq: ['$holder', null] }, { $lte: ['$expiresAt', '$$NOW'] }] } } },
          {
            $set: {
              token: whenFree({ $add: ['$token', 1] }, 'token'),
              holder: whenFree(this.holder, 'holder'),
              grant: whenFree(grant, 'grant'),
              acquiredAt: whenFree('$$NOW', 'acquiredAt'),
              expiresAt: whenFree({ $add: ['$$NOW', ttlMs] }, 'expiresAt'),
              info: whenFree({ $literal: info }, 'info'),
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
