import { getConnectionToken } from '@nestjs/mongoose';
import type { Collection, Connection } from 'mongoose';
import { type Body, FULL_KEY, type TestApp } from './app.harness.js';

/** A JSON object as it came over the wire. */
export type Wire = Body;

/** The bootstrap key with every right, and nothing else. */
export const AS_ADMIN = { authorization: '', 'x-api-key': FULL_KEY };

let count = 0;

/** The stored documents: for tests that put them into the past, or look at what never leaves the server. */
export function collectionOf(test: TestApp, name: string): Collection {
  return test.app.get<Connection>(getConnectionToken()).collection(name);
}

/** Registers a session with a project of its own. */
export async function startSession(test: TestApp, fields: Readonly<Record<string, unknown>> = {}): Promise<Wire> {
  count += 1;
  const body = { project_id: `project-${process.pid}-${count}`, machine_id: `machine-${count}`, ...fields };
  const { status, body: session } = await test.post('/api/sessions', body, AS_ADMIN);
  if (status !== 201) throw new TypeError(`POST /api/sessions: ${status} ${JSON.stringify(session)}`);
  return session;
}

/** Adds a task and moves it through `statuses`. */
export async function addTask(test: TestApp, session: Wire, statuses: readonly string[] = []): Promise<Wire> {
  const { session_id, project_id } = session;
  const made = await test.post('/api/tasks', { session_id, project_id, task_name: 'a task' }, AS_ADMIN);
  let task = made.body;
  for (const status of statuses) {
    const change = { status, ...(status === 'failed' ? { error_message: 'it broke' } : {}) };
    const moved = await test.call('PATCH', `/api/tasks/${String(task['task_id'])}`, change, AS_ADMIN);
    if (moved.status !== 200) throw new TypeError(`PATCH task: ${moved.status} ${JSON.stringify(moved.body)}`);
    task = moved.body;
  }
  return task;
}

/** Its last sign of life was `seconds` ago. */
export async function inPast(test: TestApp, sessionId: unknown, seconds: number): Promise<void> {
  const last_heartbeat = new Date(Date.now() - seconds * 1000);
  await collectionOf(test, 'sessions').updateOne({ session_id: sessionId }, { $set: { last_heartbeat } });
}

/** It ended `days` ago. */
export async function endedInPast(test: TestApp, sessionId: unknown, days: number): Promise<void> {
  const completed_at = new Date(Date.now() - days * 86_400_000);
  await collectionOf(test, 'sessions').updateOne({ session_id: sessionId }, { $set: { completed_at } });
}
