import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { provideDatabase } from '../tools/dev-database/provide-database.js';
import { median, percentile } from './report.js';
import { type Server, startProcess, startServer } from './server-process.js';
import { type Load, steadyLoad, type SteadyRequest } from './steady-load.js';

/** Keys that share the load: one may send 12,000 heartbeats a minute. */
const KEYS = Array.from({ length: 40 }, (_, i) => `bench-key-${String(i).padStart(2, '0')}-0123456789`);
const SESSIONS = 100;
const DATABASE = 'bench_sessions';

/** One kind of request, to one of the sessions. */
export interface Request {
  readonly method: 'GET' | 'POST';
  readonly path: (sessionId: string) => string;
}

/** Our server with everything on, the bare one beside it on the same database, and sessions that both know. */
export class SessionLoad {
  private constructor(
    readonly ours: Server,
    readonly bare: Server,
    readonly sessions: readonly string[],
    /** Which database they run on. */
    readonly via: string,
    private readonly end: () => Promise<void>,
  ) {}

  static async start(): Promise<SessionLoad> {
    const folder = mkdtempSync(join(tmpdir(), 'cloud-bench-'));
    const database = await provideDatabase({ dataDir: join(folder, 'db'), say: (line) => console.error(line) });
    const servers: Server[] = [];
    const end = async (): Promise<void> => {
      for (const server of servers) await server.stop();
      await database.stop();
      rmSync(folder, { recursive: true, force: true });
    };
    try {
      const settings = {
        LOG_LEVEL: 'info',
        LOG_TO_STDERR: 'false',
        LOG_HEARTBEAT_SAMPLE_RATE: '0.1', // as in production
        API_KEYS: KEYS.join(','),
        RATE_LIMIT_PER_MINUTE: '1000000',
        RATE_LIMIT_HEARTBEAT_PER_MINUTE: '1000000',
      };
      const log = openSync(join(folder, 'server.log'), 'a');
      const ours = await startServer(database.uri, DATABASE, folder, settings, log);
      servers.push(ours);
      const bare = await startProcess('bench/bare-heartbeat.js', { MONGODB_URI: withName(database.uri) });
      servers.push(bare);
      return new SessionLoad(ours, bare, await createSessions(ours.url), database.via, end);
    } catch (error) {
      await end();
      throw error;
    }
  }

  stop(): Promise<void> {
    return this.end();
  }

  /** Rounds alternate, so that whatever else the machine does hits both. @returns median of the ratios, and ours */
  async compare(
    request: Request,
    options: { readonly rounds: number; readonly seconds: number; readonly connections: number },
  ): Promise<{ readonly ofBare: number; readonly ours: Load; readonly bare: Load }> {
    const { rounds, seconds, connections } = options;
    const pairs: { ours: Load; bare: Load }[] = [];
    for (const server of [this.ours, this.bare]) await this.load(server, request, { seconds: 2, connections });
    for (let round = 1; round <= rounds; round += 1) {
      const order = round % 2 ? (['bare', 'ours'] as const) : (['ours', 'bare'] as const);
      const measured: Partial<Record<'ours' | 'bare', Load>> = {};
      for (const which of order) measured[which] = await this.load(this[which], request, { seconds, connections });
      const pair = measured as { ours: Load; bare: Load };
      pairs.push(pair);
      const words = `ours ${Math.round(pair.ours.perSecond)}/s, bare ${Math.round(pair.bare.perSecond)}/s`;
      console.error(`${connections} connections, round ${round}: ${words}`);
    }
    const of = (which: 'ours' | 'bare'): Load => ({
      perSecond: median(pairs.map((pair) => pair[which].perSecond)),
      p95Ms: median(pairs.map((pair) => pair[which].p95Ms)),
      p99Ms: median(pairs.map((pair) => pair[which].p99Ms)),
    });
    return {
      ofBare: median(pairs.map(({ ours, bare }) => ours.perSecond / bare.perSecond)),
      ours: of('ours'),
      bare: of('bare'),
    };
  }

  /** `rate` requests a second, sent as independent clients do. @throws TypeError when an answer was no success */
  steady(
    server: Server,
    request: Request,
    options: { readonly seconds: number; readonly connections: number; readonly rate: number },
  ): Promise<Load> {
    return steadyLoad(server.url, this.requests(request), options);
  }

  /** As many as go. @throws TypeError when an answer was no success */
  private async load(
    server: Server,
    request: Request,
    options: { readonly seconds: number; readonly connections: number },
  ): Promise<Load> {
    const times: number[] = [];
    const result = await autocannon({
      url: server.url,
      connections: options.connections,
      duration: options.seconds,
      requests: [...this.requests(request)],
      setupClient: (one) => {
        one.on('response', (_status, _bytes, ms) => times.push(ms));
      },
    });
    if (result.non2xx > 0 || result.errors > 0) {
      throw new TypeError(`${server.url}: ${result.non2xx} answers were no success, ${result.errors} failed`);
    }
    return {
      perSecond: result.requests.total / result.duration,
      p95Ms: percentile(times, 95),
      p99Ms: percentile(times, 99),
    };
  }

  private requests({ method, path }: Request): readonly SteadyRequest[] {
    return this.sessions.map((id, i) => ({
      method,
      path: path(id),
      headers: { 'x-api-key': KEYS[i % KEYS.length] ?? '' },
    }));
  }
}

async function createSessions(url: string): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let i = 0; i < SESSIONS; i += 1) {
    const response = await fetch(`${url}/api/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': KEYS[0] ?? '' },
      body: JSON.stringify({
        project_id: `project-${i}`,
        machine_id: `machine-${i % 10}`,
        metadata: { branch: 'main' },
      }),
    });
    const body = (await response.json()) as { session_id?: string };
    if (!body.session_id)
      throw new TypeError(`POST /api/sessions answered ${response.status}: ${JSON.stringify(body)}`);
    ids.push(body.session_id);
  }
  return ids;
}

/** The bare server's collection is the server's own. */
function withName(uri: string): string {
  const url = new URL(uri);
  url.pathname = `/${DATABASE}`;
  return url.toString();
}
