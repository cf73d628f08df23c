/** PostgreSQL and the gateway together, each started again when it dies. */
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { DatabaseUnavailable } from '../dev-database.error.js';
import type { Running, StartRequest } from '../start-request.js';
import { cacheFolder } from '../folders.js';
import { GatewayProcess } from './gateway-process.js';
import { Postgres } from './postgres.js';
import { ensureRootFolder } from './root-folder.js';
import { checkTools, findSeparation } from './sandbox.js';

/** More deaths than this within the period mean that starting again does not help. */
const RESTARTS_AT_MOST = 10;
const RESTART_PERIOD_MS = 60_000;

/** Why this way is not open on this machine; null when it is. */
export function whyNotDocumentDb(env: NodeJS.ProcessEnv): string | null {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid?.() !== 0) return 'it needs to run as root';
  try {
    checkTools(env);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

export async function startDocumentDb({ dataDir, port, say, env, gatewayEntry }: StartRequest): Promise<Running> {
  if (!existsSync(gatewayEntry)) {
    throw new DatabaseUnavailable(`the compiled gateway is missing (${gatewayEntry}); run npm run build first`);
  }
  const separation = await findSeparation(env);
  const root = await ensureRootFolder({ cache: cacheFolder(env), separation, say, env });
  const postgres = await Postgres.prepare({ root, dataDir, separation, say });
  const gateway = new GatewayProcess(gatewayEntry, postgres.socketFolder, env);
  const supervisor = new Supervisor(say);
  await supervisor.keep('PostgreSQL', (onExit) => postgres.start(onExit));
  let listening = port;
  try {
    await supervisor.keep('gateway', async (onExit) => {
      listening = await gateway.start(listening, onExit);
    });
  } catch (error) {
    supervisor.stop();
    await postgres.stop();
    throw error;
  }
  return {
    uri: `mongodb://127.0.0.1:${listening}/`,
    pids: () => ({
      ...(postgres.pid ? { postgres: postgres.pid } : {}),
      ...(gateway.pid ? { gateway: gateway.pid } : {}),
    }),
    stop: async () => {
      supervisor.stop();
      await gateway.stop();
      await postgres.stop();
    },
  };
}

/** Starts what dies again, with a growing pause, until told to stop or until it is hopeless. */
class Supervisor {
  private isStopped = false;
  private readonly deaths = new Map<string, number[]>();

  constructor(private readonly say: (line: string) => void) {}

  stop(): void {
    this.isStopped = true;
  }

  /** @throws what the first start throws */
  async keep(name: string, start: (onExit: (reason: string) => void) => Promise<void>): Promise<void> {
    await start((reason) => void this.revive(name, start, reason));
  }

  private async revive(
    name: string,
    start: (onExit: (reason: string) => void) => Promise<void>,
    reason: string,
  ): Promise<void> {
    const recent = [...(this.deaths.get(name) ?? []), Date.now()].filter((at) => Date.now() - at < RESTART_PERIOD_MS);
    this.deaths.set(name, recent);
    if (this.isStopped) return;
    if (recent.length > RESTARTS_AT_MOST) {
      this.say(`${name} ended ${recent.length} times within a minute and is not started again (${reason})`);
      return;
    }
    this.say(`${name} ended (${reason}); starting it again`);
    await pause(50 * (recent.length - 1));
    if (this.isStopped) return;
    try {
      await this.keep(name, start);
      this.say(`${name} runs again`);
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error;
      await this.revive(name, start, error.message);
    }
  }
}
