import { aPrincipal } from '../../../../test/factories/principals.js';
import { testConfig } from '../../../../test/fakes/auth-rig.js';
import { ManualClock } from '../../../../test/fakes/manual-clock.js';
import type { RateClass } from '../../../shared/http/allow.js';
import type { Principal } from '../../../shared/http/principal.js';
import { type RequestContext, runInContext } from '../../../shared/http/request-context.js';
import { configureLog } from '../../../shared/kernel/log.js';
import { MemoryRateLimitStore } from './memory.rate-limit-store.js';
import { type LimitedRequest, RateLimits } from './rate-limits.service.js';

const MINUTE = 60_000;
configureLog({ level: 'silent', toStderr: false, format: 'json' });

let clock: ManualClock;
let store: MemoryRateLimitStore;
let limits: RateLimits;
function start(settings: Readonly<Record<string, string>> = {}): void {
  clock = new ManualClock();
  store = new MemoryRateLimitStore(clock);
  limits = new RateLimits(store, testConfig(settings), clock);
}
beforeEach(() => start());

interface Outcome {
  readonly status: number;
  readonly error?: unknown;
  readonly rateLimit: RequestContext['rateLimit'];
}

function call(
  principal: Principal | undefined,
  rateClass?: RateClass,
  request: Partial<LimitedRequest> = {},
  counted = true,
): Outcome {
  const context: RequestContext = { requestId: 'r', correlationId: 'r', startedAt: 0 };
  return runInContext(context, () => {
    try {
      limits.take(limits.bucketsOf({ ip: '10.0.0.1', ...request }, rateClass, principal), counted);
      return { status: 200, rateLimit: context.rateLimit };
    } catch (error) {
      return { status: (error as { status: number }).status, error, rateLimit: context.rateLimit };
    }
  });
}

/** How many calls pass before the first 429. */
function passing(next: () => Outcome, most = 2_000): number {
  for (let i = 0; i < most; i += 1) if (next().status === 429) return i;
  return most;
}

const key = aPrincipal({ kind: 'api_key', id: 'key-1' });
const login = (username: unknown, ip = '10.0.0.1'): Outcome => call(undefined, 'AUTH', { ip, body: { username } });

describe('limits of the table', () => {
  it.each<[string, number, () => Outcome]>([
    ['a key', 100, () => call(key)],
    ['a key with its own limit', 7, () => call({ ...key, rateLimitPerMinute: 7 })],
    ['a bootstrap key', 100, () => call(aPrincipal({ kind: 'static_key', tier: 'static' }))],
    ['a user of tier free', 60, () => call(aPrincipal({ tier: 'free' }))],
    ['a user of tier standard', 300, () => call(aPrincipal())],
    ['a user of tier enterprise', 1_000, () => call(aPrincipal({ tier: 'enterprise' }))],
    ['an open route, by address', 100, () => call(undefined)],
    ['EXEC', 10, () => call(aPrincipal(), 'EXEC')],
    ['CHECK', 30, () => call(aPrincipal(), 'CHECK')],
    ['EXPORT', 10, () => call(aPrincipal(), 'EXPORT')],
    ['REG, by address', 5, () => call(undefined, 'REG')],
    ['AUTH, by address and user name', 10, () => login('ada')],
    ['HEARTBEAT, by session', 60, () => call(key, 'HEARTBEAT', { params: { id: 'sess-1' } })],
    ['EXEMPT', 2_000, () => call(undefined, 'EXEMPT')],
  ])('%s: %i', (_case, limit, next) => {
    expect(passing(next)).toBe(limit);
  });

  it('stop one address after a hundred logins in an hour, whatever the names', async () => {
    let passed = 0;
    let name = 0;
    for (let minute = 0; minute < 4; minute += 1) {
      passed += passing(() => login(`user-${(name += 1)}`), 40);
      await clock.advance(MINUTE);
    }
    expect(passed).toBe(100);
    expect(login('ada', '10.0.0.2').status).toBe(200);
  });

  it('count one login name in every spelling together', () => {
    const spellings = ['ADA', ' ada ', 'Ada'];
    let i = 0;
    expect(passing(() => login(spellings[(i += 1) % 3]))).toBe(10);
    expect(login('eve').status).toBe(200);
  });

  it('keep the heartbeats of one session apart from those of another and from other calls', () => {
    const beat = (id: string): Outcome => call(key, 'HEARTBEAT', { params: { id } });
    expect(passing(() => beat('sess-1'))).toBe(60);
    expect(beat('sess-2').status).toBe(200);
    expect(passing(() => call(key))).toBe(100);
    expect(beat('sess-2').status).toBe(200);
  });

  it('take the configured number per minute for registrations', async () => {
    start({ RATE_LIMIT_REG_PER_MINUTE: '2' });
    expect(passing(() => call(undefined, 'REG'))).toBe(2);
    await clock.advance(MINUTE);
    expect(call(undefined, 'REG').status).toBe(200);
  });

  it('add up over the hour', async () => {
    const free = aPrincipal({ tier: 'free' });
    let passed = 0;
    for (let minute = 0; minute < 20; minute += 1) {
      passed += passing(() => call(free), 55);
      await clock.advance(MINUTE);
    }
    expect(passed).toBe(1_000);
  });

  it('do not use up the hour with calls that the minute refuses', async () => {
    const free = aPrincipal({ tier: 'free' });
    for (let i = 0; i < 1_100; i += 1) call(free);
    await clock.advance(MINUTE);
    expect(call(free).status).toBe(200);
  });
});

describe('windows', () => {
  it('begin with the first call and end as a whole', async () => {
    await clock.advance(12_345);
    expect(passing(() => call(key))).toBe(100);
    await clock.advance(MINUTE - 1);
    expect(call(key).status).toBe(429);
    await clock.advance(1);
    expect(passing(() => call(key))).toBe(100);
  });

  it('leave no dead counters behind', async () => {
    for (let i = 0; i < 500; i += 1) call(undefined, undefined, { ip: `10.0.${i}.1` });
    await clock.advance(MINUTE);
    for (let i = 0; i < 250; i += 1) call(undefined, undefined, { ip: `10.1.${i}.1` });
    expect(store.size).toBe(250);
  });
});

describe('what is reported', () => {
  it('is the tightest bucket', () => {
    expect(call(aPrincipal(), 'EXEC').rateLimit).toMatchObject({ limit: 10, remaining: 9 });
    expect(call(aPrincipal()).rateLimit).toMatchObject({ limit: 300, remaining: 298 });
  });

  it('tells a refused call the limit, the window and when to come back', async () => {
    const start = clock.now().getTime();
    passing(() => call(key));
    await clock.advance(20_500);
    const { error, rateLimit } = call(key);
    expect(rateLimit).toEqual({ limit: 100, remaining: 0, reset: (start + MINUTE) / 1000 });
    expect(error).toMatchObject({
      code: 'RATE_LIMIT_EXCEEDED',
      details: { limit: 100, window: 60, resetAt: new Date(start + MINUTE).toISOString() },
      headers: { 'Retry-After': '40' },
    });
  });

  it('does not count a replay, and lets it through when the bucket is full', () => {
    call(key);
    expect(call(key, undefined, {}, false).rateLimit).toMatchObject({ remaining: 99 });
    passing(() => call(key));
    expect(call(key, undefined, {}, false).status).toBe(200);
  });
});
