import { Injectable } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { DatabaseTime } from '../../shared/database/database-time.js';
import { type Brake, brakeAt } from '../../shared/kernel/brake.js';

export interface PlatformCounts {
  readonly activeDeployments: number;
  readonly runningOperations: number;
  readonly activeSessions: number;
}

interface IngestionRow {
  readonly alive_at: Date;
  readonly since: Date | null;
  readonly reason: string | null;
}

/** How much is going on? Counts in collections of other modules. */
@Injectable()
export class PlatformReads {
  constructor(
    @InjectConnection() private readonly connection: Connection,
    private readonly time: DatabaseTime,
  ) {}

  /** Asks the database something small. @throws when it does not answer within `timeoutMs` */
  async probe(timeoutMs: number): Promise<void> {
    await this.connection.collection('deployments').countDocuments({}, { limit: 1, maxTimeMS: timeoutMs });
  }

  /** Is the detection of stalled sessions put off, because our own ingestion was in trouble? */
  async stallBrake(gapMs: number, thresholdMs: number): Promise<Brake> {
    const row = await this.connection.collection<IngestionRow>('ingestion').findOne({});
    const ingestion = row && { aliveAt: row.alive_at, since: row.since, reason: row.reason };
    return brakeAt(ingestion, await this.time.now(), gapMs, thresholdMs);
  }

  async count(): Promise<PlatformCounts> {
    const of = (name: string, filter: Record<string, unknown>): Promise<number> =>
      this.connection.collection(name).countDocuments(filter);
    const [activeDeployments, runningOperations, activeSessions] = await Promise.all([
      of('deployments', { deletedAt: null, status: { $nin: ['initialized', 'destroyed', 'rolled_back'] } }),
      of('operations', { status: { $in: ['pending', 'in_progress'] } }),
      of('sessions', { status: 'active' }),
    ]);
    return { activeDeployments, runningOperations, activeSessions };
  }
}
