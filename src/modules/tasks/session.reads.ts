import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { type Model, Schema } from 'mongoose';

/** What a task has to know of its session. */
export interface SessionOfTask {
  readonly id: string;
  readonly projectId: string;
  readonly machineId: string;
  readonly status: string;
  /** Completed or failed: nothing starts any more. */
  readonly isTerminal: boolean;
  /** End of the session from which the retention of its tasks counts; null while it is live, or archived. */
  readonly closedAt: Date | null;
}

interface SessionView {
  session_id: string;
  project_id: string;
  machine_id: string;
  status: string;
  completed_at: Date | null;
  archived: boolean;
}

export const SESSIONS_OF_TASKS = 'sessions_of_tasks';
/** Read only: the shape and the indexes are those of the sessions module. */
export const sessionsOfTasksSchema = new Schema<SessionView>({}, { collection: 'sessions', strict: false });

const FIELDS = { _id: 0, session_id: 1, project_id: 1, machine_id: 1, status: 1, completed_at: 1, archived: 1 };

/** Which session does a task belong to, and does it still live? Joins the running unit of work. */
@Injectable()
export class TaskSessionReads {
  constructor(@InjectModel(SESSIONS_OF_TASKS) private readonly model: Model<SessionView>) {}

  /** null: no such session in this organization. */
  async find(organization: string, sessionId: string): Promise<SessionOfTask | null> {
    const view = await this.model.findOne({ session_id: sessionId, organization }, FIELDS).lean<SessionView>();
    if (!view) return null;
    const isTerminal = view.status === 'completed' || view.status === 'failed';
    return {
      id: view.session_id,
      projectId: view.project_id,
      machineId: view.machine_id,
      status: view.status,
      isTerminal,
      closedAt: isTerminal && !view.archived ? view.completed_at : null,
    };
  }

  /** Those of the ids that exist, in any organization: session ids are unique. */
  async existing(sessionIds: readonly string[]): Promise<ReadonlySet<string>> {
    const views = await this.model
      .find({ session_id: { $in: [...sessionIds] } }, { _id: 0, session_id: 1 })
      .lean<Pick<SessionView, 'session_id'>[]>();
    return new Set(views.map((view) => view.session_id));
  }
}
