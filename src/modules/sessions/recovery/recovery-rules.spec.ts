import { aSession } from '../../../../test/factories/sessions.js';
import { blockOf, inheritedMetadata, nextAttempt, type RecoveryBlock } from './recovery-rules.js';

describe('rules of recovery', () => {
  it.each([
    [0, 0, 1],
    [2, 0, 3],
    [2, 1, 1],
    [3, 7, 1],
  ])('[9.1] after %i recoveries and %i completed tasks the next attempt is number %i', (attempts, completed, next) => {
    expect(nextAttempt({ recoveryAttempts: attempts }, completed)).toBe(next);
  });

  it.each<[string, Parameters<typeof aSession>[0], number, number, RecoveryBlock | null]>([
    ['a failed one can', { status: 'failed' }, 0, 3, null],
    ['a stalled one can', { status: 'stalled' }, 0, 3, null],
    ['an active one cannot', { status: 'active' }, 0, 3, 'not_failed_or_stalled'],
    ['a paused one cannot', { status: 'paused' }, 0, 3, 'not_failed_or_stalled'],
    ['a completed one cannot', { status: 'completed' }, 0, 3, 'not_failed_or_stalled'],
    ['a recovered one says so first', { status: 'completed', recoveredTo: 'x' }, 0, 3, 'already_recovered'],
    ['the third attempt is the last', { status: 'failed', recoveryAttempts: 2 }, 0, 3, null],
    ['beyond it the limit blocks', { status: 'failed', recoveryAttempts: 3 }, 0, 3, 'recovery_limit_reached'],
    ['unless it made progress', { status: 'failed', recoveryAttempts: 3 }, 1, 3, null],
    ['or there is no limit', { status: 'failed', recoveryAttempts: 99 }, 0, 0, null],
  ])('[9.1] %s', (_what, fields, completed, limit, block) => {
    expect(blockOf(aSession(fields), completed, limit)).toBe(block);
  });

  it('[9.1] the new session inherits what clients wrote, not what the server noted', () => {
    const metadata = { branch: 'main', error_message: 'x', recovery: { attempt: 1 } };
    expect(inheritedMetadata(metadata, ['error_message', 'recovery'])).toEqual({ branch: 'main' });
  });
});
