import { Injectable } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';

/** How many live sessions does each workspace have? Asked of the sessions, which own the answer. */
@Injectable()
export class SessionReads {
  constructor(@InjectConnection() private readonly connection: Connection) {}

  /** Workspace id (`metadata.workspace_id`) → live sessions; only those that have any. */
  async liveByWorkspace(organization: string): Promise<ReadonlyMap<string, number>> {
    const rows = await this.connection
      .collection('sessions')
      .aggregate<{ _id: string; n: number }>([
        {
          $match: {
            organization,
            status: { $in: ['active', 'paused', 'stalled'] },
            'metadata.workspace_id': { $type: 'string' },
          },
        },
        { $group: { _id: '$metadata.workspace_id', n: { $sum: 1 } } },
      ])
      .toArray();
    return new Map(rows.map(({ _id, n }) => [_id, n]));
  }
}
