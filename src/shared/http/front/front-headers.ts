import { SECURITY_HEADERS } from '../security-headers.js';
import type { Principal } from '../principal.js';
import type { RequestContext } from '../request-context.js';

/** On every answer of the session half to a caller without an Origin. */
const ALWAYS: readonly string[] = [
  ...['Content-Type', 'application/json; charset=utf-8'],
  ...['Vary', 'Origin'],
  ...['Cache-Control', 'no-store'],
  ...Object.entries(SECURITY_HEADERS).flat(),
];
/** One list for each object of headers, as most come from a constant. */
const lists = new WeakMap<object, readonly string[]>();

/** Names and values in turn, as `writeHead` takes them fastest. @param own of the route or the error */
export function answerHeaders(
  { requestId, rateLimit, principal }: RequestContext & { readonly principal: Principal },
  body: string,
  own: Readonly<Record<string, string>> | undefined,
): string[] {
  const headers = ALWAYS.concat('X-Request-Id', requestId, 'Content-Length', String(Buffer.byteLength(body)));
  if (rateLimit) {
    const { limit, remaining, reset } = rateLimit;
    headers.push('X-RateLimit-Limit', String(limit), 'X-RateLimit-Remaining', String(remaining));
    headers.push('X-RateLimit-Reset', String(reset), 'X-RateLimit-Tier', principal.tier);
  }
  if (own) headers.push(...listOf(own));
  return headers;
}

function listOf(headers: Readonly<Record<string, string>>): readonly string[] {
  let list = lists.get(headers);
  if (!list) lists.set(headers, (list = Object.entries(headers).flat()));
  return list;
}
