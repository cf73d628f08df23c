import { judgeLock } from './stale-lock.js';

const lock = { user: 'cloud', host: 'here', pid: 42, lockedAt: '2030-01-01T10:00:00Z' };
const left = { id: 'run-1', host: 'there', startedAt: '2030-01-01T10:00:00.400Z' };

describe('judgeLock', () => {
  it.each([
    ['a process that is gone on this machine', lock, null, false, true],
    ['a process that still runs on this machine', lock, null, true, false],
    ['the run that never ended, on another machine', { ...lock, host: 'there' }, left, true, true],
    [
      'a lock of another machine from before that run',
      { ...lock, host: 'there', lockedAt: '2030-01-01T09:00:00Z' },
      left,
      false,
      false,
    ],
    ['a machine that no run of ours was on', { ...lock, host: 'laptop' }, left, false, false],
    ['another machine when all our runs have ended', { ...lock, host: 'there' }, null, false, false],
  ])('%s', (_, holder, open, isAlive, isStale) => {
    const judged = judgeLock(holder, { host: 'here', left: open, isAlive: () => isAlive });
    expect(judged.isStale).toBe(isStale);
    expect(judged.reason).toContain(`cloud@${holder.host} (process 42`);
  });
});
