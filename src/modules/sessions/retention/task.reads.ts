import { Injectable } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';

/** What the consistency job has to know of tasks, over all organizations. */
@Injectable()
export class SessionTaskReads {
  constructor(@InjectConnection() private readonly connection: Connection) {}

  /** Those of the ids that are tasks still to be done. */
  async unfinished(taskIds: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.connection
      .collection('tasks')
      .find({ task_id: { $in: [...taskIds] }, status: { $nin: ['completed', 'failed'] } })
      .project<{ task_id: string }>({ _id: 0, task_id: 1 })
      .toArray();
    return new Set(rows.map((row) => row.task_id));
  }

  /** Tasks in progress although their session ended before. */
  countRunningOfEnded(before: Date): Promise<number> {
    return this.connection
      .collection('tasks')
      .countDocuments({ session_closed_at: { $lt: before }, status: 'in_progress' });
  }
}
