import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { ApiError, type ApiClient } from './api-client.js';
import type { DataFolder } from './data-folder.js';
import { pause } from './pause.js';
import type { Reporter } from './steps.js';

const PROJECT = 'quickstart';
/** When the server does not say how often. */
const BEAT_MS = 60_000;

interface Session {
  readonly session_id: string;
  readonly status: string;
  readonly epoch: number;
  readonly current_task_id: string | null;
}

export interface DemoSessionContext {
  readonly api: ApiClient;
  readonly folder: Pick<DataFolder, 'recall' | 'remember'>;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/** A session of this machine with one task; it beats until `stop`. */
export class DemoSession {
  #beating: Promise<void> = Promise.resolve();
  readonly #stop = new AbortController();
  #beats = 0;

  private constructor(
    private readonly context: DemoSessionContext,
    private readonly session: Session,
    private readonly taskId: string,
  ) {}

  /** Resumes the session of the last start when it still lives, else registers a new one. @throws ApiError */
  static async start(context: DemoSessionContext): Promise<DemoSession> {
    const { api, folder, reporter } = context;
    const session = await reporter.step('session', async () => {
      const resumed = await resume(api, folder.recall().sessionId);
      const found = resumed ?? (await register(api));
      folder.remember({ sessionId: found.session_id });
      const how = resumed ? 'of the last start, resumed' : 'registered';
      return [found, `${found.session_id}, ${how}`];
    });
    const taskId = session.current_task_id ?? (await startTask(api, session.session_id));
    const demo = new DemoSession(context, session, taskId);
    const every = await demo.beat();
    reporter.note(`  ${session.session_id}: heartbeat recorded, the next one in ${Math.round(every / 1000)} s\n`);
    demo.#beating = demo.beatOn(every);
    return demo;
  }

  /** @param isDone true ends the session, false pauses it: a stopped server is no finished work */
  async stop(isDone: boolean): Promise<void> {
    const { api, reporter } = this.context;
    this.#stop.abort();
    await this.#beating;
    const status = isDone ? 'completed' : 'paused';
    if (isDone) await api.callSessions(`/tasks/${this.taskId}/complete`, { method: 'POST', body: {} });
    await api.callSessions(`/sessions/${this.session.session_id}`, { method: 'PATCH', body: { status } });
    reporter.emit('session', { sessionId: this.session.session_id, status, heartbeats: this.#beats });
  }

  private async beatOn(firstPauseMs: number): Promise<void> {
    const { reporter } = this.context;
    const signal = AbortSignal.any([this.context.signal, this.#stop.signal]);
    let pauseMs = firstPauseMs;
    for (;;) {
      await pause(pauseMs, signal);
      if (signal.aborted) return;
      try {
        pauseMs = await this.beat();
      } catch (error) {
        if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429) {
          reporter.note(`  the session ends: ${error.message}`);
          return;
        }
        reporter.note(`  a heartbeat failed, the next one follows: ${(error as Error).message}`);
      }
    }
  }

  /** @returns pause before the next one, ms, as the server wishes */
  private async beat(): Promise<number> {
    const { api, reporter } = this.context;
    const { session_id, epoch } = this.session;
    const { body, headers } = await api.callSessions<Session>(`/sessions/${session_id}/heartbeat`, {
      method: 'POST',
      body: { epoch, current_task_id: this.taskId, progress: { percent: null, message: 'waiting' } },
    });
    this.#beats += 1;
    reporter.emit('heartbeat', { sessionId: session_id, status: body.status, heartbeats: this.#beats });
    const wanted = Number(headers.get('x-heartbeat-interval-ms'));
    return wanted > 0 ? wanted : BEAT_MS;
  }
}

async function startTask(api: ApiClient, sessionId: string): Promise<string> {
  const { body: task } = await api.callSessions<{ task_id: string }>('/tasks', {
    method: 'POST',
    idempotencyKey: `quickstart-${randomUUID()}`,
    body: { session_id: sessionId, project_id: PROJECT, task_name: 'Show a session' },
  });
  await api.callSessions(`/tasks/${task.task_id}/start`, { method: 'POST', body: {} });
  return task.task_id;
}

/** The session of the last start as active, null when it has ended or never was. */
async function resume(api: ApiClient, sessionId: string | undefined): Promise<Session | null> {
  if (!sessionId) return null;
  try {
    const { body } = await api.callSessions<Session>(`/sessions/${sessionId}`, {
      method: 'PATCH',
      body: { status: 'active' },
    });
    return body;
  } catch (error) {
    if (error instanceof ApiError && [400, 404, 409].includes(error.status)) return null;
    throw error;
  }
}

/** A new session; when another one has the pair of project and machine, that one. */
async function register(api: ApiClient): Promise<Session> {
  try {
    const { body } = await api.callSessions<Session>('/sessions', {
      method: 'POST',
      idempotencyKey: `quickstart-${randomUUID()}`,
      body: { project_id: PROJECT, machine_id: machineId(), metadata: { made_by: 'npm run quickstart' } },
    });
    return body;
  } catch (error) {
    const existing =
      error instanceof ApiError && error.code === 'ACTIVE_SESSION_EXISTS'
        ? (error.details as { existing_session_id?: string } | undefined)?.existing_session_id
        : undefined;
    if (!existing) throw error;
    return (await api.callSessions<Session>(`/sessions/${existing}`)).body;
  }
}

function machineId(): string {
  return (
    hostname()
      .replace(/[^A-Za-z0-9._:-]/g, '-')
      .slice(0, 128) || 'quickstart'
  );
}
