import { Injectable } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';

export interface PlatformCounts {
  readonly activeDeployments: number;
  readonly runningOperations: number;
  readonly activeSessions: number;
}

/** How much is going on? Counts in collections of other modules. */
@Injectable()
export class PlatformReads {
  constructor(@InjectConnection() private readonly connection: Connection) {}

  /** Asks the database something small. @throws when it does not answer within `timeoutMs` */
  async probe(timeoutMs: number): Promise<void> {
    await this.connection.collection('deployments').countDocuments({}, { limit: 1, maxTimeMS: timeoutMs });
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
