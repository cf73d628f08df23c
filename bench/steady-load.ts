import { Agent, request } from 'node:http';
import { percentile } from './report.js';

export interface Load {
  readonly perSecond: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

export interface SteadyRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Requests of independent clients: they arrive at random (exponential gaps), on the average `rate` a second, whether or not
 * earlier ones are answered. A time runs from the moment a request was due, so waiting for a free connection counts.
 * autocannon cannot do that: with a rate its connections send their share of each second at once, at the second's beginning.
 * @throws TypeError when an answer was no success
 */
export async function steadyLoad(
  url: string,
  requests: readonly SteadyRequest[],
  options: { readonly seconds: number; readonly connections: number; readonly rate: number },
): Promise<Load> {
  const { seconds, connections, rate } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const times: number[] = [];
  const open: Promise<void>[] = [];
  const startedAt = performance.now();
  let due = startedAt;
  while (due < startedAt + seconds * 1000) {
    due -= (Math.log(1 - Math.random()) * 1000) / rate;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const next = requests[open.length % requests.length];
    if (next) open.push(sent(agent, url, next, due).then((ms) => void times.push(ms)));
  }
  await Promise.all(open);
  agent.destroy();
  return { perSecond: times.length / seconds, p95Ms: percentile(times, 95), p99Ms: percentile(times, 99) };
}

/** @returns ms from `due` to the end of the answer */
function sent(agent: Agent, url: string, { method, path, headers }: SteadyRequest, due: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const one = request(new URL(path, url), { agent, method, headers }, (response) => {
      response.resume().once('end', () => {
        const { statusCode = 0 } = response;
        if (statusCode < 300) resolve(performance.now() - due);
        else reject(new TypeError(`${url}${path} answered ${statusCode}`));
      });
    });
    one.once('error', reject).end();
  });
}
