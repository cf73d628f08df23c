import { WebSocket } from 'ws';
import type { Frame } from './run-view.js';

export interface StreamOptions {
  /** Of the server, http or https. */
  readonly url: string;
  readonly apiKey: string;
  /** Channel of one operation. */
  readonly channel: string;
  /** Every event once, in order. Return true after the last one. */
  readonly onFrame: (frame: Frame) => boolean;
  readonly signal: AbortSignal;
}

/** The server will not tell us, however often we ask. */
export class StreamRefused extends Error {
  override readonly name = 'StreamRefused';
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;

/**
 * Follows one operation from its first event:
 * 1. subscribe with `since` = number of the last event seen (0: from the beginning);
 * 2. hand on what has the next number; a number twice is dropped, a hole makes a new connection (what is not there at the
 *    second time is not for us to see);
 * 3. on a lost connection wait (doubling up to 5 s) and start over at 1.
 * Resolves after the last event or when aborted. @throws StreamRefused
 */
export async function followRun(options: StreamOptions): Promise<void> {
  let seen = 0;
  let waitMs = FIRST_WAIT_MS;
  let hole: number | null = null;
  while (!options.signal.aborted) {
    const before = seen;
    const ending = await oneConnection(options, { since: seen, knownHole: hole }, (frame) => {
      seen = frame.seq;
      return options.onFrame(frame);
    });
    if (ending === 'over') return;
    hole = ending === 'hole' ? seen : null;
    waitMs = seen > before ? FIRST_WAIT_MS : Math.min(LONGEST_WAIT_MS, waitMs * 2);
    await wait(waitMs, options.signal);
  }
}

function oneConnection(
  { url, apiKey, channel, signal }: StreamOptions,
  { since, knownHole }: { readonly since: number; readonly knownHole: number | null },
  onFrame: (frame: Frame) => boolean,
): Promise<'over' | 'hole' | 'lost'> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, { headers: { 'x-api-key': apiKey } });
    let last = since;
    let isOver = false;
    let isHole = false;
    const abort = (): void => socket.terminate();
    signal.addEventListener('abort', abort, { once: true });
    socket.on('open', () => socket.send(JSON.stringify({ action: 'subscribe', channel, since })));
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString('utf8')) as Partial<Frame> & { code?: string; message?: string };
      if (frame.data === undefined && frame.type === 'error') {
        const isFinal = /^(AUTH|AUTHZ|RESOURCE_NOT_FOUND|WS_INVALID)/.test(frame.code ?? '');
        if (isFinal) reject(new StreamRefused(`${frame.message ?? 'refused'} [${frame.code ?? '?'}]`));
        socket.terminate();
        return;
      }
      if (typeof frame.seq !== 'number' || frame.data === undefined || isOver || isHole || frame.seq <= last) return;
      if (frame.seq > last + 1 && last !== knownHole) {
        isHole = true;
        return socket.terminate();
      }
      last = frame.seq;
      isOver = onFrame(frame as Frame);
      if (isOver) socket.close(1000);
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      signal.removeEventListener('abort', abort);
      resolve(isOver ? 'over' : isHole ? 'hole' : 'lost');
    });
  });
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
