import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../src/app.js';
import { readConfig } from '../../src/shared/config/config.js';

export const ADMIN = { email: 'admin@demo.example', password: 'Correct-Horse-7' };

/** Bootstrap keys of every test server, for the session half. */
export const FULL_KEY = 'full-key-0123456789abcdef';
export const CLIENT_KEY = 'client-key-0123456789abcdef';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON; text where the answer is none. */
  readonly body: Body;
}
/** Loose on purpose: tests look at what the wire really carries. */
export interface Body {
  readonly success?: boolean;
  readonly code?: string;
  readonly message?: string;
  readonly details?: unknown;
  readonly data: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** A running server with its own database, and a caller with the administrator's token. */
export class TestApp {
  #token = '';

  private constructor(
    readonly app: NestFastifyApplication,
    readonly url: string,
    private readonly dataDir: string,
  ) {}

  /** @param settings environment variables on top of the test defaults */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<TestApp> {
    const dataDir = settings['DATA_DIR'] ?? mkdtempSync(join(tmpdir(), 'cloud-e2e-'));
    const app = await createApp(readConfig({ ...testSettings(dataDir), ...settings }));
    await app.listen(0, '127.0.0.1');
    const test = new TestApp(app, (await app.getUrl()).replace('[::1]', '127.0.0.1'), dataDir);
    const login = await test.call('POST', '/api/v1/auth/login', { username: ADMIN.email, password: ADMIN.password });
    if (login.status !== 200) throw new Error(`login failed: ${JSON.stringify(login.body)}`);
    test.#token = String(login.body.data['accessToken']);
    return test;
  }

  get token(): string {
    return this.#token;
  }

  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(this.#token ? { authorization: `Bearer ${this.#token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parsed(text) };
  }

  get = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    this.call('GET', path, undefined, headers);
  post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    this.call('POST', path, body, headers);
  put = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    this.call('PUT', path, body, headers);

  /** Waits until the operation has ended; asks again every 200 ms. */
  async ended(deploymentId: string, operationId: string): Promise<Body['data']> {
    for (;;) {
      const { body } = await this.get(`/api/v1/deployments/${deploymentId}/operations/${operationId}`);
      if (['success', 'failed', 'cancelled'].includes(String(body.data?.['status']))) return body.data;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async stop(): Promise<void> {
    await this.app.close();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

/** Test defaults: sandbox at speed 0, a database of its own, no limit that a test would meet. */
export function testSettings(dataDir: string): Record<string, string> {
  const uri = process.env['MONGODB_URI'];
  if (!uri) throw new Error('MONGODB_URI is not set: run the tests through npm test');
  return {
    NODE_ENV: 'test',
    LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
    MONGODB_URI: withDatabase(uri, `e2e_${process.pid}_${Math.random().toString(36).slice(2, 8)}`),
    ENGINE: 'embedded',
    CLOUD: 'sandbox',
    SANDBOX_SPEED: '0',
    DATA_DIR: dataDir,
    DEPLOY_ROOT: join(dataDir, 'deploy'),
    BOOTSTRAP_ADMIN_EMAIL: ADMIN.email,
    BOOTSTRAP_ADMIN_PASSWORD: ADMIN.password,
    DEFAULT_ORGANIZATION: 'demo',
    API_KEYS: `full:${FULL_KEY},client:${CLIENT_KEY}:client`,
    RATE_LIMIT_HEARTBEAT_PER_MINUTE: '1000000',
    RATE_LIMIT_PER_MINUTE: '1000000',
    RATE_LIMIT_AUTH_PER_MINUTE: '1000000',
    RATE_LIMIT_EXEC_PER_MINUTE: '1000000',
    AUTH_FAILURES_PER_MINUTE: '1000000',
  };
}

function withDatabase(uri: string, name: string): string {
  const url = new URL(uri);
  url.pathname = `/${name}`;
  return url.toString();
}

/** JSON; what is none as `text`. */
export function parsed(text: string): Body {
  try {
    return JSON.parse(text) as Body;
  } catch {
    return { text, data: {} } as unknown as Body;
  }
}

/** Body of POST /deployments for the minimal template. */
export const MINIMAL = {
  organization: 'demo',
  project: 'Web Shop',
  domain: 'shop.example.com',
  template: 'minimal',
  accounts: { dev: '111111111111' },
};
