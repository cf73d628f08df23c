import { randomUUID } from 'node:crypto';
import cors from '@fastify/cors';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/config.js';
import { type AppError, Invalid } from '../errors/app-error.js';
import type { AppExceptionFilter } from '../errors/exception.filter.js';
import { type ContextRequest, correlationOf, type RequestContext, runInContext } from './request-context.js';
import { installBodyParsers } from './request-bodies.js';
import { SECURITY_HEADERS } from './security-headers.js';
import { RouteTable } from './route-table.js';
import { trustedProxies } from './trusted-proxies.js';

/** 1 MiB under /api/v1, 100 KiB in the session half, 20 MiB for state import (api.md 1.2). */
const BODY_LIMIT_BYTES = 1024 * 1024;
const SESSION_BODY_LIMIT_BYTES = 100 * 1024;
const STATE_IMPORT_LIMIT_BYTES = 20 * 1024 * 1024;
const SESSION_ROUTES = /^\/api\/(sessions|tasks|machines|orchestration)(\/|$)/;
const MAX_URL_LENGTH = 8 * 1024;
const MAX_DEPTH = 20;
const MAX_ITEMS = 1000;

/** Swagger UI carries inline scripts and styles. */
const DOCS_POLICY =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:";
const NO_STORE = /^\/api\/v1\/(auth|users|admin)\/|\/state(\/|\?|$)|^\/api\/(sessions|tasks|machines|orchestration)/;

export function createAdapter(config: Config): FastifyAdapter {
  return new FastifyAdapter({
    logger: false,
    trustProxy: trustedProxies(config.server.trustProxy),
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true, caseSensitive: true, maxParamLength: 1024 },
    http: { maxHeaderSize: 16 * 1024 },
    genReqId: () => randomUUID(),
  });
}

/** Hooks around every request: context, headers, CORS, limits, and 404/405 answers. Call before Nest initialises. */
export async function installHooks(
  fastify: FastifyInstance,
  config: Config,
  filter: AppExceptionFilter,
): Promise<void> {
  const routes = new RouteTable();
  fastify.decorateRequest('cloudContext', undefined);
  installBodyParsers(fastify);

  fastify.addHook('onRoute', (route) => {
    routes.add(route.method, route.url);
    if (SESSION_ROUTES.test(route.url)) route.bodyLimit = SESSION_BODY_LIMIT_BYTES;
    else if (route.url.endsWith('/state/import')) route.bodyLimit = STATE_IMPORT_LIMIT_BYTES;
  });

  fastify.addHook('onRequest', (request: ContextRequest, reply, done) => {
    const context: RequestContext = {
      requestId: request.id,
      correlationId: correlationOf(request.headers) ?? request.id,
      startedAt: performance.now(),
    };
    request.cloudContext = context;
    if (isBodiless(request)) delete request.raw.headers['content-type']; // else Fastify wants JSON in nothing
    reply.header('X-Request-Id', context.requestId);
    runInContext(context, () => {
      if (request.url.length <= MAX_URL_LENGTH) return done();
      done(new Invalid('URI_TOO_LONG', `The URL is longer than ${MAX_URL_LENGTH} bytes`, { status: 414 }));
    });
  });

  // Reading the body leaves the async context of the request: enter it again.
  fastify.addHook('preValidation', (request: ContextRequest, _reply, done) => {
    if (!request.cloudContext) return done();
    runInContext(request.cloudContext, () => done(shapeProblem(request.body)));
  });

  fastify.addHook('onSend', (request: ContextRequest, reply, payload, done) => {
    for (const name in SECURITY_HEADERS) reply.header(name, SECURITY_HEADERS[name]);
    if (request.url.startsWith('/api/docs')) reply.header('Content-Security-Policy', DOCS_POLICY);
    if (NO_STORE.test(request.url)) reply.header('Cache-Control', 'no-store');
    const limit = request.cloudContext?.rateLimit;
    if (limit) {
      reply.header('X-RateLimit-Limit', limit.limit);
      reply.header('X-RateLimit-Remaining', limit.remaining);
      reply.header('X-RateLimit-Reset', limit.reset);
      if (request.cloudContext?.principal) reply.header('X-RateLimit-Tier', request.cloudContext.principal.tier);
    }
    done(null, payload);
  });

  const origins = config.server.corsOrigins.map(originPattern);
  await fastify.register(cors, {
    origin: (origin, answer) => answer(null, origin !== undefined && origins.some((test) => test.test(origin))),
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    allowedHeaders: [
      'Authorization',
      'X-API-Key',
      'Content-Type',
      'Idempotency-Key',
      'If-Match',
      'X-Correlation-Id',
      'X-Request-Id',
    ],
    exposedHeaders: [
      'X-Request-Id',
      'X-RateLimit-Limit',
      'X-RateLimit-Remaining',
      'X-RateLimit-Reset',
      'X-RateLimit-Tier',
      'Retry-After',
      'Location',
      'ETag',
      'Idempotency-Replayed',
      'Deprecation',
      'Sunset',
      'X-Total-Count',
      'X-Next-Cursor',
      'X-Heartbeat-Interval-Ms',
      'X-Stall-Threshold-Ms',
    ],
    credentials: false,
    maxAge: 86_400,
    strictPreflight: false,
  });

  // a preflight of an origin that may not call: no headers for it, and no error that would look like a broken route
  fastify.addHook('onRequest', (request, reply, done) => {
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return done();
    void reply.status(204).send();
  });

  filter.useRoutes(routes);
}

/** `https://*.example.com` → pattern; `*` stands for anything but a slash. */
export function originPattern(entry: string): RegExp {
  return new RegExp(`^${entry.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')}$`);
}

/** Many clients name a type whatever they send; a heartbeat without a body is one without a type. */
function isBodiless({ raw: { headers } }: ContextRequest): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] === undefined && (length === undefined || length === '0');
}

function shapeProblem(body: unknown): AppError | undefined {
  if (body === null || typeof body !== 'object' || Buffer.isBuffer(body)) return undefined;
  const walk = (value: unknown, depth: number, path: string): AppError | undefined => {
    if (value === null || typeof value !== 'object') return undefined;
    if (depth > MAX_DEPTH) return tooComplex(path, `is nested deeper than ${MAX_DEPTH} levels`);
    if (Array.isArray(value) && value.length > MAX_ITEMS) return tooComplex(path, `has more than ${MAX_ITEMS} items`);
    for (const [key, part] of Object.entries(value)) {
      const problem = walk(part, depth + 1, Array.isArray(value) ? `${path}[${key}]` : path ? `${path}.${key}` : key);
      if (problem) return problem;
    }
    return undefined;
  };
  return walk(body, 1, '');
}

function tooComplex(field: string, text: string): AppError {
  return new Invalid('VALIDATION_INVALID_FORMAT', `${field} ${text}`, { details: [{ field, messages: [text] }] });
}
