import { testConfig } from '../../../test/fakes/auth-rig.js';
import { FakeIdempotencyRepository } from '../../../test/fakes/fake-idempotency.repository.js';
import { ManualClock } from '../../../test/fakes/manual-clock.js';
import { AppError, Defect, NotFound } from '../errors/app-error.js';
import { RandomIds } from '../kernel/ids.js';
import { SecretBox } from '../kernel/secret-box.js';
import type { Standing, StoredAnswer } from './idempotency.js';
import type { IdempotencyRepository } from './idempotency.repository.js';
import { IdempotencyService, type KeyedCall } from './idempotency.service.js';

const CALL: KeyedCall = {
  principal: 'user-1',
  method: 'POST',
  path: '/api/v1/deployments',
  key: 'key-12345',
  body: { project: 'shop', tags: { a: '1', b: '2' } },
};
const ANSWER: StoredAnswer = {
  kind: 'body',
  status: 201,
  headers: { location: '/api/v1/deployments/D1BRV40' },
  body: { success: true, data: { apiKey: 'msk_live_secret' } },
};
const TIMEOUT_MS = 29_000;
const DAY_MS = 86_400_000;

let clock: ManualClock;
let entries: FakeIdempotencyRepository;
let idempotency: IdempotencyService;
beforeEach(() => {
  clock = new ManualClock();
  entries = new FakeIdempotencyRepository();
  const config = testConfig();
  idempotency = new IdempotencyService(
    entries as unknown as IdempotencyRepository,
    new SecretBox(config.encryptionKey),
    clock,
    new RandomIds(),
    config,
  );
});

async function first(call: KeyedCall = CALL): Promise<Extract<Standing, { kind: 'first' }>> {
  const standing = await idempotency.begin(call);
  if (standing.kind !== 'first') throw new AppError('TEST', 500, `expected a first call, got ${standing.kind}`);
  return standing;
}

describe('an idempotency key', () => {
  it('gives the stored answer to the same request, whatever the order of its fields', async () => {
    const { scope, claim } = await first();
    await idempotency.finish(scope, claim, ANSWER);
    const again = { ...CALL, body: { tags: { b: '2', a: '1' }, project: 'shop' } };
    expect(await idempotency.begin(again)).toEqual({ kind: 'replay', answer: ANSWER });
  });

  it('stores no answer in clear', async () => {
    const { scope, claim } = await first();
    await idempotency.finish(scope, claim, ANSWER);
    expect(JSON.stringify([...entries.rows.values()])).not.toContain('msk_live_secret');
  });

  it('is misused with another body', async () => {
    await first();
    expect(await idempotency.begin({ ...CALL, body: { project: 'blog' } })).toEqual({ kind: 'reused' });
  });

  it('is busy while the first call runs', async () => {
    await first();
    await expect(idempotency.begin(CALL)).rejects.toThrow(
      expect.objectContaining({ code: 'IDEMPOTENCY_IN_PROGRESS', status: 409 }),
    );
  });

  it.each<[string, Partial<KeyedCall>]>([
    ['another caller', { principal: 'user-2' }],
    ['another path', { path: '/api/v1/templates' }],
    ['another method', { method: 'PUT' }],
  ])('of %s is another key', async (_case, other) => {
    await first();
    expect((await idempotency.begin({ ...CALL, ...other })).kind).toBe('first');
  });

  it('of a call that died is free after the request timeout, and the dead call cannot settle it any more', async () => {
    const dead = await first();
    await clock.advance(TIMEOUT_MS - 1);
    await expect(idempotency.begin(CALL)).rejects.toThrow(AppError);
    await clock.advance(1);
    const next = await first();
    await idempotency.finish(dead.scope, dead.claim, { ...ANSWER, status: 200 });
    await idempotency.release(dead.scope, dead.claim);
    await idempotency.finish(next.scope, next.claim, ANSWER);
    expect(await idempotency.begin(CALL)).toEqual({ kind: 'replay', answer: ANSWER });
  });

  it('is forgotten after 24 hours, also before it is removed', async () => {
    const { scope, claim } = await first();
    await idempotency.finish(scope, claim, ANSWER);
    await clock.advance(DAY_MS - 1);
    expect((await idempotency.begin(CALL)).kind).toBe('replay');
    await clock.advance(1);
    expect((await idempotency.begin(CALL)).kind).toBe('first');
    await clock.advance(DAY_MS);
    expect(await idempotency.removeExpired()).toBe(1);
  });

  it.each(['short', 'x'.repeat(129), 'with blank 1', 'ümlaut-12'])('%j is refused as malformed', async (key) => {
    await expect(idempotency.begin({ ...CALL, key })).rejects.toThrow(
      expect.objectContaining({ code: 'VALIDATION_INVALID_FORMAT', status: 400 }),
    );
  });
});

describe('a failed first call', () => {
  it('is repeated as it was when the request itself was refused', async () => {
    const { scope, claim } = await first();
    await idempotency.fail(scope, claim, new NotFound('template', 'x', { suggestion: 'list them' }));
    expect(await idempotency.begin(CALL)).toMatchObject({
      kind: 'replay',
      answer: { kind: 'error', status: 404, code: 'RESOURCE_NOT_FOUND', suggestion: 'list them' },
    });
  });

  it.each([
    ['a defect', new Defect('x')],
    ['too many requests', new AppError('CONCURRENCY_LIMIT', 429, 'x')],
    ['a dead credential', new AppError('AUTH_INVALID_TOKEN', 401, 'x')],
  ])('may be tried again after %s', async (_case, error) => {
    const { scope, claim } = await first();
    await idempotency.fail(scope, claim, error);
    expect((await idempotency.begin(CALL)).kind).toBe('first');
  });

  it('stays claimed when it ran out of time, because its work may still go on', async () => {
    const { scope, claim } = await first();
    await idempotency.fail(scope, claim, new AppError('REQUEST_TIMEOUT', 504, 'x'));
    await expect(idempotency.begin(CALL)).rejects.toThrow(expect.objectContaining({ code: 'IDEMPOTENCY_IN_PROGRESS' }));
  });
});
