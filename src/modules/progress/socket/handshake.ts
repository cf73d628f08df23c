import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import proxyaddr from '@fastify/proxy-addr';
import type { Config } from '../../../shared/config/config.js';
import { trustedProxies } from '../../../shared/http/trusted-proxies.js';
import { errorBody, type ErrorBodyOptions, toAppError } from '../../../shared/errors/exception.filter.js';

const BEARER_PROTOCOL = 'bearer.';

/** A client that offers subprotocols needs one back: rather not the one that carries its token. */
export function chooseProtocol(offered: ReadonlySet<string>): string | false {
  const names = [...offered];
  return names.find((name) => !name.startsWith(BEARER_PROTOCOL)) ?? names[0] ?? false;
}

/** The caller's address, as Fastify finds it for requests (TRUST_PROXY). */
export function addressOf(request: IncomingMessage, trustProxy: Config['server']['trustProxy']): string {
  return proxyaddr(request, trustedProxies(trustProxy)) || 'unknown';
}

/** Answers the upgrade request with an HTTP error of api.md 1.4 and ends the socket. */
export function refuseUpgrade(
  socket: Duplex,
  request: IncomingMessage,
  error: unknown,
  requestId: string,
  options: ErrorBodyOptions,
): void {
  const known = toAppError(error);
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const body = JSON.stringify(errorBody(known, path, options, requestId));
  const headers: Record<string, string | number> = {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'X-Request-Id': requestId,
    Connection: 'close',
    ...(known.status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
    ...known.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(
    `HTTP/1.1 ${known.status} ${STATUS_CODES[known.status] ?? 'Error'}\r\n${lines.join('\r\n')}\r\n\r\n${body}`,
  );
}
