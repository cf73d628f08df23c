import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DatabaseCircuit } from '../../shared/database/circuit-breaker.js';
import { contextOf } from '../../shared/http/request-context.js';
import { Metrics } from '../../shared/metrics/metrics.js';
import { answerInFront, healthBody } from './fast-health.js';

/** Paths that answer without the database. */
const NEEDS_DATABASE = /^\/api\/(v1\/(?!health|info|version|metrics|openapi|ws)|sessions|tasks|machines)/;

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
      this.measure(request, reply);
      done();
    });
  }

  private measure(request: FastifyRequest, reply: FastifyReply): void {
    const endpoint = request.routeOptions.url ?? 'unknown';
    const { method } = request;
    const status = reply.statusCode;
    this.metrics.count('api_requests_total', { endpoint, method, status });
    this.metrics.observe('api_request_duration_ms', { endpoint, method }, reply.elapsedTime);
    const code = contextOf(request)?.errorCode;
    if (!code) return;
    if (status === 401) this.metrics.count('auth_failures_total', { reason: code });
    else if (status === 429) this.metrics.count('rate_limited_total', { bucket: 'http' });
    else if (status >= 500) this.metrics.count('errors_total', { code });
  }
}
