/** What the webhookUrl of a run is told (api.md 6.2). */
import { createHmac } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MINIMAL, TestApp, testSettings, type Answer } from './app.harness.js';

const KEY = 'signing-key-for-tests';

interface Received {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly body: { readonly id: string; readonly type: string; readonly [key: string]: unknown };
}

/** Takes what it is sent; answers with the statuses it was given first, then 204. */
class Receiver {
  readonly received: Received[] = [];
  readonly answers: number[] = [];
  private constructor(readonly server: Server) {}

  static async start(): Promise<Receiver> {
    const receiver = new Receiver(
      createServer((request, response) => {
        let text = '';
        request.on('data', (part: Buffer) => (text += String(part)));
        request.on('end', () => {
          receiver.received.push({ headers: request.headers, text, body: JSON.parse(text) as Received['body'] });
          response.writeHead(receiver.answers.shift() ?? 204, { location: '/elsewhere' }).end();
        });
      }),
    );
    await new Promise<void>((resolve) => receiver.server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook?token=receivers-own`;
  }

  stop(): Promise<unknown> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

describe('the webhook of a run', () => {
  const settings = {
    ...testSettings(mkdtempSync(join(tmpdir(), 'cloud-webhooks-e2e-'))),
    WEBHOOK_SIGNING_KEY: KEY,
    WEBHOOK_ALLOW_PRIVATE: 'true',
  };
  let test: TestApp;
  let receiver: Receiver;
  let id: string;
  const at = (path: string): string => `/api/v1/deployments/${id}/${path}`;
  const run = async (path: string, body: object): Promise<string> => {
    const started = await test.post(at(path), { environment: 'dev', webhookUrl: receiver.url, ...body });
    expect(started).toMatchObject({ status: 202 });
    const operationId = String(started.body.data['operationId']);
    await test.ended(id, operationId);
    return operationId;
  };
  const deliveries = async (operationId: string) =>
    (await test.get(at(`operations/${operationId}/webhooks`))).body.data as unknown as {
      webhooks: { webhookId: string; type: string; status: string; attempts: { statusCode: number }[] }[];
    };
  const settled = async (operationId: string) => {
    for (;;) {
      const { webhooks } = await deliveries(operationId);
      if (webhooks.length > 0 && webhooks.every(({ status }) => status !== 'pending')) return webhooks;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  beforeAll(async () => {
    receiver = await Receiver.start();
    test = await TestApp.start(settings);
    id = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
  });
  afterAll(async () => {
    await test.stop();
    await receiver.stop();
  });

  it('hears start and end, signed, each under its own id, again after a refusal', async () => {
    receiver.answers.push(503);
    const operationId = await run('deploy', { stackFilter: ['dns'] });
    const webhooks = await settled(operationId);
    expect(webhooks.map(({ type, status }) => [type, status])).toEqual([
      ['deployment_started', 'delivered'],
      ['deployment_complete', 'delivered'],
    ]);
    expect(webhooks[0]?.attempts.map(({ statusCode }) => statusCode)).toEqual([503, 204]);
    const [refused] = receiver.received;
    const same = receiver.received.filter(({ body }) => body.id === refused?.body.id);
    expect(same).toHaveLength(2);
    expect(new Set(receiver.received.map(({ body }) => body.id)).size).toBe(2);
    for (const { headers, text, body } of receiver.received) {
      const timestamp = String(headers['x-webhook-timestamp']);
      expect(headers['x-webhook-id']).toBe(body.id);
      expect(headers['x-webhook-signature']).toBe(
        `sha256=${createHmac('sha256', KEY).update(`${timestamp}.${text}`).digest('hex')}`,
      );
      expect(body).toMatchObject({ deploymentId: id, environment: 'dev', operationId });
    }
    const end = receiver.received.find(({ body }) => body.type === 'deployment_complete');
    expect(end?.body).toMatchObject({ event: 'operation.completed', status: expect.any(String) });
  });

  it('follows no redirect, shows nobody the address, and says nothing of runs that named none', async () => {
    const before = receiver.received.length;
    receiver.answers.push(302);
    const operationId = await run('stacks/dns/destroy', { confirm: true });
    expect((await settled(operationId))[0]?.attempts.map(({ statusCode }) => statusCode)).toEqual([302, 204]);
    const { body } = await test.get(at(`operations/${operationId}`));
    expect(JSON.stringify(body) + JSON.stringify(await deliveries(operationId))).not.toContain('receivers-own');
    expect(JSON.stringify(body.data['parameters'])).toContain('127.0.0.1');
    const silent = await run('deploy', { stackFilter: ['dns'], webhookUrl: undefined });
    expect(await deliveries(silent)).toMatchObject({ webhooks: [], total: 0 });
    expect(receiver.received.length).toBe(before + 3);
  });

  it('is told later what it could not be told before the server stopped', async () => {
    receiver.answers.push(500, 500);
    const operationId = await run('deploy', { stackFilter: ['dns'], force: true });
    await test.app.close();
    test = await TestApp.start(settings);
    expect((await settled(operationId)).map(({ type, status }) => [type, status])).toEqual([
      ['deployment_started', 'delivered'],
      ['deployment_complete', 'delivered'],
    ]);
  });

  it.each([
    ['deploy', {}],
    ['destroy', { confirm: true }],
    ['rollback', {}],
    ['stacks/dns/deploy', {}],
    ['stacks/dns/destroy', { confirm: true }],
  ])('must be an address that %s can report to', async (path, body) => {
    const send = (webhookUrl: unknown): Promise<Answer> =>
      test.post(at(path), { environment: 'dev', ...body, webhookUrl });
    for (const wrong of [
      'ftp://x.example.com',
      'hooks.example.com',
      7,
      'https://u:p@x.example.com/',
      `https://x/${'y'.repeat(2048)}`,
    ]) {
      const refused = await send(wrong);
      expect(refused).toMatchObject({ status: 400, body: { code: 'VALIDATION_INVALID_FORMAT' } });
      expect(refused.body.details).toEqual([expect.objectContaining({ field: 'webhookUrl' })]);
    }
  });
});

describe('without WEBHOOK_ALLOW_PRIVATE', () => {
  it.each([
    'http://hooks.example.com/',
    'https://127.0.0.1/x',
    'https://169.254.169.254/latest',
    'https://[::1]/',
    'https://localhost/',
  ])('%s is refused before anything starts', async (webhookUrl) => {
    const test = await strict();
    const made = await test.post('/api/v1/deployments', MINIMAL);
    const path = `/api/v1/deployments/${String(made.body.data['deploymentId'])}`;
    const refused = await test.post(`${path}/deploy`, { environment: 'dev', webhookUrl });
    expect(refused).toMatchObject({ status: 400, body: { code: 'VALIDATION_INVALID_FORMAT' } });
    expect(refused.body.details).toEqual([expect.objectContaining({ field: 'webhookUrl' })]);
    expect((await test.get(`${path}/operations`)).body.data['operations']).toEqual([]);
  });

  let server: Promise<TestApp> | undefined;
  const strict = (): Promise<TestApp> => (server ??= TestApp.start({ ENGINE_RUNNERS: '0' }));
  afterAll(async () => (await server)?.stop());
});
