import { createHmac } from 'node:crypto';
import { isIP } from 'node:net';
import { draft, type EventDraft } from '../../../shared/events/events.js';
import { isInside } from '../../../shared/http/public-address.js';
import { bodyOf, headersOf, nextAttempt, targetProblem, WEBHOOK_EVENTS } from './webhook.js';

const NOW = new Date('2026-03-01T12:00:00.900Z');
const SCOPE = {
  organization: 'demo',
  deploymentId: 'DT85S00',
  environment: 'dev' as const,
  operationId: 'op-4f0c8m2x1q9z',
};

describe('webhooks (api.md 6.2)', () => {
  it('carry what happened where, under one id', () => {
    const event = draft('rollback_complete', SCOPE, {
      ...{ status: 'rolled_back', rolledBackStacks: ['network'], failedStacks: [], durationSeconds: 3 },
    }) as EventDraft;
    expect(JSON.parse(bodyOf('wh-1', event, NOW))).toEqual({
      id: 'wh-1',
      type: 'rollback_complete',
      event: 'rollback.completed',
      timestamp: '2026-03-01T12:00:00.900Z',
      deploymentId: 'DT85S00',
      environment: 'dev',
      operationId: 'op-4f0c8m2x1q9z',
      status: 'rolled_back',
      data: event.data,
    });
  });

  it('are signed over the time of the attempt and the body', () => {
    const headers = headersOf('wh-1', '{"a":1}', 'a-key-of-16-chars', NOW);
    const expected = createHmac('sha256', 'a-key-of-16-chars').update('1772366400.{"a":1}').digest('hex');
    expect(headers).toMatchObject({
      'x-webhook-id': 'wh-1',
      'x-webhook-timestamp': '1772366400',
      'x-webhook-signature': `sha256=${expected}`,
    });
    const later = headersOf('wh-1', '{"a":1}', 'a-key-of-16-chars', new Date(NOW.getTime() + 2_000));
    expect(later['x-webhook-signature']).not.toBe(headers['x-webhook-signature']);
  });

  it('tell every end of a run', () => {
    const ends = ['deployment_complete', 'deployment_failed', 'deployment_cancelled', 'destroy_complete'];
    expect(WEBHOOK_EVENTS).toEqual(expect.arrayContaining([...ends, 'destroy_failed', 'rollback_complete']));
  });

  it.each([
    [1, 2_000],
    [2, 10_000],
    [3, 60_000],
    [4, null],
    [5, null],
  ])('after attempt %i wait %s ms', (begun, pause) => {
    expect(nextAttempt(begun, NOW)?.getTime() ?? null).toBe(pause === null ? null : NOW.getTime() + pause);
  });

  const problem = (url: string, allowPrivate: boolean): string | null =>
    targetProblem(url, allowPrivate, (host) => isIP(host) !== 0 && isInside(host));

  it.each([
    ['https://hooks.example.com/x?token=1', null, null],
    ['https://203.0.113.9/x', null, null],
    ['http://hooks.example.com/x', 'https', null],
    ['ftp://hooks.example.com/x', 'https', 'http'],
    ['nonsense', 'https', 'http'],
    ['https://user:pass@hooks.example.com/', 'user or password', 'user or password'],
    ['https://localhost/x', 'public', null],
    ['https://api.localhost/x', 'public', null],
    ['https://127.0.0.1/x', 'public', null],
    ['https://2130706433/x', 'public', null],
    ['https://0x7f.1/x', 'public', null],
    ['https://10.1.2.3/x', 'public', null],
    ['https://169.254.169.254/latest/meta-data', 'public', null],
    ['https://[::1]/x', 'public', null],
    ['https://[::ffff:127.0.0.1]/x', 'public', null],
    ['https://[fd00::1]/x', 'public', null],
    ['http://127.0.0.1:8080/x', 'https', null],
  ])('%s is refused with %s, for local use with %s', (url, strict, local) => {
    const expected = (told: string | null): unknown => (told === null ? null : expect.stringContaining(told));
    expect([problem(url, false), problem(url, true)]).toEqual(
      [expected(strict), expected(local)].map((e) => e ?? null),
    );
  });
});
