import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

const JSON_TYPES: ReadonlySet<string | undefined> = new Set(['application/json', 'application/json; charset=utf-8']);
/** More than any plain body has; it arrives in one piece with the headers. */
const SMALL_BYTES = 1024;

/** Bytes of a body that `readSmallBody` can look at; 0: there is none; null: one for the framework. */
export function smallLength(headers: IncomingHttpHeaders): number | null {
  const given = headers['content-length'];
  if (headers['transfer-encoding'] !== undefined) return null;
  if (given === undefined || given === '0') return 0;
  const length = Number(given);
  return length <= SMALL_BYTES && JSON_TYPES.has(headers['content-type']) ? length : null;
}

/**
 * Reads a JSON body of `length` bytes once it is there.
 * @param take says whether it takes the body
 * @param otherwise called when the body is incomplete, no JSON or not taken; it is in the request then as if nobody had looked
 */
export function readSmallBody(
  request: IncomingMessage,
  length: number,
  take: (body: unknown) => boolean,
  otherwise: () => void,
): void {
  request.once('readable', () => {
    const bytes = request.read() as Buffer | null;
    const body = bytes?.length === length && isUtf8(bytes) ? parsed(bytes) : undefined;
    if (body !== undefined && take(body)) return;
    if (bytes) request.unshift(bytes);
    otherwise();
  });
}

/** undefined: no JSON. */
function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString()) as unknown;
  } catch {
    return undefined;
  }
}
