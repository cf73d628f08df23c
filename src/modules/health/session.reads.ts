import { Injectable } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';

export interface SessionCounts {
  /** Status → stored documents, of every organization. */
  readonly sessions: Readonly<Record<string, number>>;
  readonly tasks: Readonly<Record<string, number>>;
  readonly machines: Readonly<Record<string, number>>;
  /** Active ones that are silent for longer than their threshold. */
  readonly overdue: number;
}

const STATUSES = {
  sessions: ['active', 'paused', 'stalled', 'completed', 'failed'],
  tasks: ['pending', 'in_progress', 'completed', 'failed', 'blocked'],
  machines: ['online', 'offline', 'maintenance'],
} as const;

/** How many sessions, tasks and machines are in which state? Counts of indexed fields in collections of other modules. */
@Injectable()
export class SessionReads {
  constructor(@InjectConnection() private readonly connection: Connection) {}

  /** @param now the database's */
  async count(now: Date, stallThresholdMs: number): Promise<SessionCounts> {
    const [sessions, tasks, machines, overdue] = await Promise.all([
      this.byStatus('sessions'),
      this.byStatus('tasks'),
      this.byStatus('machines'),
      this.overdue(now, stallThresholdMs),
    ]);
    return { sessions, tasks, machines, overdue };
  }

  private async byStatus(collection: keyof typeof STATUSES): Promise<Record<string, number>> {
    const counts = await Promise.all(
      STATUSES[collection].map(async (status) => [
        status,
        await this.connection.collection(collection).countDocuments({ status }),
      ]),
    );
    return Object.fromEntries(counts) as Record<string, number>;
  }

  /** All that are silent for the global threshold, without those that asked for a longer one which is not over. */
  private async overdue(now: Date, stallThresholdMs: number): Promise<number> {
    const silent = { status: 'active', last_heartbeat: { $lt: new Date(now.getTime() - stallThresholdMs) } };
    const sessions = this.connection.collection('sessions');
    const [all, patient] = await Promise.all([
      sessions.countDocuments(silent),
      sessions.countDocuments({
        ...silent,
        $expr: { $lte: [{ $subtract: [now, '$last_heartbeat'] }, { $ifNull: ['$stall_threshold_ms', 0] }] },
      }),
    ]);
    return all - patient;
  }
}
