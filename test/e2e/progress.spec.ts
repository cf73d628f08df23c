import WebSocket from 'ws';
import { EventLog } from '../../src/shared/events/event-log.js';
import type { EventFrame } from '../../src/modules/progress/event-frame.js';
import { aLog, aResource, aStackProgress, SCOPE } from '../factories/events.js';
import { MINIMAL, TestApp } from './app.harness.js';
import { LiveClient } from './live-client.js';

describe('live progress', () => {
  let test: TestApp;
  let log: EventLog;
  let id: string;
  beforeAll(async () => {
    test = await TestApp.start();
    log = test.app.get(EventLog);
    id = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
  });
  afterAll(() => test.stop());

  const listed = async (query = ''): Promise<EventFrame[]> => {
    const frames: EventFrame[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page = await test.get(`/api/v1/deployments/${id}/events?limit=7${query}${cursor && `&cursor=${cursor}`}`);
      expect(page.status).toBe(200);
      frames.push(...(page.body.data['events'] as unknown as EventFrame[]));
      cursor = page.body.data['nextCursor'] as unknown as string | null;
    }
    return frames;
  };

  it('comes back with since and has every event once, in order, as stored and as listed', async () => {
    const scope = { ...SCOPE, organization: 'demo', deploymentId: id };
    const channel = `deployments/${id}`;
    const first = await LiveClient.open(test.url, test.token);
    first.subscribe(channel, 0);
    await first.until(({ control }) => control.some((frame) => frame['type'] === 'replay_complete'));

    const drafts = [aResource('vpc'), aStackProgress(50), aLog('line')].map((draft) => ({ ...draft, scope }));
    const write = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        await log.write('demo', async (append) => drafts.forEach(append));
      }
    };
    const writing = Promise.all([write(10), write(10), write(10)]);
    await first.until(({ frames }) => frames.length >= 20);
    first.cut();
    const seen = [...first.frames];
    const second = await LiveClient.open(test.url, test.token);
    second.subscribe(channel, seen.at(-1)?.cursor);
    await writing;
    const all = await listed();
    await second.until(({ frames }) => frames.at(-1)?.cursor === all.at(-1)?.cursor);
    second.cut();

    expect([...seen, ...second.frames]).toEqual(all);
    const operation = await listed(`&operationId=${SCOPE.operationId}`);
    expect(operation.map((frame) => frame.seq)).toEqual(Array.from({ length: 90 }, (_, i) => i + 1));
  });

  it('opens with a ticket, once', async () => {
    const issued = await test.post('/api/v1/auth/ws-ticket', {});
    expect(issued.status).toBe(201);
    const address = `${test.url.replace('http', 'ws')}/deployments/${id}/progress?ticket=${String(issued.body.data['ticket'])}`;
    const outcome = (): Promise<number> =>
      new Promise((resolve) => {
        const socket = new WebSocket(address);
        socket.on('open', () => {
          socket.terminate();
          resolve(101);
        });
        socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
        socket.on('error', () => undefined);
      });
    expect([await outcome(), await outcome()]).toEqual([101, 401]);
  });

  it.each([
    '/ws',
    '/api/v1/ws',
    '/deployments/D1BRV40/progress',
    '/deployments/D1BRV40-dev',
    '/websocket/progress/D1BRV40',
  ])('a plain GET of %s is 426', async (path) => {
    const answer = await test.get(path);
    expect(answer).toMatchObject({ status: 426, body: { code: 'UPGRADE_REQUIRED' } });
  });

  it.each([
    ['an unknown deployment', '/api/v1/deployments/D0000000/events', 404, 'RESOURCE_NOT_FOUND'],
    ['a misspelt filter', '/api/v1/deployments/D0000000/events?stacks=dns', 400, 'VALIDATION_UNKNOWN_FIELD'],
    ['a limit above 1000', '/api/v1/deployments/D0000000/events?limit=1001', 400, 'VALIDATION_INVALID_FORMAT'],
  ])('the list of %s is refused', async (_what, path, status, code) => {
    expect(await test.get(path)).toMatchObject({ status, body: { code } });
  });
});
