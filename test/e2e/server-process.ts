import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { ADMIN, type Answer, type Body, parsed } from './app.harness.js';

/** The built server (`npm run build`) as a process of its own, so that it can be killed like one. */
export class ServerProcess {
  #output = '';
  readonly #listeners: ((text: string) => void)[] = [];

  private constructor(
    private readonly child: ChildProcess,
    /** Where it listens; '' until it does. */
    private url = '',
    private token = '',
  ) {
    const keep = (text: Buffer): void => {
      this.#output = (this.#output + String(text)).slice(-200_000);
      for (const listener of this.#listeners) listener(String(text));
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
  }

  /**
   * @param settings its whole environment, besides what a process needs
   * @param token of an earlier start
   * @param listener gets all that it prints
   */
  static async start(
    settings: Readonly<Record<string, string>>,
    token?: string,
    listener?: (text: string) => void,
  ): Promise<ServerProcess> {
    const { PATH, HOME } = process.env;
    const child = fork('dist/src/main.js', {
      env: { PATH, HOME, ...settings, PORT: '0', HOST: '127.0.0.1' },
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const server = new ServerProcess(child);
    if (listener) server.#listeners.push(listener);
    server.url = await new Promise((resolve, reject) => {
      child.once('message', (message: { url: string }) => resolve(message.url));
      child.once('exit', (code) => reject(new Error(`The server ended with ${code}:\n${server.#output}`)));
    });
    server.token = token ?? (await server.login());
    return server;
  }

  get accessToken(): string {
    return this.token;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** The end of what it has printed. */
  get output(): string {
    return this.#output;
  }

  /** Stands still in the middle of whatever it does, as if its machine had been frozen; what it has started does not. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  /** Goes on where it was. */
  thaw(): void {
    this.child.kill('SIGCONT');
  }

  /** Waits until it has printed this. */
  async says(text: string): Promise<void> {
    while (!this.#output.includes(text)) {
      if (this.hasEnded) throw new Error(`The server has ended without saying "${text}":\n${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Dies in the middle of whatever it does. */
  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  /** Ends in order. */
  stop(): Promise<void> {
    return this.end('SIGTERM');
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
        ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: parsed(await response.text()) };
  }

  /** The `data` of an answer that must be a success. */
  async data(method: string, path: string, body?: unknown): Promise<Body['data']> {
    const answer = await this.call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body.data;
  }

  private async login(): Promise<string> {
    const data = await this.data('POST', '/api/v1/auth/login', { username: ADMIN.email, password: ADMIN.password });
    return String(data['accessToken']);
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    this.thaw(); // a frozen one would never hear it
    await ended;
  }
}
