import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../src/app.js';
import { StackEngine } from '../src/modules/orchestrator/engine.port.js';
import { Config, readConfig } from '../src/shared/config/config.js';
import { EventBus } from '../src/shared/events/event-bus.js';
import type { StoredEvent } from '../src/shared/events/events.js';
import { type ProvidedDatabase, provideDatabase } from '../tools/dev-database/provide-database.js';

/** Bootstrap key of every bench, for the session half. */
export const BENCH_KEY = 'bench-key-0123456789';
const ADMIN = { email: 'bench@demo.example', password: 'Correct-Horse-7' };
const ENDINGS = ['deployment_complete', 'deployment_failed', 'deployment_cancelled'] as const;

type Data = Readonly<Record<string, unknown>>;

interface Ending {
  readonly event: StoredEvent;
  /** By `performance.now()`. */
  readonly at: number;
}

export interface TimedDeploy {
  /** From sending the request to the operation's last event, in ms. */
  readonly ms: number;
  /** Body of the 202. */
  readonly accepted: Data;
  /** What its last event says. */
  readonly result: Data;
}

/**
 * The whole server in this process, on the embedded engine and the sandbox at speed 0, with a database of its own; driven
 * over HTTP. In this process, so that a bench can see the processes it starts and call its engine directly.
 */
export class BenchApp {
  /** By operation: what has ended, and who waits for an end. */
  readonly #ended = new Map<string, Ending>();
  readonly #waiting = new Map<string, (ending: Ending) => void>();
  #token = '';

  private constructor(
    readonly app: NestFastifyApplication,
    private readonly url: string,
    private readonly database: ProvidedDatabase,
    private readonly folder: string,
  ) {
    app.get(EventBus).on(ENDINGS, (event) => {
      const ending = { event, at: performance.now() };
      const operationId = String(event.scope.operationId);
      this.#ended.set(operationId, ending);
      this.#waiting.get(operationId)?.(ending);
    });
  }

  /** @param settings environment variables on top of those of the benches */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<BenchApp> {
    const folder = mkdtempSync(join(tmpdir(), 'cloud-bench-'));
    const database = await provideDatabase({ dataDir: join(folder, 'db'), say: (line) => console.error(line) });
    return BenchApp.open(database, folder, settings);
  }

  /** A further server on the database of another; it is stopped before that one. */
  static beside(other: BenchApp, settings: Readonly<Record<string, string>> = {}): Promise<BenchApp> {
    const folder = mkdtempSync(join(other.folder, 'beside-')); // it goes with its server
    return BenchApp.open({ ...other.database, stop: async () => undefined }, folder, settings);
  }

  private static async open(
    database: ProvidedDatabase,
    folder: string,
    settings: Readonly<Record<string, string>>,
  ): Promise<BenchApp> {
    const uri = new URL(database.uri);
    uri.pathname = `/bench_${process.pid}`;
    const config = readConfig({
      NODE_ENV: 'test',
      LOG_LEVEL: 'warn',
      LOG_TO_STDERR: 'true',
      MONGODB_URI: uri.toString(),
      ENGINE: 'embedded',
      CLOUD: 'sandbox',
      SANDBOX_SPEED: '0',
      DATA_DIR: join(folder, 'data'),
      DEPLOY_ROOT: join(folder, 'deploy'),
      BOOTSTRAP_ADMIN_EMAIL: ADMIN.email,
      BOOTSTRAP_ADMIN_PASSWORD: ADMIN.password,
      DEFAULT_ORGANIZATION: 'demo',
      API_KEYS: `bench:${BENCH_KEY}`,
      RATE_LIMIT_PER_MINUTE: '1000000',
      RATE_LIMIT_EXEC_PER_MINUTE: '1000000',
      ...settings,
    });
    const app = await createApp(config);
    await app.listen(0, '127.0.0.1');
    const bench = new BenchApp(app, (await app.getUrl()).replace('[::1]', '127.0.0.1'), database, folder);
    const login = await bench.post('/api/v1/auth/login', { username: ADMIN.email, password: ADMIN.password });
    bench.#token = String(login['accessToken']);
    return bench;
  }

  /** Where it keeps files; the database's are in `db`. */
  get files(): string {
    return this.folder;
  }

  get engine(): StackEngine {
    return this.app.get(StackEngine);
  }

  /** Which database it runs on. */
  get via(): string {
    return this.database.via;
  }

  /** @returns the envelope's data. @throws TypeError on anything but success */
  post(path: string, body: unknown): Promise<Data> {
    return this.send('POST', path, body);
  }

  /** Changes blocks of the manifest. @param stacks stack → what of its block changes */
  async edit(deploymentId: string, stacks: Readonly<Record<string, object>>): Promise<void> {
    await this.send('PUT', `/api/v1/deployments/${deploymentId}`, { stacks });
  }

  private async send(method: string, path: string, body: unknown): Promise<Data> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(this.#token ? { authorization: `Bearer ${this.#token}` } : {}),
      },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new TypeError(`${method} ${path} answered ${response.status}: ${text}`);
    return (JSON.parse(text) as { data: Data }).data;
  }

  /** Organization of BENCH_KEY. */
  get sessionOrganization(): string {
    return this.app.get<Config>(Config).auth.staticKeysOrganization;
  }

  /** A route of the session half with BENCH_KEY. @throws TypeError on anything but success */
  async callSessions(method: string, path: string, body?: unknown): Promise<Data> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { 'x-api-key': BENCH_KEY, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new TypeError(`${method} ${path} answered ${response.status}: ${text}`);
    return JSON.parse(text) as Data;
  }

  getSessions(path: string): Promise<unknown> {
    return this.callSessions('GET', path);
  }

  /**
   * @param more of the body, e.g. another organization or account
   * @returns the id of a new deployment with dev enabled
   */
  async initialise(template: string, more: Data = {}): Promise<string> {
    const made = await this.post('/api/v1/deployments', {
      organization: 'demo',
      project: 'Bench',
      domain: 'bench.example.com',
      template,
      accounts: { dev: '111111111111' },
      ...more,
    });
    return String(made['deploymentId']);
  }

  /** One deploy of dev, from the request to its last event. @throws TypeError when it does not end well */
  async deploy(deploymentId: string, body: Data = {}): Promise<TimedDeploy> {
    const startedAt = performance.now();
    const accepted = await this.post(`/api/v1/deployments/${deploymentId}/deploy`, { environment: 'dev', ...body });
    const { event, at } = await this.ending(String(accepted['operationId']));
    if (event.type !== 'deployment_complete') {
      throw new TypeError(`The deploy ended as ${event.type}: ${JSON.stringify(event.data).slice(0, 2000)}`);
    }
    return { ms: at - startedAt, accepted, result: event.data };
  }

  /** A run may end before its 202 has arrived. */
  private async ending(operationId: string): Promise<Ending> {
    const ending =
      this.#ended.get(operationId) ?? (await new Promise<Ending>((resolve) => this.#waiting.set(operationId, resolve)));
    this.#ended.delete(operationId);
    this.#waiting.delete(operationId);
    return ending;
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.database.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
