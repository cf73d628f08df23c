import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { DatabaseCircuit } from '../../shared/database/circuit-breaker.js';
import { Config } from '../../shared/config/config.js';
import { type AnsweredRequest, answeredBy } from '../../shared/http/front/answered-request.js';
import { FrontDesk } from '../../shared/http/front/front-desk.js';
import { runInContext } from '../../shared/http/request-context.js';
import { createLog } from '../../shared/kernel/log.js';
import { Metrics } from '../../shared/metrics/metrics.js';
import { answerInFront, healthBody } from './fast-health.js';

const HEARTBEAT = '/api/sessions/:sessionId/heartbeat';

const log = createLog('http');

/** Paths that answer without the database. */
const NEEDS_DATABASE = /^\/api\/(v1\/(?!health|info|version|metrics|openapi|ws)|sessions|tasks|machines|orchestration)/;

/**
 * What happens below Nest's pipeline, because it must cost nearly nothing or come first: `GET /health`, the request
 * metrics, and the refusal while the database's circuit is open (which must come before authentication asks it).
 */
@Injectable()
export class HealthHooks implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly circuit: DatabaseCircuit,
    private readonly metrics: Metrics,
    private readonly config: Config,
    private readonly front: FrontDesk,
  ) {}

  onModuleInit(): void {
    const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
    const health = this.metrics.counter('api_requests_total', { endpoint: '/health', method: 'GET', status: 200 });
    answerInFront(fastify.server, () => health.inc());
    for (const url of ['/health', '/api/health']) {
      fastify.get(url, (_request, reply) => reply.type('application/json; charset=utf-8').send(healthBody()));
    }
    fastify.addHook('onRequest', (request, _reply, done) => {
      const refusal =
        this.circuit.state !== 'closed' && NEEDS_DATABASE.test(request.url) ? this.circuit.refusal() : null;
      if (refusal) done(refusal);
      else done();
    });
    fastify.addHook('onResponse', (request, reply, done) => {
      this.measure(answeredBy(request, reply));
      done();
    });
    this.front.observe((request) => this.measure(request));
    this.front.shutWhile(() => this.circuit.state !== 'closed');
  }

  /** Those that reactivate a session are counted once more as such, by their event (session-metrics.ts). */
  private measureHeartbeat(status: number, elapsedMs: number): void {
    this.metrics.observe('heartbeat_latency_ms', {}, elapsedMs);
    const result = status < 300 ? 'ok' : status === 404 ? 'not_found' : 'rejected';
    this.metrics.count('heartbeats_total', { result });
  }

  /** `http.request`: successes sampled by LOG_REQUEST_SAMPLE_RATE, refusals warn, failures are errors. */
  private logRequest(request: AnsweredRequest): void {
    const { method, endpoint, status, elapsedMs, context, clientRequestId } = request;
    const share = this.config.log.requestShare;
    if (status < 400 && share < 1 && Math.random() >= share) return;
    const { sessionId } = request.params;
    const write = (): void => {
      const fields = {
        method,
        endpoint,
        status_code: status,
        duration_ms: Math.round(elapsedMs * 10) / 10,
        ip: request.ip,
        ...(context?.principal ? { key_id: context.principal.id } : {}),
        ...(context?.errorCode ? { code: context.errorCode } : {}),
        ...(sessionId ? { session_id: sessionId } : {}),
        // only noted; ours is a fresh one
        ...(clientRequestId === undefined ? {} : { client_request_id: clientRequestId.slice(0, 128) }),
      };
      if (status >= 500) log.error('http.request', { ...fields, error: context?.errorCode });
      else if (status >= 400) log.warn('http.request', fields);
      else log.info('http.request', fields);
    };
    if (context) runInContext(context, write);
    else write();
  }

  private measure(request: AnsweredRequest): void {
    const { method, endpoint, status, elapsedMs } = request;
    this.metrics.count('api_requests_total', { endpoint, method, status });
    this.metrics.observe('api_request_duration_ms', { endpoint, method }, elapsedMs);
    if (endpoint === HEARTBEAT) this.measureHeartbeat(status, elapsedMs);
    this.logRequest(request);
    const code = request.context?.errorCode;
    if (!code) return;
    if (status === 401) this.metrics.count('auth_failures_total', { reason: code });
    else if (status === 429) this.metrics.count('rate_limited_total', { bucket: 'http' });
    else if (status >= 500) this.metrics.count('errors_total', { code });
  }
}
