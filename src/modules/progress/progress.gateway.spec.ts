import { aPrincipal } from '../../../test/factories/principals.js';
import {
  aLog,
  aResource,
  aRunProgress,
  aRunStart,
  aStackEnd,
  aStackProgress,
  aStackStart,
  aStall,
  SCOPE,
} from '../../../test/factories/events.js';
import { type Client, type Frame, ProgressServer } from '../../../test/fakes/progress-server.js';
import { draft, type EventDraft } from '../../shared/events/events.js';
import { toCursor } from '../../shared/events/cursor.js';

const KEY = 'key-of-ada';
const OPERATION = `deployments/D1BRV40/operations/${SCOPE.operationId}`;
const deleted: EventDraft = draft(
  'deployment_deleted',
  { organization: 'acme', deploymentId: 'D1BRV40' },
  { deletedBy: 'x', force: true },
);
const complete: EventDraft = draft('deployment_cancelled', SCOPE, {
  cancelledBy: 'x',
  reason: null,
  durationSeconds: 1,
  completedStacks: [],
  pendingStacks: [],
});

describe('the progress gateway', () => {
  let server: ProgressServer;

  beforeEach(async () => {
    server = new ProgressServer();
    server.principals.set(KEY, aPrincipal());
    server.principals.set(
      'key-of-eve',
      aPrincipal({ id: 'eve', userId: 'eve', assignments: [{ role: 'admin', organization: 'evil' }] }),
    );
    server.deployments.set('D1BRV40', { deploymentId: 'D1BRV40', organization: 'acme', project: 'shop' });
    server.operations.add(SCOPE.operationId);
    await server.start();
  });
  afterEach(() => server.stop());

  const open = (path = '/ws'): Promise<Client> => server.connect(path, { key: KEY });
  const subscribed = async (client: Client, frame: Record<string, unknown>): Promise<Frame> =>
    client.ask({ action: 'subscribe', ...frame }, 'subscribed');
  const seqs = (frames: readonly Frame[]): unknown[] => frames.map((frame) => frame['seq']);
  const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);

  describe('opening', () => {
    it('greets with its protocol and says whether the client is known', async () => {
      const client = await open();
      expect(client.frames[0]).toMatchObject({
        type: 'connected',
        authenticated: true,
        protocol: 1,
        heartbeatIntervalMs: 30_000,
      });
      const stranger = await server.connect('/api/v1/ws');
      expect(stranger.frames[0]).toMatchObject({ authenticated: false });
    });

    it.each([
      ['/deployments/D1BRV40/progress', 'deployments/D1BRV40'],
      ['/deployments/d1brv40/progress/', 'deployments/D1BRV40'],
      ['/websocket/progress/D1BRV40', 'deployments/D1BRV40'],
      ['/deployments/D1BRV40-dev', 'deployments/D1BRV40-dev'],
      ['/deployments/D1BRV40-network-dev', 'deployments/D1BRV40-network-dev'],
    ])('%s is subscribed at once', async (path, channel) => {
      const client = await open(path);
      expect(await client.next('subscribed')).toMatchObject({ channel });
      server.events.write(aStackStart('network'));
      expect(await client.next('stack_destroying')).toMatchObject({ channel });
    });

    it.each([
      ['no credential on a path endpoint', '/deployments/D1BRV40/progress', {}, 401, 'AUTH_REQUIRED'],
      ['a bad credential', '/ws', { 'X-API-Key': 'wrong' }, 401, 'AUTH_INVALID_API_KEY'],
      ['a foreign origin', '/ws', { 'X-API-Key': KEY, Origin: 'https://evil.test' }, 403, 'AUTHZ_FORBIDDEN'],
      ['an unknown deployment', '/deployments/D0000000/progress', { 'X-API-Key': KEY }, 404, 'RESOURCE_NOT_FOUND'],
      [
        'the deployment of another organization',
        '/deployments/D1BRV40/progress',
        { 'X-API-Key': 'key-of-eve' },
        404,
        'RESOURCE_NOT_FOUND',
      ],
      ['an unknown path', '/socket', { 'X-API-Key': KEY }, 404, 'ROUTE_NOT_FOUND'],
      ['a misspelt query parameter', '/ws?event=log', { 'X-API-Key': KEY }, 400, 'VALIDATION_UNKNOWN_FIELD'],
      ['an unknown event in the filter', '/ws?events=loog', { 'X-API-Key': KEY }, 400, 'VALIDATION_INVALID_FORMAT'],
    ])('%s is refused over HTTP', async (_what, path, headers, status, code) => {
      const answer = await server.refusal(path, headers);
      expect(answer).toMatchObject({ status, body: { success: false, statusCode: status, code } });
      expect(answer.body['request_id']).toMatch(/^[0-9a-f-]{36}$/);
    });

    it('a deployment that may not be read is 403', async () => {
      server.forbidden.add(`${aPrincipal().id} deployments:read`);
      expect(await server.refusal('/deployments/D1BRV40-dev', { 'X-API-Key': KEY })).toMatchObject({ status: 403 });
    });

    it('allows a listed origin and answers with a subprotocol that is not the token', async () => {
      const client = await server.connect('/ws', {
        headers: { Origin: 'https://console.acme.test', 'X-API-Key': KEY },
        protocols: ['bearer.a.b.c', 'cloud.v1'],
      });
      expect(client.socket.protocol).toBe('cloud.v1');
    });

    it('closes 4429 above the number of connections of the tier', async () => {
      server.principals.set('free', aPrincipal({ id: 'u', userId: 'u', tier: 'free' }));
      for (let i = 0; i < 2; i++) await server.connect('/ws', { key: 'free' });
      const third = server.connect('/ws', { key: 'free' });
      await expect(third).rejects.toThrow('closed with 4429');
      server.clients[0]?.socket.close();
      await server.clients[0]?.end();
      await server.connect('/ws', { key: 'free' });
    });
  });

  describe('authenticating later', () => {
    it('refuses to subscribe before, and takes an authenticate frame', async () => {
      const client = await server.connect('/ws');
      expect(await client.ask({ action: 'subscribe', channel: OPERATION, requestId: 'r1' }, 'error')).toMatchObject({
        code: 'AUTH_REQUIRED',
        requestId: 'r1',
      });
      expect(await client.ask({ type: 'authenticate', apiKey: KEY }, 'authenticated')).toMatchObject({
        userId: aPrincipal().userId,
        roles: ['admin'],
        expiresAt: null,
      });
      await subscribed(client, { channel: OPERATION });
    });

    it('closes 4401 after a failed one', async () => {
      const client = await server.connect('/ws');
      expect(await client.ask({ action: 'authenticate', token: 'bad' }, 'error')).toMatchObject({
        code: 'AUTH_INVALID_API_KEY',
      });
      expect(await client.end()).toMatchObject({ code: 4401 });
    });

    it('closes 4401 when none came within 10 s', async () => {
      const client = await server.connect('/ws');
      await server.clock.advance(9_800);
      expect(client.closed).toBeNull();
      await server.clock.advance(200);
      expect(await client.end()).toMatchObject({ code: 4401 });
    });

    it('warns 60 s before a token expires, extends it, and closes 4401 when it does expire', async () => {
      const inMs = (ms: number): Date => new Date(server.clock.now().getTime() + ms);
      server.principals.set(KEY, aPrincipal({ expiresAt: inMs(90_000) }));
      const client = await open();
      await server.clock.advance(29_000);
      expect(client.frames).toHaveLength(1);
      await server.clock.advance(1_000);
      await client.next('auth_expiring');
      expect(await client.next('error')).toMatchObject({ code: 'AUTH_TOKEN_EXPIRED' });
      server.principals.set(KEY, aPrincipal({ expiresAt: inMs(100_000) }));
      await client.ask({ action: 'authenticate', token: KEY }, 'authenticated');
      for (const ms of [30_000, 30_000, 38_000]) {
        await server.clock.advance(ms);
        client.socket.pong();
        await client.ask({ action: 'ping' }, 'pong');
      }
      await server.clock.advance(2_000);
      expect(await client.end()).toMatchObject({ code: 4401 });
    });

    it('ends subscriptions that may not be read any more, and the connection of a dead principal', async () => {
      const client = await open();
      await subscribed(client, { channel: 'deployments/D1BRV40' });
      server.forbidden.add(`${aPrincipal().id} deployments:read`);
      await server.clock.advance(45_000);
      expect(await client.next('unsubscribed')).toEqual({
        type: 'unsubscribed',
        channel: 'deployments/D1BRV40',
        reason: 'forbidden',
      });
      server.principals.delete(KEY);
      await server.clock.advance(14_000);
      client.send({ action: 'subscribe', channel: OPERATION });
      expect(await client.end()).toMatchObject({ code: 4403 });
    });
  });

  describe('subscribing', () => {
    it('answers the last known seq and cursor and then sends what comes', async () => {
      server.events.write(aRunStart(), aStackStart('network'));
      const client = await open();
      expect(await subscribed(client, { channel: 'deployments/D1BRV40', requestId: 'a' })).toEqual({
        type: 'subscribed',
        channel: 'deployments/D1BRV40',
        seq: 2,
        cursor: toCursor('acme', 2),
        replayed: false,
        requestId: 'a',
      });
      server.events.write(aStackEnd());
      expect(await client.next('stack_deployed')).toMatchObject({
        seq: 3,
        event: 'stack.completed',
        data: { stack: 'network' },
      });
    });

    it('sends one event once per subscription, under the name of each, with the same id', async () => {
      const client = await open();
      for (const channel of ['deployments/D1BRV40', 'deployments/D1BRV40-dev', 'organizations/acme']) {
        await subscribed(client, { channel });
      }
      server.events.write(aResource('vpc'), aStackEnd());
      await client.next('stack_deployed', (frame) => frame['channel'] === 'organizations/acme');
      const ends = client.events().filter((frame) => frame.type === 'stack_deployed');
      expect(new Set(ends.map((frame) => frame['id'])).size).toBe(1);
      expect(ends).toHaveLength(3);
      expect(seqs(client.events('organizations/acme'))).toEqual([2]);
    });

    it.each([
      ['an unknown channel', { channel: 'planes/x' }, 'WS_INVALID_CHANNEL'],
      ['an unknown deployment', { channel: 'deployments/D0000000' }, 'RESOURCE_NOT_FOUND'],
      ['an unknown operation', { channel: 'deployments/D1BRV40/operations/op-x' }, 'RESOURCE_NOT_FOUND'],
      ['another organization', { channel: 'organizations/evil' }, 'RESOURCE_NOT_FOUND'],
      ['no channel', {}, 'WS_BAD_FRAME'],
      ['an unknown event', { channel: OPERATION, events: ['nope'] }, 'WS_BAD_FRAME'],
      ['a since that is neither cursor nor seq', { channel: OPERATION, since: 'nonsense' }, 'WS_BAD_FRAME'],
      ['a seq on a channel of many operations', { channel: 'deployments/D1BRV40', since: 3 }, 'WS_BAD_FRAME'],
      ['a cursor of another organization', { channel: OPERATION, since: toCursor('evil', 1) }, 'WS_BAD_FRAME'],
    ])('%s is an error frame and nothing more', async (_what, frame, code) => {
      const client = await open();
      expect(await client.ask({ action: 'subscribe', ...frame }, 'error')).toMatchObject({ code });
      expect(await client.ask({ action: 'list' }, 'subscriptions')).toEqual({ type: 'subscriptions', channels: [] });
    });

    it('ends with unsubscribe, also for what was never subscribed', async () => {
      const client = await open();
      await subscribed(client, { channel: OPERATION });
      await client.ask({ action: 'unsubscribe', channel: OPERATION }, 'unsubscribed');
      await client.ask({ action: 'unsubscribe', channel: 'deployments/D1BRV40' }, 'unsubscribed');
      server.events.write(aStackEnd());
      await client.ask({ action: 'ping', timestamp: 7 }, 'pong');
      expect(client.events()).toEqual([]);
    });

    it('holds at most 50', async () => {
      const client = await open();
      const names = Array.from({ length: 51 }, (_, i) => `deployments/D1BRV40/stacks/s${i}`);
      for (let i = 0; i < 51; i += 17) client.send({ action: 'subscribe', channels: names.slice(i, i + 17) });
      expect(await client.next('error')).toMatchObject({ code: 'WS_SUBSCRIPTION_LIMIT', channel: names[50] });
    });

    it('speaks dotted names and keeps the filters of the address', async () => {
      const client = await open('/ws?eventNaming=dotted&events=stack.completed');
      await subscribed(client, { channel: OPERATION });
      server.events.write(aResource('vpc'), aStackEnd());
      expect(await client.next('stack.completed')).toMatchObject({ event: 'stack_deployed' });
      expect(client.events()).toHaveLength(1);
    });

    it('withholds logs from those who may not read them', async () => {
      server.forbidden.add(`${aPrincipal().id} logs:read`);
      const client = await open();
      await subscribed(client, { channel: OPERATION });
      server.events.write(aLog('secret'), aStackEnd());
      await client.next('stack_deployed');
      expect(client.events()).toHaveLength(1);
    });

    it.each([
      ['the last progress of a running operation', [aRunStart(), aRunProgress(40), aResource('vpc')], 40],
      ['nothing done yet when it has just started', [aRunStart()], 0],
    ])('shows a late subscriber %s', async (_what, before, percent) => {
      server.events.write(...before);
      const client = await open();
      await subscribed(client, { channel: OPERATION });
      expect(await client.next('deployment_progress')).toMatchObject({
        channel: OPERATION,
        data: { progressPercent: percent, totalStacks: 3 },
      });
    });

    it('shows no progress of an operation that is over', async () => {
      server.events.write(aRunStart(), aRunProgress(40), complete);
      const client = await open();
      await subscribed(client, { channel: OPERATION });
      await client.ask({ action: 'ping' }, 'pong');
      expect(client.events()).toEqual([]);
    });

    it('closes 4404 when the deployment of a path endpoint is deleted', async () => {
      const client = await open('/deployments/D1BRV40/progress');
      await client.next('subscribed');
      server.events.write(deleted);
      await client.next('deployment_deleted');
      expect(await client.end()).toMatchObject({ code: 4404 });
    });
  });

  describe('coming back', () => {
    /** Writes while sockets come and go, until told to stop. */
    function writer(): { stop: () => Promise<number> } {
      let isOn = true;
      let written = 0;
      const done = (async () => {
        while (isOn && written < 6000) {
          const batch = [aResource(`r${written}`), aStackProgress(50), aLog('line')];
          server.events.write(...batch);
          written += batch.length;
          for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve)); // slower than a reader
        }
      })();
      return {
        stop: async () => {
          isOn = false;
          await done;
          return written;
        },
      };
    }

    it.each(['cursor', 'seq'])('with a %s it has every event once, in order, while others write', async (kind) => {
      server.events.write(...upTo(450).map((i) => aResource(`early${i}`)));
      const writing = writer();
      const first = await open();
      await subscribed(first, { channel: OPERATION, since: 0 });
      const middle = await first.next('resource_creating', (frame) => Number(frame['seq']) >= 300);
      first.socket.terminate();
      await first.end();
      const seen = first.events();
      const last = seen.at(-1) ?? middle;

      const second = await open();
      const answer = await subscribed(second, {
        channel: OPERATION,
        since: kind === 'seq' ? last['seq'] : last['cursor'],
      });
      expect(answer).toMatchObject({ replayed: true });
      const completed = await second.next('replay_complete');
      const total = 450 + (await writing.stop());
      await second.until(() => second.events().at(-1)?.['seq'] === total);

      expect(seqs([...seen, ...second.events()])).toEqual(upTo(total));
      expect(completed).toMatchObject({ channel: OPERATION, fromSeq: Number(last['seq']) + 1, gap: false });
    });

    it.each([
      ['since 0', { since: 0 }, 1],
      ['sinceSeq', { sinceSeq: 2 }, 3],
      ['since_seq', { since_seq: 2 }, 3],
      ['a seq as text', { since: '3' }, 4],
      ['sinceTime', { sinceTime: '2030-01-01T00:00:00.000Z' }, 4],
      ['the last seq', { since: 5 }, 6],
    ])('%s is exclusive', async (_what, frame, firstSeq) => {
      server.events.write(aResource('a'), aResource('b'), aResource('c'));
      await server.clock.advance(10);
      server.events.write(aResource('d'), aResource('e'));
      const client = await open();
      await subscribed(client, { channel: OPERATION, ...frame });
      await client.next('replay_complete');
      server.events.write(aStackEnd());
      await client.next('stack_deployed');
      expect(seqs(client.events())).toEqual(upTo(6).slice(firstSeq - 1));
    });

    it('gives every stored frame, progress included, also live', async () => {
      const client = await open();
      await subscribed(client, { channel: OPERATION, since: 0 });
      await client.next('replay_complete');
      server.events.write(...upTo(60).map((i) => aStackProgress(i)), aStackEnd());
      await client.next('stack_deployed');
      expect(seqs(client.events())).toEqual(upTo(61));
    });

    it('tells of a gap with the oldest cursor when events are no longer stored', async () => {
      server.events.write(...upTo(10).map((i) => aResource(`r${i}`)));
      server.events.forgetUpTo(6);
      const client = await open();
      for (const since of [toCursor('acme', 5), 3]) {
        client.send({ action: 'subscribe', channel: OPERATION, since });
        const gap = await client.next('error');
        expect(gap).toMatchObject({
          code: 'WS_REPLAY_GAP',
          channel: OPERATION,
          details: { oldestCursor: toCursor('acme', 6) },
        });
      }
      await subscribed(client, { channel: OPERATION, since: toCursor('acme', 6) });
      await client.next('replay_complete');
      expect(seqs(client.events())).toEqual([7, 8, 9, 10]);
    });

    it('replays on request without subscribing', async () => {
      server.events.write(...upTo(3).map((i) => aResource(`r${i}`)));
      const client = await open();
      expect(await client.ask({ action: 'replay', channel: OPERATION, since: 1 }, 'replay_complete')).toMatchObject({
        fromSeq: 2,
        toSeq: 3,
        cursor: toCursor('acme', 3),
      });
      expect(await client.ask({ action: 'list' }, 'subscriptions')).toMatchObject({ channels: [] });
    });

    it('reads the store once for any number of subscribers', async () => {
      const clients = await Promise.all([open(), open(), open()]);
      for (const client of clients) await subscribed(client, { channel: OPERATION });
      const before = server.events.reads;
      server.events.write(aStackEnd());
      for (const client of clients) await client.next('stack_deployed');
      expect(server.events.reads - before).toBe(1);
    });

    it('delivers also when a wake-up was lost', async () => {
      const client = await open();
      await subscribed(client, { channel: OPERATION });
      await server.events.store('acme', [aStackEnd()], server.clock.now());
      await server.clock.advance(1000);
      expect(await client.next('stack_deployed')).toMatchObject({ seq: 1 });
    });
  });

  describe('limits', () => {
    it('refuses frames above 60 a minute and closes 4429 the third time', async () => {
      const client = await open();
      for (let i = 0; i < 61; i++) client.send({ action: 'ping', timestamp: i });
      expect(await client.next('error')).toMatchObject({ code: 'WS_RATE_LIMITED' });
      await server.clock.advance(60_000);
      await client.ask({ action: 'ping' }, 'pong');
      for (let i = 0; i < 61; i++) client.send({ action: 'ping' });
      expect(await client.end()).toMatchObject({ code: 4429 });
    });

    it('answers malformed frames and closes 4400 after three in a row', async () => {
      const client = await open();
      client.send('{no json');
      client.send({ action: 'dance' });
      await client.ask({ action: 'ping' }, 'pong');
      client.send('[]');
      client.send({});
      expect(client.closed).toBeNull();
      client.send('"text"');
      expect(await client.end()).toMatchObject({ code: 4400 });
      expect(client.frames.filter((frame) => frame['code'] === 'WS_BAD_FRAME')).toHaveLength(5);
    });

    it.each([
      ['binary frames', (client: Client) => client.socket.send(Buffer.from([1])), 1003],
      ['frames above 64 KiB', (client: Client) => client.send({ action: 'ping', timestamp: 'x'.repeat(65_536) }), 1009],
    ])('closes on %s', async (_what, act, code) => {
      const client = await open();
      act(client);
      expect(await client.end()).toMatchObject({ code });
    });

    it('pings every 30 s and ends a connection that misses two pongs', async () => {
      const client = await open();
      client.socket.removeAllListeners('ping');
      (client.socket as unknown as { _autoPong: boolean })._autoPong = false;
      await server.clock.advance(30_000);
      await server.clock.advance(30_000);
      expect(server.gateway.connections).toBe(1);
      await server.clock.advance(30_000);
      expect(await client.end()).toMatchObject({ code: expect.any(Number) });
      expect(server.gateway.connections).toBe(0);
    });

    it('announces its end, waits 2 s and closes 1001', async () => {
      const client = await open();
      const stopping = server.gateway.beforeApplicationShutdown();
      expect(await client.next('server_shutdown')).toEqual({ type: 'server_shutdown', reconnectAfterMs: 5000 });
      await server.clock.advance(1_900);
      expect(client.closed).toBeNull();
      await server.clock.advance(100);
      expect(await client.end()).toMatchObject({ code: 1001 });
      await server.clock.advance(500);
      await stopping;
    });
  });

  describe('the session half', () => {
    beforeEach(() => server.sessions.add('acme s1'));

    it('[X16] tells of a session on its own channel, its project, its machine and the list, counted by the session', async () => {
      const client = await open();
      for (const channel of ['sessions', 'sessions/s1', 'projects/p1', 'machines/m1', 'machines', 'projects/other']) {
        await subscribed(client, { channel });
      }
      server.events.write(aStall('s1'), aStall('s2', { machineId: 'm2' }));
      await client.until(() => client.events().length === 6);
      const frames = client.events();
      expect(frames.map((frame) => [frame['channel'], (frame['data'] as Frame)['session_id'], frame['seq']])).toEqual([
        ['sessions', 's1', 1],
        ['sessions/s1', 's1', 1],
        ['projects/p1', 's1', 1],
        ['machines/m1', 's1', 1],
        ['sessions', 's2', 1],
        ['projects/p1', 's2', 1],
      ]);
      expect(Object.keys(frames[0]?.['data'] as object).sort()).toEqual([
        'actor',
        'last_heartbeat',
        'machine_id',
        'project_id',
        'session_id',
        'stall_count',
        'status',
        'time_since_heartbeat_ms',
      ]);
    });

    it('replays a session after a seq, without gap', async () => {
      server.events.write(aStall('s1'), aStall('s2'), aStall('s1'), aStall('s1'));
      const client = await open();
      await subscribed(client, { channel: 'sessions/s1', since: 1 });
      await client.until(() => client.events().length === 2);
      expect(seqs(client.events())).toEqual([2, 3]);
    });

    it('is refused as a whole where REALTIME_ENABLED is off', async () => {
      const quiet = new ProgressServer({ realtime: false });
      await quiet.start();
      await expect(quiet.refusal('/ws', {})).resolves.toMatchObject({ status: 404, body: { code: 'ROUTE_NOT_FOUND' } });
      await quiet.stop();
    });

    it('knows no session of another organization', async () => {
      server.sessions.add('evil s9');
      const client = await open();
      await expect(client.ask({ action: 'subscribe', channel: 'sessions/s9' }, 'error')).resolves.toMatchObject({
        code: 'RESOURCE_NOT_FOUND',
      });
    });
  });
});
