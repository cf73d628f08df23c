import { aTask } from '../../../test/factories/tasks.js';
import { moved, TASK_MOVES, TASK_STATUSES, taskSourcesOf, toTaskStats } from './task.js';

const NOW = new Date('2030-06-01T12:00:00Z');
const BEFORE = new Date('2030-05-01T12:00:00Z');

describe('moves of a task', () => {
  it('are those of sessions.md 4.2', () => {
    const table = TASK_STATUSES.map((from) => [from, TASK_STATUSES.filter((to) => TASK_MOVES[from].includes(to))]);
    expect(Object.fromEntries(table)).toEqual({
      pending: ['in_progress', 'completed', 'failed', 'blocked'],
      in_progress: ['pending', 'completed', 'failed', 'blocked'],
      completed: ['blocked'],
      failed: ['pending', 'blocked'],
      blocked: ['pending', 'in_progress'],
    });
    expect(taskSourcesOf('completed')).toEqual(['pending', 'in_progress']);
  });

  it.each([
    ['pending', 'in_progress', { startedAt: NOW, completedAt: null }],
    ['pending', 'completed', { startedAt: NOW, completedAt: NOW }],
    ['in_progress', 'completed', { startedAt: BEFORE, completedAt: NOW, errorMessage: null }],
    ['in_progress', 'failed', { startedAt: BEFORE, completedAt: NOW, errorMessage: 'new' }],
    ['in_progress', 'pending', { startedAt: null, completedAt: null }],
    ['completed', 'blocked', { startedAt: BEFORE, completedAt: null }],
    ['failed', 'blocked', { completedAt: null, errorMessage: 'old' }],
    ['failed', 'pending', { startedAt: null, completedAt: null, errorMessage: null, attempt: 4 }],
    ['blocked', 'in_progress', { startedAt: BEFORE, errorMessage: null, attempt: 3 }],
  ] as const)('%s → %s has its effects', (status, to, expected) => {
    const startedAt = status === 'pending' ? null : BEFORE;
    const isEnd = status === 'completed' || status === 'failed';
    const errorMessage = status === 'failed' || status === 'blocked' ? 'old' : null;
    const task = aTask({ status, startedAt, completedAt: isEnd ? BEFORE : null, errorMessage, attempt: 3 });
    expect(moved(task, to, to === 'failed' ? 'new' : undefined, NOW)).toMatchObject({ status: to, ...expected });
  });

  it('a retry keeps the old message in the metadata', () => {
    const task = aTask({ status: 'failed', errorMessage: 'old', metadata: { a: 1 } });
    expect(moved(task, 'pending', undefined, NOW).metadata).toEqual({ a: 1, last_error: 'old' });
  });

  it('statistics count every status and round the share of completed ones', () => {
    expect(toTaskStats({ completed: 2, failed: 1 })).toEqual({
      total: 3,
      byStatus: { pending: 0, in_progress: 0, completed: 2, failed: 1, blocked: 0 },
      completionPercentage: 67,
    });
    expect(toTaskStats({})).toMatchObject({ total: 0, completionPercentage: 0 });
  });
});
