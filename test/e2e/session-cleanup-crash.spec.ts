import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Document, MongoClient } from 'mongodb';
import { aSessionRecord } from '../factories/sessions.js';
import { FULL_KEY, testSettings } from './app.harness.js';
import { ServerProcess } from './server-process.js';

const SESSIONS = 400;
const TASKS = 2;
const ENDED = new Date(Date.now() - 40 * 86_400_000);
const KEY = { authorization: '', 'x-api-key': FULL_KEY };

describe('a cleanup whose process is killed', () => {
  const data = mkdtempSync(join(tmpdir(), 'cloud-cleanup-'));
  const settings: Record<string, string> = { ...testSettings(data), SCHEDULER_MODE: 'off', TTL_GRACE_DAYS: '365' };
  const client = new MongoClient(String(settings['MONGODB_URI']));
  const [sessions, tasks] = [client.db().collection('sessions'), client.db().collection('tasks')];
  let server: ServerProcess;
  afterAll(async () => {
    await server.stop();
    await client.close();
    rmSync(data, { recursive: true, force: true });
  });

  it('[10] leaves whole sessions or nothing, and the next one removes the rest', async () => {
    server = await ServerProcess.start(settings);
    const made = await server.call('POST', '/api/sessions', { project_id: 'p', machine_id: 'm' }, KEY);
    const task = { session_id: made.body['session_id'], project_id: 'p', task_name: 'a task' };
    await server.call('POST', '/api/tasks', task, KEY);
    const { _id: _session, active_key: _key, ...session } = (await sessions.findOne()) as Document;
    const { _id: _task, ...likeTask } = (await tasks.findOne()) as Document;
    const old = Array.from({ length: SESSIONS }, (_, i) => ({
      ...session,
      ...{ session_id: aSessionRecord().session_id, project_id: `p-${i}`, status: 'completed', completed_at: ENDED },
    }));
    await sessions.insertMany(old);
    const ofOld = old.flatMap(({ session_id }) =>
      Array.from({ length: TASKS }, () => ({ ...likeTask, task_id: aSessionRecord().session_id, session_id })),
    );
    await tasks.insertMany(ofOld);

    const cleanup = server.call('POST', '/api/sessions/cleanup', undefined, KEY).catch(() => null);
    while ((await sessions.countDocuments()) > SESSIONS - 20) await new Promise((resolve) => setImmediate(resolve));
    await server.kill();
    expect(await cleanup).toBeNull();

    const left = await sessions.countDocuments({ status: 'completed' });
    expect(left).toBeGreaterThan(0);
    expect(await tasks.countDocuments({ session_id: { $ne: task.session_id } })).toBe(left * TASKS);

    server = await ServerProcess.start(settings);
    const again = await server.call('POST', '/api/sessions/cleanup', undefined, KEY);
    expect(again.body).toMatchObject({ deleted_sessions: left, deleted_tasks: left * TASKS, failed_sessions: [] });
    expect(await Promise.all([sessions.countDocuments(), tasks.countDocuments()])).toEqual([1, 1]);
    const told = client.db().collection('deployment_events');
    expect(await told.countDocuments({ type: 'session_deleted' })).toBe(SESSIONS);
  });
});
