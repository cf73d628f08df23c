import { DatabaseCircuit } from '../../src/shared/database/circuit-breaker.js';
import type { AnsweredRequest } from '../../src/shared/http/front/answered-request.js';
import { FrontDesk } from '../../src/shared/http/front/front-desk.js';
import { IngestionWatch } from '../../src/modules/sessions/detection/ingestion-watch.js';
import { SessionsRepository } from '../../src/modules/sessions/sessions.repository.js';
import { type Answer, CLIENT_KEY, TestApp } from './app.harness.js';
import { AS_ADMIN, collectionOf, startSession } from './session-rig.js';

/** An Origin that no setting allows: the framework answers, and adds nothing for it. */
const VIA_FRAMEWORK = { origin: 'https://nowhere.example' };
/** Differ from one request to the next. */
const OF_THE_REQUEST = ['date', 'x-request-id', 'x-ratelimit-remaining', 'x-ratelimit-reset', 'content-length'];
const OF_THE_MOMENT = ['timestamp', 'request_id', 'last_heartbeat', 'updated_at', 'heartbeat_count'];
const OF_THE_SESSION = ['session_id', 'project_id', 'machine_id', 'started_at', 'created_at'];

const lasting = (headers: Headers): unknown =>
  [...headers].map(([name, value]) => (OF_THE_REQUEST.includes(name) ? [name] : [name, value]));
const text = ({ body }: Answer, id: unknown): string =>
  JSON.stringify(body, (name, value: unknown) =>
    [...OF_THE_MOMENT, ...OF_THE_SESSION].includes(name) ? typeof value : value,
  ).replaceAll(String(id), '<id>');

describe('requests of clients in front of the framework and through it', () => {
  let test: TestApp;
  /** What the front desk answered. */
  let seen: AnsweredRequest[];
  beforeAll(async () => {
    test = await TestApp.start({ SCHEDULER_MODE: 'off', REQUEST_TIMEOUT_MS: '500' });
    test.app.get(FrontDesk).observe((request) => seen.push(request));
  });
  afterAll(() => test.stop());
  beforeEach(() => (seen = []));
  afterEach(() => jest.restoreAllMocks());

  const unknownId = '0b5f3c1e-8d0a-4a53-9f56-3f0f6f1f7a11';
  const at = (id: unknown): string => `/api/sessions/${String(id)}`;
  const set = (id: unknown, fields: object): Promise<unknown> =>
    collectionOf(test, 'sessions').updateOne({ session_id: id }, { $set: fields });
  const resumed = async (): Promise<unknown> => {
    const { session_id: id } = await startSession(test);
    for (const status of ['paused', 'active']) await test.call('PATCH', at(id), { status }, AS_ADMIN);
    return id;
  };
  const plain = async (): Promise<unknown> => (await startSession(test))['session_id'];
  const stalled = async (): Promise<unknown> => {
    const id = await plain();
    await test.post(`${at(id)}/mark-stalled`, {}, AS_ADMIN);
    return id;
  };
  const changed = async (fields: object): Promise<unknown> => {
    const id = await plain();
    await set(id, fields);
    return id;
  };

  interface Case {
    readonly session?: () => Promise<unknown>;
    readonly body?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
    readonly status: number;
    /** The front desk leaves it to the framework, as it was. */
    readonly isLeft?: boolean;
  }
  const json = { 'content-type': 'application/json' };
  const BEATS: readonly (readonly [string, Case])[] = [
    ['of nothing', { status: 200 }],
    ['of an empty object', { body: {}, status: 200 }],
    ['that names its epoch', { body: { epoch: 1 }, status: 200 }],
    ['that names its task, for the first time', { body: { current_task_id: 'täsk' }, status: 200 }],
    ['of a patient session', { session: () => changed({ stall_threshold_ms: 600_000 }), status: 200 }],
    ['that revives', { session: stalled, status: 200 }],
    ['with a correlation id', { headers: { 'x-correlation-id': 'mine' }, status: 200 }],
    ['of a bootstrap key without administration', { headers: { 'x-api-key': CLIENT_KEY }, status: 200 }],
    ['with progress', { body: { progress: { percent: 1 } }, status: 200, isLeft: true }],
    ['with a wrong field', { body: { epoch: 0 }, status: 400, isLeft: true }],
    ['with an unknown field', { body: { last_heartbeat: 1 }, status: 400, isLeft: true }],
    ['that is no JSON', { body: '{"epoch":', headers: json, status: 400, isLeft: true }],
    ['in another format', { body: 'epoch', headers: { 'content-type': 'text/plain' }, status: 415, isLeft: true }],
    ['that is too large', { body: { metadata: { a: 'x'.repeat(110_000) } }, status: 413, isLeft: true }],
    ['without a key', { headers: { 'x-api-key': '' }, status: 401, isLeft: true }],
    ['of an unknown key', { headers: { 'x-api-key': 'unknown-key-0123456789' }, status: 401, isLeft: true }],
    ['to nobody', { session: async () => unknownId, status: 404 }],
    ['of another organization', { session: () => changed({ organization: 'other' }), status: 404 }],
    ['of an ended session', { session: () => changed({ status: 'completed' }), status: 400 }],
    ['of an older epoch', { session: resumed, body: { epoch: 1 }, status: 409 }],
    [
      'during a recovery',
      {
        session: async () => {
          const id = await stalled();
          await set(id, { recovery_lock_until: new Date('2100-01-01') });
          return id;
        },
        status: 409,
      },
    ],
  ];

  /** Asks both ways, each about a session of its own. @returns both answers, the front desk's first */
  async function both(
    method: string,
    rest: string,
    { session = plain, body, headers, isLeft }: Case,
  ): Promise<[Answer, Answer]> {
    const ask = (id: unknown, extra: object): Promise<Answer> =>
      test.call(method, `${at(id)}${rest}`, body, { ...AS_ADMIN, ...headers, ...extra });
    const ids = [await session(), await session()];
    seen = [];
    const answers: [Answer, Answer] = [await ask(ids[0], {}), await ask(ids[1], VIA_FRAMEWORK)];
    expect(seen).toHaveLength(isLeft ? 0 : 1);
    expect(lasting(answers[0].headers)).toEqual(lasting(answers[1].headers));
    expect(text(answers[0], ids[0])).toBe(text(answers[1], ids[1]));
    return answers;
  }

  it.each(BEATS)('a heartbeat %s is answered the same', async (_what, one) => {
    for (const answer of await both('POST', '/heartbeat', one)) expect(answer.status).toBe(one.status);
  });

  it.each<[string, Case]>([
    ['one', { status: 200 }],
    ['an unknown one', { session: async () => unknownId, status: 404 }],
    ["another organization's", { session: () => changed({ organization: 'other' }), status: 404 }],
    ['an ended one', { session: () => changed({ status: 'failed' }), status: 200 }],
    ['one with an unknown key', { headers: { 'x-api-key': 'nobody-0123456789' }, status: 401, isLeft: true }],
  ])('a GET of %s is answered the same', async (_what, one) => {
    for (const answer of await both('GET', '', one)) expect(answer.status).toBe(one.status);
  });

  it('a key of a user is known from its second request on, and its rights are asked each time', async () => {
    const keyOf = async (permissions: readonly string[]): Promise<string> => {
      const made = await test.post('/api/v1/auth/api-keys', {
        name: permissions.join(),
        permissions,
        scope: { organization: 'demo' },
      });
      return String(made.body.data['apiKey']);
    };
    const id = await plain();
    const writer = { authorization: '', 'x-api-key': await keyOf(['sessions:read', 'sessions:write']) };
    for (const isHere of [false, true]) {
      seen = [];
      expect((await test.post(`${at(id)}/heartbeat`, undefined, writer)).status).toBe(200);
      expect(seen).toHaveLength(isHere ? 1 : 0);
    }
    const reader = { 'x-api-key': await keyOf(['sessions:read']) };
    const session = async (): Promise<unknown> => id;
    await test.get(at(id), { authorization: '', ...reader });
    await both('GET', '', { session, headers: reader, status: 200 });
    const refused = await both('POST', '/heartbeat', { session, headers: reader, status: 403, isLeft: true });
    expect(refused[0]).toMatchObject({ status: 403, body: { code: 'AUTHZ_FORBIDDEN' } });
  });

  it.each([
    ['that takes too long', 504, () => new Promise<never>(() => undefined)],
    ['that the database cannot take', 503, () => Promise.reject(named('MongoServerSelectionError'))],
    ['that we cannot explain', 500, () => Promise.reject(new TypeError('a defect'))],
  ])('a heartbeat %s is %i both ways, and tells the brake', async (_what, status, fails) => {
    jest.spyOn(test.app.get(SessionsRepository), 'recordHeartbeat').mockImplementation(fails);
    const trouble = jest.spyOn(test.app.get(IngestionWatch), 'trouble').mockImplementation(() => undefined);
    for (const answer of await both('POST', '/heartbeat', { status })) expect(answer.status).toBe(status);
    expect(trouble.mock.calls).toEqual(Array.from({ length: 2 }, () => [`a heartbeat was answered with ${status}`]));
  });

  it('while the circuit is open it is 503 both ways', async () => {
    const circuit = test.app.get(DatabaseCircuit);
    jest.spyOn(circuit, 'state', 'get').mockReturnValue('open');
    const [first] = await both('POST', '/heartbeat', { session: async () => unknownId, status: 503, isLeft: true });
    expect(first).toMatchObject({ status: 503, body: { details: { reason: 'circuit_open' } } });
  });

  it('both count in the same bucket, until it is full', async () => {
    const few = await TestApp.start({ SCHEDULER_MODE: 'off', RATE_LIMIT_HEARTBEAT_PER_MINUTE: '3' });
    try {
      const { session_id: id } = await startSession(few);
      const heard = jest.spyOn(few.app.get(IngestionWatch), 'heard').mockImplementation(() => undefined);
      const left: unknown[] = [];
      for (const way of [{}, VIA_FRAMEWORK, {}, {}, VIA_FRAMEWORK]) {
        const { status, headers } = await few.post(`${at(id)}/heartbeat`, {}, { ...AS_ADMIN, ...way });
        left.push([status, headers.get('x-ratelimit-remaining'), headers.has('retry-after')]);
      }
      const refused = [429, '0', true];
      expect(left).toEqual([[200, '2', false], [200, '1', false], [200, '0', false], refused, refused]);
      expect(heard).toHaveBeenCalledTimes(2);
    } finally {
      await few.stop();
    }
  });

  it('both are counted by the metrics', async () => {
    const counts = async (): Promise<readonly number[]> => {
      const metrics = String((await test.get('/metrics')).body['text']);
      return [
        /api_requests_total\{endpoint="\/api\/sessions\/:sessionId\/heartbeat",method="POST",status="200"\} (\d+)/,
        /heartbeats_total\{result="ok"\} (\d+)/,
        /heartbeat_latency_ms_count (\d+)/,
        /database_query_duration_ms_count\{collection="sessions",operation="findAndModify"\} (\d+)/,
      ].map((pattern) => Number(pattern.exec(metrics)?.[1] ?? 0));
    };
    await both('POST', '/heartbeat', { status: 200 });
    const before = await counts();
    const { session_id: id } = await startSession(test);
    const made = await counts();
    for (const way of [{}, VIA_FRAMEWORK]) await test.post(`${at(id)}/heartbeat`, {}, { ...AS_ADMIN, ...way });
    const after = await counts();
    expect(after.slice(0, 3).map((count, i) => count - (before[i] ?? 0))).toEqual([2, 2, 2]);
    expect((after[3] ?? 0) - (made[3] ?? 0)).toBe(2);
  });
});

function named(name: string): Error {
  return Object.assign(new Error(name), { name });
}
