import { randomUUID } from 'node:crypto';
import type { Task } from '../../src/modules/tasks/task.js';
import type { NewTask } from '../../src/modules/tasks/tasks.repository.js';

const START = new Date('2030-01-01T00:00:00Z');

/** A pending task of session `session-1` of `acme`; each has an id of its own. */
export function aTask(fields: Partial<Task> = {}): Task {
  return {
    id: randomUUID(),
    organization: 'acme',
    sessionId: 'session-1',
    projectId: 'shop',
    githubIssueId: null,
    name: 'Write tests',
    status: 'pending',
    startedAt: null,
    completedAt: null,
    errorMessage: null,
    metadata: {},
    attempt: 1,
    retryOf: null,
    createdAt: START,
    updatedAt: START,
    ...fields,
  };
}

export function aNewTask(fields: Partial<NewTask> = {}): NewTask {
  const { startedAt: _s, completedAt: _c, createdAt: _a, updatedAt: _u, ...rest } = aTask();
  return { ...rest, sessionClosedAt: null, ...fields };
}
