import WebSocket from 'ws';

export interface Frame {
  readonly type: string;
  readonly seq: number;
  readonly cursor: string;
  readonly id: string;
  readonly channel: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** A WebSocket client that keeps what it is sent. */
export class LiveClient {
  readonly frames: Frame[] = [];
  readonly control: Record<string, unknown>[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (text) => {
      const frame = JSON.parse(String(text)) as Frame;
      if (frame.seq === undefined || frame.id === undefined) this.control.push(frame);
      else this.frames.push(frame);
      for (const wake of this.#waiting) wake();
    });
  }

  static async open(url: string, token: string): Promise<LiveClient> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers: { authorization: `Bearer ${token}` } });
    const client = new LiveClient(socket);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return client;
  }

  subscribe(channel: string, since?: string | number): void {
    this.send({ action: 'subscribe', channel, ...(since === undefined ? {} : { since }) });
  }

  send(frame: object): void {
    this.socket.send(JSON.stringify(frame));
  }

  async until(test: (client: LiveClient) => boolean): Promise<void> {
    while (!test(this)) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
      });
    }
  }

  /** Cuts the connection without a goodbye. */
  cut(): void {
    this.socket.terminate();
  }
}
