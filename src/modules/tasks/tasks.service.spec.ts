import { aTask } from '../../../test/factories/tasks.js';
import { eventLogInMemory } from '../../../test/fakes/event-log.js';
import { FakeTaskSessionReads, FakeTasksRepository } from '../../../test/fakes/fake-tasks.repository.js';
import { ManualClock } from '../../../test/fakes/manual-clock.js';
import { EventLog } from '../../shared/events/event-log.js';
import type { EventDraft } from '../../shared/events/events.js';
import { RandomIds } from '../../shared/kernel/ids.js';
import { configureLog } from '../../shared/kernel/log.js';
import type { TaskSessionReads } from './session.reads.js';
import type { Task, TaskDraft, TaskStatus } from './task.js';
import type { TasksRepository } from './tasks.repository.js';
import { TasksService } from './tasks.service.js';

configureLog({ level: 'silent', toStderr: false, format: 'json' });

const CALLER = { organization: 'acme', id: 'key-1' };
const SESSION = { organization: 'acme', id: 's1', projectId: 'shop', machineId: 'machine-1' };
const ENDED = new Date('2029-12-31T00:00:00Z');
const nothing = async (): Promise<void> => undefined;

function aRig() {
  const clock = new ManualClock();
  const { log, events } = eventLogInMemory(clock);
  const tasks = new FakeTasksRepository(() => clock.now());
  const sessions = new FakeTaskSessionReads();
  sessions.add({ id: 's1' });
  const service = new TasksService(
    tasks as unknown as TasksRepository,
    sessions as unknown as TaskSessionReads,
    log as EventLog,
    new RandomIds(),
  );
  const add = (fields: Partial<Task> = {}): Task => {
    const task = aTask({ sessionId: 's1', ...fields });
    tasks.add(task);
    return task;
  };
  const drafts: EventDraft[] = [];
  const append = (one: EventDraft): void => void drafts.push(one);
  const told = () => events.rows.map(({ type, scope, data }) => ({ type, scope, data }));
  return { clock, service, tasks, sessions, add, append, drafts, told };
}
const aDraft = (fields: Partial<TaskDraft> = {}): TaskDraft => ({
  sessionId: 's1',
  projectId: 'shop',
  name: 'Write',
  ...fields,
});

describe('creating tasks', () => {
  it('[3.1.a] makes a pending one and tells the channels of its session, project and machine', async () => {
    const { service, told } = aRig();
    const answered: Task[] = [];
    const draft = aDraft({ metadata: { a: 1, b: null } });
    const task = await service.create(CALLER, draft, async (made) => void answered.push(made));
    expect(task).toMatchObject({ status: 'pending', attempt: 1, metadata: { a: 1 }, retryOf: null });
    expect(answered).toEqual([task]);
    expect(told()).toEqual([
      {
        type: 'task_created',
        scope: {
          organization: 'acme',
          sessionId: 's1',
          sessionProjectId: 'shop',
          machineId: 'machine-1',
          taskId: task.id,
        },
        data: { task_id: task.id, session_id: 's1', project_id: 'shop', status: 'pending' },
      },
    ]);
  });

  it.each([
    [{ sessionId: 'invalid-uuid' }, 'SESSION_REFERENCE_INVALID', 'tasks[1].session_id'],
    [{ projectId: 'other' }, 'PROJECT_MISMATCH', 'tasks[1].project_id'],
  ])('[3.1.b] %j is refused, and nothing of the list is stored', async (wrong, code, field) => {
    const { service, tasks } = aRig();
    const list = [aDraft(), aDraft(wrong)];
    await expect(service.createAll(CALLER, list, nothing)).rejects.toMatchObject({ code, details: [{ field }] });
    expect(tasks.rows.size).toBe(0);
  });

  it("another organization's session is no session", async () => {
    const { service, sessions } = aRig();
    sessions.add({ id: 'foreign', organization: 'other' });
    const made = service.create(CALLER, aDraft({ sessionId: 'foreign' }), nothing);
    await expect(made).rejects.toMatchObject({ code: 'SESSION_REFERENCE_INVALID', status: 400 });
  });

  it('one of a closed session expires with it', async () => {
    const { service, sessions, tasks } = aRig();
    sessions.add({ id: 's1', status: 'completed', isTerminal: true, closedAt: ENDED });
    const task = await service.create(CALLER, aDraft(), nothing);
    expect(tasks.rows.get(task.id)?.sessionClosedAt).toEqual(ENDED);
  });
});

describe('changing tasks', () => {
  it('tells what changed and what it was before', async () => {
    const { service, add, told } = aRig();
    const { id } = add();
    await service.update(CALLER, id, { status: 'failed', errorMessage: 'no', githubIssueId: '7', metadata: { a: 1 } });
    const changed = ['status', 'error_message', 'github_issue_id', 'metadata'];
    expect(told()).toMatchObject([
      { type: 'task_updated', data: { status: 'failed', previous_status: 'pending', changed } },
    ]);
  });

  it('the same status again changes nothing and tells nothing', async () => {
    const { service, add, told, clock } = aRig();
    const task = add({ status: 'failed', errorMessage: 'first' });
    await clock.advance(1000);
    expect(await service.update(CALLER, task.id, { status: 'failed', errorMessage: 'second' })).toEqual(task);
    expect(await service.update(CALLER, task.id, { status: 'failed' })).toEqual(task);
    expect(await service.update(CALLER, task.id, {})).toEqual(task);
    expect(told()).toEqual([]);
  });

  it('an illegal move says from where to where, and what is open', async () => {
    const { service, add } = aRig();
    const { id } = add({ status: 'completed' });
    await expect(service.update(CALLER, id, { status: 'in_progress' })).rejects.toMatchObject({
      code: 'INVALID_STATE',
      status: 400,
      details: { task_id: id, from: 'completed', to: 'in_progress' },
      message: expect.stringContaining('blocked') as string,
    });
  });

  it.each([
    ['pending', { status: 'failed' }],
    ['pending', { status: 'failed', errorMessage: null }],
    ['pending', { status: 'failed', errorMessage: '  ' }],
    ['failed', { errorMessage: null }],
    ['pending', { errorMessage: 'x'.repeat(4001) }],
  ] as const)('[3.1.g] %s and %j: the message is refused', async (status, change) => {
    const { service, add, told } = aRig();
    const { id } = add({ status, errorMessage: status === 'failed' ? 'old' : null });
    const update = service.update(CALLER, id, change);
    await expect(update).rejects.toMatchObject({ status: 400, details: [{ field: 'error_message' }] });
    expect(told()).toEqual([]);
  });

  it('nothing starts in a session that is over or gone', async () => {
    const { service, sessions, add } = aRig();
    sessions.add({ id: 'over', status: 'failed', isTerminal: true });
    for (const sessionId of ['over', 'gone']) {
      const { id } = add({ sessionId });
      await expect(service.update(CALLER, id, { status: 'in_progress' })).rejects.toMatchObject({
        code: 'INVALID_STATE',
        details: { from: 'pending', to: 'in_progress', session_id: sessionId },
      });
      expect((await service.update(CALLER, id, { status: 'blocked' })).status).toBe('blocked');
    }
  });

  it('metadata that would grow beyond the limit is refused', async () => {
    const { service, add } = aRig();
    const { id } = add({ metadata: { a: 'x'.repeat(60_000) } });
    const update = service.update(CALLER, id, { metadata: { b: 'x'.repeat(6000) } });
    await expect(update).rejects.toMatchObject({ status: 400, details: [{ field: 'metadata' }] });
  });

  it('of a list each stands for itself, and what no caller can mend is thrown', async () => {
    const { service, add, tasks } = aRig();
    const [a, b] = [add(), add({ status: 'completed' })];
    const to = (taskId: string, status: TaskStatus) => ({ taskId, change: { status } });
    const outcomes = await service.updateEach(CALLER, [
      to(a.id, 'in_progress'),
      to(b.id, 'pending'),
      to('unknown', 'pending'),
      to(a.id, 'completed'),
    ]);
    expect(outcomes).toMatchObject([
      { ok: true, taskId: a.id, task: { status: 'in_progress' } },
      { ok: false, taskId: b.id, code: 'INVALID_STATE' },
      { ok: false, taskId: 'unknown', code: 'RESOURCE_NOT_FOUND', message: 'Task unknown not found' },
      { ok: true, task: { status: 'completed' } },
    ]);
    tasks.find = () => Promise.reject(new RangeError('the database is gone'));
    await expect(service.updateEach(CALLER, [to(a.id, 'pending')])).rejects.toThrow('the database is gone');
  });

  it('a removed one is told, an unknown or foreign one is not found', async () => {
    const { service, add, told } = aRig();
    const { id } = add();
    const foreign = add({ organization: 'other' });
    await service.remove(CALLER, id);
    expect(told()).toMatchObject([{ type: 'task_deleted', data: { task_id: id, status: 'pending' } }]);
    for (const missing of [id, foreign.id, 'unknown']) {
      await expect(service.remove(CALLER, missing)).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND', status: 404 });
      await expect(service.get(CALLER, missing)).rejects.toMatchObject({ details: { resource: 'task', id: missing } });
    }
  });
});

describe('what sessions do to their tasks', () => {
  it('a failure fails the running ones, one event each, and retention begins for all', async () => {
    const { service, add, append, drafts, tasks } = aRig();
    const [running, waiting] = [add({ status: 'in_progress' }), add()];
    add({ status: 'in_progress', sessionId: 's2' });
    const failed = await service.closeFor(append, { ...SESSION, completedAt: ENDED }, 'Session s1 failed: crashed');
    expect(failed).toBe(1);
    expect(tasks.rows.get(running.id)?.task).toMatchObject({
      status: 'failed',
      errorMessage: 'Session s1 failed: crashed',
    });
    expect(drafts).toMatchObject([
      { type: 'task_updated', data: { task_id: running.id, previous_status: 'in_progress', status: 'failed' } },
    ]);
    expect([running, waiting].map(({ id }) => tasks.rows.get(id)?.sessionClosedAt)).toEqual([ENDED, ENDED]);
    await service.keepArchived(SESSION);
    expect(tasks.rows.get(waiting.id)?.sessionClosedAt).toBeNull();
    expect(await service.removeOf(SESSION)).toBe(2);
    expect(tasks.rows.size).toBe(1);
  });

  it('a completion leaves the tasks as they are', async () => {
    const { service, add, append, drafts, tasks, clock } = aRig();
    const { id } = add({ status: 'in_progress' });
    expect(await service.closeFor(append, SESSION, null)).toBe(0);
    expect(tasks.rows.get(id)).toMatchObject({ task: { status: 'in_progress' }, sessionClosedAt: clock.now() });
    expect(drafts).toEqual([]);
  });

  it.each([
    [{ resetFailed: true, carryPending: false }, ['failed']],
    [{ resetFailed: false, carryPending: true }, ['pending', 'blocked']],
    [{ resetFailed: true, carryPending: true }, ['failed', 'pending', 'blocked']],
    [{ resetFailed: false, carryPending: false }, []],
  ])('[3.3.e] a recovery with %j copies %j', async (options, wanted) => {
    const { service, add, append, drafts, tasks } = aRig();
    const originals = (['failed', 'pending', 'blocked', 'completed', 'in_progress'] as const).map((status) =>
      add({ status, githubIssueId: status, errorMessage: status === 'failed' ? 'no' : null, metadata: { of: status } }),
    );
    const to = { ...SESSION, id: 's2', machineId: 'machine-2' };
    const copies = await service.copyForRecovery(append, SESSION, to, options);
    expect(copies.map((copy) => copy.githubIssueId)).toEqual(wanted);
    for (const copy of copies) {
      const original = originals.find((task) => task.id === copy.retryOf);
      const isRetry = original?.status === 'failed';
      expect(copy).toMatchObject({
        sessionId: 's2',
        status: isRetry ? 'pending' : original?.status,
        attempt: isRetry ? 2 : 1,
        errorMessage: null,
        metadata: original?.metadata,
      });
    }
    expect(drafts.map(({ type, scope }) => [type, scope.machineId])).toEqual(
      wanted.map(() => ['task_created', 'machine-2']),
    );
    for (const task of originals) expect(tasks.rows.get(task.id)?.task).toEqual(task);
  });

  it('orphans go, as many as allowed; tasks of living sessions and young ones stay', async () => {
    const { service, add, tasks } = aRig();
    const old = new Date('2020-01-01T00:00:00Z');
    const [kept, young] = [add({ createdAt: old }), add({ sessionId: 'gone' })];
    for (let i = 0; i < 5; i += 1) add({ createdAt: old, sessionId: `gone-${i % 2}` });
    expect(await service.removeOrphans(new Date('2021-01-01T00:00:00Z'), 3)).toBe(3);
    expect(await service.removeOrphans(new Date('2021-01-01T00:00:00Z'), 100)).toBe(2);
    expect([...tasks.rows.keys()]).toEqual([kept.id, young.id]);
  });
});
