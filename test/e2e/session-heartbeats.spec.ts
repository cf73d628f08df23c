import { getConnectionToken } from '@nestjs/mongoose';
import type { CommandStartedEvent } from 'mongodb';
import type { Connection } from 'mongoose';
import { type Answer, TestApp } from './app.harness.js';
import { addTask, AS_ADMIN as key, collectionOf, inPast, startSession, type Wire } from './session-rig.js';

describe('heartbeats', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await TestApp.start({ SCHEDULER_MODE: 'off', HEARTBEAT_INTERVAL_MS: '30000' });
  });
  afterAll(() => test.stop());
  const at = (id: unknown, rest = ''): string => `/api/sessions/${String(id)}${rest}`;
  const beat = (id: unknown, body: unknown = {}): Promise<Answer> => test.post(at(id, '/heartbeat'), body, key);
  const get = async (id: unknown): Promise<Wire> => (await test.get(at(id), key)).body;
  const patch = (id: unknown, body: unknown): Promise<Answer> => test.call('PATCH', at(id), body, key);
  const eventsOf = async (id: unknown): Promise<readonly unknown[]> =>
    (await collectionOf(test, 'deployment_events').find({ sessionId: id }).sort({ position: 1 }).toArray()).map(
      (event) => event['type'] as unknown,
    );
  const sinceMs = (time: unknown): number => Math.abs(Date.now() - Date.parse(String(time)));

  it('[2.2.a] is recorded with the time of the database, and says when the next one is due', async () => {
    const { session_id: id } = await startSession(test);
    await inPast(test, id, 60);
    const answer = await beat(id);
    expect(answer).toMatchObject({ status: 200, body: { heartbeat_count: 1, message: 'heartbeat recorded' } });
    expect(sinceMs(answer.body['last_heartbeat'])).toBeLessThan(1000);
    expect(answer.headers.get('x-heartbeat-interval-ms')).toBe('30000');
    expect(answer.headers.get('x-stall-threshold-ms')).toBe('180000');
    const patient = await startSession(test, { stall_threshold_ms: 600_000 });
    expect((await beat(patient['session_id'])).headers.get('x-stall-threshold-ms')).toBe('600000');
  });

  it.each([
    ['no body', undefined, {}],
    ['no body, but a type', undefined, { 'content-type': 'application/json' }],
    ['an empty object', {}, {}],
  ])('takes %s', async (_what, body, headers) => {
    const { session_id: id } = await startSession(test);
    expect((await test.call('POST', at(id, '/heartbeat'), body, { ...key, ...headers })).status).toBe(200);
  });

  it('never moves the time backwards', async () => {
    const { session_id: id } = await startSession(test);
    await inPast(test, id, -3600); // an hour ahead
    const before = await get(id);
    expect((await beat(id)).body['last_heartbeat']).toBe(before['last_heartbeat']);
  });

  it('[2.2.b] stores the current task as it is, tells of it once, and clears it with null', async () => {
    const { session_id: id } = await startSession(test);
    expect((await beat(id, { current_task_id: 'task-123' })).body['current_task_id']).toBe('task-123');
    expect((await beat(id, { current_task_id: 'task-123' })).body['heartbeat_count']).toBe(2);
    expect((await beat(id, { current_task_id: '$session_id' })).body['current_task_id']).toBe('$session_id');
    expect((await beat(id)).body['current_task_id']).toBe('$session_id');
    expect((await beat(id, { current_task_id: null })).body['current_task_id']).toBeNull();
    const updates = (await eventsOf(id)).filter((type) => type === 'session_updated');
    expect(updates).toHaveLength(3);
  });

  it('merges metadata and keeps progress; texts of clients are texts', async () => {
    const { session_id: id } = await startSession(test, { metadata: { old: 1, gone: 1 } });
    const progress = { percent: 40, message: '$$NOW' };
    const answer = await beat(id, { metadata: { gone: null, new: '$project_id' }, progress });
    expect(answer.body).toMatchObject({ metadata: { old: 1, new: '$project_id' }, progress });
    expect(answer.body['metadata']).not.toHaveProperty('gone');
    expect((await beat(id, { progress: { percent: 50 } })).body['progress']).toEqual({ percent: 50, message: null });
  });

  it('succeeds with the old metadata when the new would be too much', async () => {
    const { session_id: id } = await startSession(test);
    const part = 'x'.repeat(16_000);
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      expect((await beat(id, { metadata: { [name]: part } })).status).toBe(200);
    }
    expect(Object.keys((await get(id))['metadata'] as object)).toEqual(['a', 'b', 'c', 'd']);
  });

  it.each([
    [{ epoch: 0 }, 'epoch'],
    [{ epoch: '1' }, 'epoch'],
    [{ current_task_id: 5 }, 'current_task_id'],
    [{ current_task_id: 'x'.repeat(201) }, 'current_task_id'],
    [{ progress: { percent: 101 } }, 'progress.percent'],
    [{ progress: { message: 'x'.repeat(501) } }, 'progress.message'],
    [{ metadata: { $set: 1 } }, 'metadata'],
    [{ metadata: { recovery: 1 } }, 'metadata'],
    [{ tasks: Array.from({ length: 21 }, () => ({ task_id: 't', status: 'completed' })) }, 'tasks'],
    [{ tasks: [{ task_id: 't', status: 'asleep' }] }, 'tasks[0].status'],
    [{ last_heartbeat: '2126-01-01T00:00:00Z' }, 'last_heartbeat'],
    [[1], '0'],
  ])('%j is 400 with its field and is no sign of life', async (body, field) => {
    const { session_id: id } = await startSession(test);
    expect(await beat(id, body)).toMatchObject({ status: 400, body: { details: [{ field }] } });
    expect((await get(id))['heartbeat_count']).toBe(0);
  });

  it('[2.2.c] revives a stalled session, with one event, and keeps a paused one paused', async () => {
    const { session_id: id } = await startSession(test);
    await test.post(at(id, '/mark-stalled'), { reason: 'why' }, key);
    const revived = await beat(id);
    expect(revived.body).toMatchObject({
      status: 'active',
      message: 'session reactivated',
      stalled_at: null,
      epoch: 1,
      metadata: {},
    });
    expect(await eventsOf(id)).toEqual(['session_created', 'session_stalled', 'session_reactivated']);
    await patch(id, { status: 'paused' });
    expect((await beat(id)).body).toMatchObject({ status: 'paused', message: 'heartbeat recorded' });
  });

  it('a session counts as falsely stalled only when it is back within twice its threshold', async () => {
    const flags: unknown[] = [];
    for (const minutes of [1, 60]) {
      const { session_id: id } = await startSession(test);
      await test.post(at(id, '/mark-stalled'), {}, key);
      const stalled_at = new Date(Date.now() - minutes * 60_000);
      await collectionOf(test, 'sessions').updateOne({ session_id: id }, { $set: { stalled_at } });
      await beat(id);
      const event = await collectionOf(test, 'deployment_events').findOne({
        sessionId: id,
        type: 'session_reactivated',
      });
      flags.push((event?.['data'] as Wire | undefined)?.['false_positive']);
    }
    expect(flags).toEqual([true, false]);
  });

  it.each([['not-an-id'], ['0b5f3c1e-8d0a-4a53-9f56-3f0f6f1f7a11']])('[2.2.e] to %s it is 404', async (id) => {
    expect(await beat(id)).toMatchObject({ status: 404, body: { message: `Session ${id} not found` } });
  });

  it.each(['completed', 'failed'])('to a %s session it is 400 and changes nothing', async (status) => {
    const { session_id: id } = await startSession(test);
    await patch(id, { status });
    const before = await get(id);
    expect(await beat(id, { epoch: 1 })).toMatchObject({
      status: 400,
      body: { code: 'INVALID_STATE', details: { status, recovered_to: null } },
    });
    expect(await get(id)).toEqual(before);
  });

  it('of a process that was replaced by a resume it is 409, names the epoch, and changes nothing', async () => {
    const { session_id: id } = await startSession(test);
    await patch(id, { status: 'paused' });
    await patch(id, { status: 'active' });
    const before = await get(id);
    for (const status of ['active', 'stalled']) {
      if (status === 'stalled') await test.post(at(id, '/mark-stalled'), {}, key);
      expect(await beat(id, { epoch: 1, metadata: { late: true }, tasks: [] })).toMatchObject({
        status: 409,
        body: {
          code: 'SESSION_SUPERSEDED',
          details: { session_id: id, epoch: 1, current_epoch: 2, active_session_id: id },
        },
      });
      expect(await get(id)).toMatchObject({ status, last_heartbeat: before['last_heartbeat'], metadata: {} });
    }
    expect(await beat(id, { epoch: 2 })).toMatchObject({ status: 200, body: { status: 'active' } });
  });

  it('while a recovery is prepared it is 409, afterwards it revives', async () => {
    const { session_id: id } = await startSession(test);
    await test.post(at(id, '/mark-stalled'), {}, key);
    const lock = (ms: number): Promise<unknown> =>
      collectionOf(test, 'sessions').updateOne(
        { session_id: id },
        { $set: { recovery_lock_until: new Date(Date.now() + ms) } },
      );
    await lock(600_000);
    expect(await beat(id)).toMatchObject({ status: 409, body: { code: 'RECOVERY_IN_PROGRESS' } });
    expect(await patch(id, { status: 'active' })).toMatchObject({
      status: 409,
      body: { code: 'RECOVERY_IN_PROGRESS' },
    });
    expect((await get(id))['status']).toBe('stalled');
    await lock(-1000);
    expect((await beat(id)).body['status']).toBe('active');
  });

  it('[X9] of a stalled session whose pair is taken it is 409, and the session stays as it is', async () => {
    const pair = { project_id: 'pair-of-two', machine_id: 'machine-of-two' };
    const first = await startSession(test, pair);
    await test.post(at(first['session_id'], '/mark-stalled'), {}, key);
    const second = await startSession(test, pair);
    const before = await get(first['session_id']);
    expect(await beat(first['session_id'])).toMatchObject({
      status: 409,
      body: { code: 'SESSION_SUPERSEDED', details: { active_session_id: second['session_id'] } },
    });
    expect(await get(first['session_id'])).toEqual(before);
  });

  it('[2.2.d][2.2.f] a hundred at once all succeed, with one command of the database each', async () => {
    const { session_id: id } = await startSession(test);
    const client = test.app.get<Connection>(getConnectionToken()).getClient();
    const commands: string[] = [];
    const note = ({ commandName, command }: CommandStartedEvent): void => {
      if (command[commandName] === 'sessions') commands.push(commandName);
    };
    client.on('commandStarted', note);
    const answers = await Promise.all(Array.from({ length: 100 }, () => beat(id, { epoch: 1 })));
    client.off('commandStarted', note);
    expect(answers.filter((answer) => answer.status !== 200)).toEqual([]);
    expect(commands).toEqual(Array.from({ length: 100 }, () => 'findAndModify'));
    expect((await get(id))['heartbeat_count']).toBe(100);
  });

  it('[X3] racing mark-failed it never leaves a live session that has ended', async () => {
    const sessions = await Promise.all(Array.from({ length: 200 }, () => startSession(test)));
    await Promise.all(
      sessions.map(async ({ session_id: id }, i) => {
        if (i % 2 === 0) await test.post(at(id, '/mark-stalled'), {}, key);
        const race = [beat(id), test.post(at(id, '/mark-failed'), { error_message: 'race' }, key), beat(id)];
        if (i % 3 === 0) race.reverse();
        await Promise.all(race);
      }),
    );
    const ids = sessions.map(({ session_id: id }) => id);
    const records = await collectionOf(test, 'sessions')
      .find({ session_id: { $in: ids } })
      .toArray();
    expect(records).toHaveLength(200);
    for (const record of records) {
      expect(record).toMatchObject({ status: 'failed', completed_at: expect.any(Date) as Date, current_task_id: null });
      expect(record).not.toHaveProperty('active_key');
    }
  });

  it('carries task updates along: each is applied by itself, and the beat counts whatever becomes of them', async () => {
    const session = await startSession(test);
    const [first, second] = [await addTask(test, session), await addTask(test, session, ['in_progress'])];
    const foreign = await addTask(test, await startSession(test));
    const id = session['session_id'];
    const answer = await beat(id, {
      tasks: [
        { task_id: second['task_id'], status: 'completed' },
        { task_id: first['task_id'], status: 'in_progress' },
        { task_id: second['task_id'], status: 'in_progress' },
        { task_id: foreign['task_id'], status: 'completed' },
        { task_id: first['task_id'], status: 'failed' },
      ],
    });
    expect(answer).toMatchObject({
      status: 200,
      body: { heartbeat_count: 1, current_task_id: first['task_id'], message: 'heartbeat recorded' },
    });
    expect((answer.body['task_results'] as Wire[]).map((result) => [result['ok'], result.code])).toEqual([
      [true, undefined],
      [true, undefined],
      [false, 'INVALID_STATE'],
      [false, 'RESOURCE_NOT_FOUND'],
      [false, 'VALIDATION_REQUIRED_FIELD'],
    ]);
    expect((await test.get(`/api/tasks/${String(foreign['task_id'])}`, key)).body['status']).toBe('pending');
  });
});
