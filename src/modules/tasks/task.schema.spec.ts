import mongoose from 'mongoose';
import { aNewTask } from '../../../test/factories/tasks.js';
import { taskSchema } from './task.schema.js';

const Task = mongoose.model('TaskOfSpec', taskSchema(86_400));
const { id, organization, sessionId, projectId, name } = aNewTask();
const GOOD = { task_id: id, organization, session_id: sessionId, project_id: projectId, task_name: name };

/** Paths that validation refuses. */
function refusedIn(document: Record<string, unknown>): string[] {
  return Object.keys(new Task(document).validateSync()?.errors ?? {});
}

describe('the stored shape of a task', () => {
  it('[1.1.b] needs its required fields, and starts as pending with its defaults', () => {
    expect(refusedIn(GOOD)).toEqual([]);
    for (const field of Object.keys(GOOD)) {
      const { [field]: _left, ...rest } = GOOD as Record<string, unknown>;
      expect(refusedIn(rest)).toEqual([field]);
    }
    expect(new Task(GOOD).toObject()).toMatchObject({
      status: 'pending',
      attempt: 1,
      metadata: {},
      completed_at: null,
    });
  });

  it.each([
    ['status', 'stalled'],
    ['task_name', { text: 'no text' }],
    ['task_name', ''],
    ['task_name', 'x'.repeat(501)],
    ['project_id', 'x'.repeat(201)],
    ['started_at', 'not a date'],
    ['error_message', 'x'.repeat(4001)],
    ['github_issue_id', 'x'.repeat(201)],
    ['attempt', 'many'],
    ['attempt', 0],
  ])('[1.1.b] refuses %s %j', (field, value) => {
    expect(refusedIn({ ...GOOD, [field]: value })).toEqual([field]);
  });

  it('[1.1.b] refuses fields it does not know', () => {
    expect(() => new Task({ ...GOOD, colour: 'red' })).toThrow(/colour/);
  });
});
