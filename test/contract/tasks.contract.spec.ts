import { randomBytes, randomUUID } from 'node:crypto';
import mongoose, { type Connection } from 'mongoose';
import { SESSIONS_OF_TASKS, sessionsOfTasksSchema, TaskSessionReads } from '../../src/modules/tasks/session.reads.js';
import { type Task, TASK_MOVES, TASK_STATUSES, type TaskStatus } from '../../src/modules/tasks/task.js';
import { TASKS, type TaskRecord, taskSchema } from '../../src/modules/tasks/task.schema.js';
import { TasksRepository } from '../../src/modules/tasks/tasks.repository.js';
import { UnitOfWork } from '../../src/shared/database/unit-of-work.js';
import { aSessionRecord } from '../factories/sessions.js';
import { aNewTask } from '../factories/tasks.js';
import { FakeTasksRepository } from '../fakes/fake-tasks.repository.js';

interface Store {
  readonly tasks: Pick<TasksRepository, keyof TasksRepository>;
  /** The internal stamp of a task. */
  closedAt(id: string): Promise<Date | null>;
  /** As if it had been made then. */
  backdate(ids: readonly string[], createdAt: Date): Promise<void>;
}

let connection: Connection;
beforeAll(async () => {
  mongoose.set('transactionAsyncLocalStorage', true);
  connection = await mongoose
    .createConnection(String(process.env['MONGODB_URI']), {
      dbName: `tasks_${randomBytes(4).toString('hex')}`,
      autoIndex: false,
      autoCreate: false,
    })
    .asPromise();
});
afterAll(async () => {
  await connection.dropDatabase();
  await connection.close();
});

async function onDatabase(): Promise<Store> {
  const model = connection.model<TaskRecord>(TASKS, taskSchema(86_400));
  const tasks = new TasksRepository(model);
  await tasks.prepare();
  return {
    tasks,
    closedAt: async (id) => (await model.findOne({ task_id: id }).lean<TaskRecord>())?.session_closed_at ?? null,
    backdate: async (ids, createdAt) => {
      await model.collection.updateMany({ task_id: { $in: [...ids] } }, { $set: { created_at: createdAt } });
    },
  };
}

async function inMemory(): Promise<Store> {
  const tasks = new FakeTasksRepository(() => new Date());
  return {
    tasks,
    closedAt: async (id) => tasks.rows.get(id)?.sessionClosedAt ?? null,
    backdate: async (ids, createdAt) => {
      for (const id of ids) {
        const row = tasks.rows.get(id);
        if (row) tasks.rows.set(id, { ...row, task: { ...row.task, createdAt } });
      }
    },
  };
}

const secondsOld = (date: Date | null): number => (date ? Math.abs(Date.now() - date.getTime()) / 1000 : Infinity);
/** A legal way to each status. */
const WAY: Readonly<Record<TaskStatus, readonly TaskStatus[]>> = {
  pending: [],
  in_progress: ['in_progress'],
  completed: ['completed'],
  failed: ['failed'],
  blocked: ['blocked'],
};

describe.each([
  ['in memory', inMemory],
  ['on the database', onDatabase],
])('tasks %s', (_name, open) => {
  let store: Store;
  let tasks: Store['tasks'];
  beforeAll(async () => {
    store = await open();
    tasks = store.tasks;
  });
  const inStatus = async (status: TaskStatus): Promise<Task> => {
    let [task] = (await tasks.insert([aNewTask({ sessionId: randomUUID(), metadata: { keep: 'me' } })])) as [Task];
    for (const next of WAY[status]) {
      const text = next === 'failed' ? { errorMessage: '$status is no expression' } : {};
      task = (await tasks.change('acme', task.id, { status: next, ...text })) as Task;
    }
    return task;
  };

  it('a new one has the time of the database and comes back in the given order', async () => {
    const given = [aNewTask({ name: 'one' }), aNewTask({ name: 'two', metadata: { text: '$task_id' } })];
    const made = await tasks.insert(given);
    expect(made.map((task) => task.name)).toEqual(['one', 'two']);
    expect(made[1]?.metadata).toEqual({ text: '$task_id' });
    for (const task of made) {
      expect(secondsOld(task.createdAt)).toBeLessThan(5);
      expect(task.updatedAt).toEqual(task.createdAt);
      expect(await tasks.find('acme', task.id)).toEqual(task);
      expect(await tasks.find('other', task.id)).toBeNull();
    }
  });

  it('every move of the table happens, and no other', async () => {
    for (const from of TASK_STATUSES) {
      for (const to of TASK_STATUSES) {
        const before = await inStatus(from);
        const after = await tasks.change('acme', before.id, { status: to, errorMessage: 'why' });
        if (TASK_MOVES[from].includes(to)) expect(after?.status).toBe(to);
        else expect([after, await tasks.find('acme', before.id)]).toEqual([null, before]);
      }
    }
  });

  it('starting and ending set their times, going back clears them', async () => {
    const started = await inStatus('in_progress');
    expect(secondsOld(started.startedAt)).toBeLessThan(5);
    expect(started.completedAt).toBeNull();
    const done = await tasks.change('acme', started.id, { status: 'completed' });
    expect(done?.startedAt).toEqual(started.startedAt);
    expect(secondsOld(done?.completedAt ?? null)).toBeLessThan(5);
    const blocked = await tasks.change('acme', started.id, { status: 'blocked' });
    expect(blocked).toMatchObject({ startedAt: started.startedAt, completedAt: null });
    const resumed = await tasks.change('acme', started.id, { status: 'in_progress' });
    expect(resumed?.startedAt).toEqual(started.startedAt);
    expect(await tasks.change('acme', started.id, { status: 'pending' })).toMatchObject({ startedAt: null });
    const leapt = await inStatus('completed');
    expect(leapt.startedAt).toEqual(leapt.completedAt);
    expect(leapt.startedAt).not.toBeNull();
  });

  it('a retry counts, and keeps the old message in the metadata', async () => {
    const failed = await inStatus('failed');
    expect(failed.errorMessage).toBe('$status is no expression');
    const retry = await tasks.change('acme', failed.id, { status: 'pending', metadata: { run: 2, keep: null } });
    expect(retry).toMatchObject({ status: 'pending', attempt: 2, errorMessage: null, completedAt: null });
    expect(retry?.metadata).toEqual({ run: 2, last_error: '$status is no expression' });
    const again = await tasks.change('acme', failed.id, { status: 'in_progress' });
    expect(again?.attempt).toBe(2);
    expect(secondsOld(again?.startedAt ?? null)).toBeLessThan(5);
  });

  it('fields change without a move; foreign tasks do not', async () => {
    const task = await inStatus('pending');
    const after = await tasks.change('acme', task.id, { githubIssueId: '$7', metadata: { a: { b: '$x' } } });
    expect(after).toMatchObject({ status: 'pending', githubIssueId: '$7', metadata: { keep: 'me', a: { b: '$x' } } });
    expect((await tasks.change('acme', task.id, { githubIssueId: null }))?.githubIssueId).toBeNull();
    expect(await tasks.change('other', task.id, { status: 'in_progress' })).toBeNull();
    expect(await tasks.remove('other', task.id)).toBeNull();
    expect((await tasks.remove('acme', task.id))?.id).toBe(task.id);
    expect(await tasks.find('acme', task.id)).toBeNull();
  });

  it('pages are newest first; a cursor stays exact while rows come', async () => {
    const organization = randomUUID();
    const made = await tasks.insert([1, 2, 3, 4, 5].map((n) => aNewTask({ organization, name: `${n}` })));
    const first = await tasks.list(organization, {}, { limit: 2, offset: 0, after: null });
    expect([first.tasks.map((t) => t.name), first.total]).toEqual([['5', '4'], 5]);
    await tasks.insert([aNewTask({ organization, name: '6' })]);
    const second = await tasks.list(organization, {}, { limit: 3, offset: 0, after: first.next });
    expect([second.tasks.map((t) => t.name), second.next]).toEqual([['3', '2', '1'], null]);
    const skipped = await tasks.list(organization, {}, { limit: 2, offset: 5, after: null });
    expect(skipped.tasks.map((t) => t.name)).toEqual(['1']);
    expect(made).toHaveLength(5);
  });

  it('filters and statistics see the tasks of their session, project and status', async () => {
    const organization = randomUUID();
    const [a, b] = [randomUUID(), randomUUID()];
    const [one, two] = (await tasks.insert([
      aNewTask({ organization, sessionId: a, projectId: 'p1' }),
      aNewTask({ organization, sessionId: a, projectId: 'p1' }),
      aNewTask({ organization, sessionId: b, projectId: 'p2' }),
    ])) as [Task, Task];
    await tasks.change(organization, one.id, { status: 'completed' });
    const list = async (filter: Parameters<Store['tasks']['list']>[1]): Promise<number> =>
      (await tasks.list(organization, filter, { limit: 50, offset: 0, after: null })).total;
    expect(await list({ sessionId: a })).toBe(2);
    expect(await list({ sessionId: a, status: 'completed' })).toBe(1);
    expect(await list({ projectId: 'p2' })).toBe(1);
    expect(await list({ updatedSince: new Date(Date.now() + 60_000) })).toBe(0);
    expect(await list({ updatedSince: two.updatedAt })).toBe(3);
    expect((await tasks.listOfSession(organization, a)).map((task) => task.id)).toEqual([one.id, two.id]);
    expect(await tasks.statsOf(organization, { sessionId: a })).toEqual({
      total: 2,
      byStatus: { pending: 1, in_progress: 0, completed: 1, failed: 0, blocked: 0 },
      completionPercentage: 50,
    });
    expect(await tasks.statsOf(organization, {})).toMatchObject({ total: 3, completionPercentage: 33 });
  });

  it('a failing session takes its running tasks along, and only those', async () => {
    const sessionId = randomUUID();
    const [running, waiting] = (await tasks.insert([aNewTask({ sessionId }), aNewTask({ sessionId })])) as [Task, Task];
    await tasks.change('acme', running.id, { status: 'in_progress' });
    expect(await tasks.failRunning('acme', sessionId, '$session died')).toMatchObject([
      { id: running.id, status: 'failed', errorMessage: '$session died', completedAt: expect.any(Date) as Date },
    ]);
    expect(await tasks.failRunning('acme', sessionId, 'again')).toEqual([]);
    expect((await tasks.find('acme', waiting.id))?.status).toBe('pending');
  });

  it('retention counts from the first end of the session, and not at all once it is archived', async () => {
    const sessionId = randomUUID();
    const [task] = (await tasks.insert([aNewTask({ sessionId })])) as [Task];
    expect(await store.closedAt(task.id)).toBeNull();
    const closedAt = new Date('2031-01-01T00:00:00Z');
    await tasks.stampClosed('acme', sessionId, closedAt);
    await tasks.stampClosed('acme', sessionId, null);
    expect(await store.closedAt(task.id)).toEqual(closedAt);
    await tasks.unstampClosed('other', sessionId);
    expect(await store.closedAt(task.id)).toEqual(closedAt);
    await tasks.unstampClosed('acme', sessionId);
    expect(await store.closedAt(task.id)).toBeNull();
    await tasks.stampClosed('acme', sessionId, null);
    expect(secondsOld(await store.closedAt(task.id))).toBeLessThan(5);
    expect((await tasks.find('acme', task.id))?.updatedAt).toEqual(task.updatedAt);
  });

  it('tasks go with their session, and orphans up to a limit and an age', async () => {
    const [gone, kept] = [`0${randomUUID()}`, `1${randomUUID()}`];
    const made = await tasks.insert([0, 1, 2].map(() => aNewTask({ sessionId: gone })));
    await tasks.insert([aNewTask({ sessionId: kept })]);
    const past = new Date('2020-01-01T00:00:00Z');
    const cutoff = new Date('2020-01-02T00:00:00Z');
    expect(await tasks.sessionsWithTasks(cutoff, '', 10)).toEqual([]);
    await store.backdate(
      made.map((task) => task.id),
      past,
    );
    expect(await tasks.sessionsWithTasks(cutoff, '', 10)).toEqual([gone]);
    expect(await tasks.sessionsWithTasks(cutoff, gone, 10)).toEqual([]);
    expect(await tasks.removeOfSessions([gone, kept], cutoff, 2)).toBe(2);
    expect(await tasks.removeOfSessions([gone, kept], cutoff, 2)).toBe(1);
    expect(await tasks.removeOfSession('other', kept)).toBe(0);
    expect(await tasks.removeOfSession('acme', kept)).toBe(1);
  });
});

describe('tasks and their sessions on the database', () => {
  it('sees the sessions of its organization, inside the running unit of work too', async () => {
    const reads = new TaskSessionReads(connection.model(SESSIONS_OF_TASKS, sessionsOfTasksSchema) as never);
    const ended = new Date('2031-01-01T00:00:00Z');
    const over = { status: 'completed', completedAt: ended } as const;
    const records = [{}, over, { ...over, isArchived: true }].map((fields) => aSessionRecord(fields));
    await connection.collection('sessions').insertMany(records as never[]);
    const seen = await Promise.all(records.map((one) => reads.find('acme', one.session_id)));
    expect(seen.map((one) => [one?.isTerminal, one?.closedAt])).toEqual([
      [false, null],
      [true, ended],
      [true, null],
    ]);
    const id = records[0]?.session_id ?? '';
    expect(await reads.find('other', id)).toBeNull();
    expect(await reads.existing([id, 'gone'])).toEqual(new Set([id]));
    const model = connection.model(SESSIONS_OF_TASKS);
    await new UnitOfWork(connection).run(async () => {
      await model.updateOne({ session_id: id }, { $set: { status: 'failed' } });
      expect((await reads.find('acme', id))?.isTerminal).toBe(true);
    });
  });
});

describe('query plans of tasks', () => {
  beforeAll(async () => {
    const tasks = new TasksRepository(
      connection.models[TASKS] ?? connection.model<TaskRecord>(TASKS, taskSchema(86_400)),
    );
    await tasks.prepare();
    await tasks.insert(Array.from({ length: 200 }, (_, i) => aNewTask({ organization: `plans-${i % 2}` })));
  });
  const own = { organization: 'plans-1' };
  it.each([
    ['one by its id', { task_id: 'x', ...own }],
    ['a move', { task_id: 'x', ...own, status: { $in: ['pending', 'blocked'] } }],
    ['those that fail with their session', { task_id: { $in: ['x', 'y'] }, ...own, status: 'in_progress' }],
  ])('%s: by the id, whatever the organization holds', async (_what, filter) => {
    const plan = await connection.collection(TASKS).find(filter).explain();
    const indexes = [...JSON.stringify(plan).matchAll(/"indexName":"(\w+)"/g)].map(([, name]) => name ?? '');
    expect(indexes.length).toBeGreaterThan(0);
    expect(indexes.filter((name) => !name.startsWith('task_id_1'))).toEqual([]);
  });
});
