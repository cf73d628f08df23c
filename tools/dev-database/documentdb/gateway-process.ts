import { spawn, type ChildProcess } from 'node:child_process';
import { DatabaseUnavailable } from '../dev-database.error.js';
import { dyingWithUs, endGently, ended, onLines, within } from '../processes.js';

const START_PATIENCE_MS = 20_000;
const STOP_PATIENCE_MS = 10_000;
/** Enough for its buffers; a leak shall not take the developer's machine along. */
const HEAP_LIMIT_MB = 256;

/** The wire gateway in a process of its own, so that it shares no event loop with whoever asked for a database. */
export class GatewayProcess {
  private child: ChildProcess | null = null;

  constructor(
    private readonly entry: string,
    private readonly socketFolder: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  get pid(): number | null {
    return this.child?.pid ?? null;
  }

  /** @returns the port it listens on */
  async start(port: number, onExit: (reason: string) => void): Promise<number> {
    const node = [process.execPath, `--max-old-space-size=${HEAP_LIMIT_MB}`, '--enable-source-maps', this.entry];
    const [file = '', ...args] = dyingWithUs('TERM', [...node, this.socketFolder, String(port)], this.env);
    const { NODE_OPTIONS: _ours, ...env } = this.env;
    const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env });
    this.child = child;
    const lastLines: string[] = [];
    if (child.stderr) {
      onLines(child.stderr, (line) => {
        lastLines.push(line);
        if (lastLines.length > 12) lastLines.shift();
      });
    }
    let listening: number | null = null;
    const answer = new Promise<void>((resolve) => {
      child.once('message', (message) => {
        listening = (message as { port: number }).port;
        resolve();
      });
      child.once('error', () => resolve());
      child.once('exit', () => resolve());
    });
    await within(answer, START_PATIENCE_MS);
    if (listening === null) {
      this.child = null;
      await endGently(child, []);
      throw new DatabaseUnavailable(`the gateway did not start: ${lastLines.join(' | ') || 'no answer'}`);
    }
    child.once('exit', (code, signal) => {
      if (this.child !== child) return;
      this.child = null;
      onExit(
        `${signal ? `killed by ${signal}` : `exit code ${code}`}${lastLines.length > 0 ? `: ${lastLines.join(' | ')}` : ''}`,
      );
    });
    return listening;
  }

  async stop(): Promise<void> {
    const child = this.child;
    this.child = null;
    if (!child) return;
    if (child.connected) child.send('stop', () => undefined);
    if (!(await within(ended(child), STOP_PATIENCE_MS))) await endGently(child, [['SIGTERM', 1_000]]);
  }
}
