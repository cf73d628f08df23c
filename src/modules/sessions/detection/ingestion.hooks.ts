import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { homeOrganization } from '../../../shared/http/principal.js';
import { contextOf } from '../../../shared/http/request-context.js';
import { IngestionWatch } from './ingestion-watch.js';

const HEARTBEAT = /^\/api\/(sessions|machines)\/:[^/]+\/heartbeat$/;
const OF_SESSIONS = '/api/sessions/';

/** Sees every heartbeat that was not taken, whoever refused it and wherever: guard, circuit, timeout, handler. */
@Injectable()
export class IngestionHooks implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly watch: IngestionWatch,
  ) {}

  onModuleInit(): void {
    const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
    fastify.addHook('onResponse', (request, reply, done) => {
      const { statusCode } = reply;
      if (statusCode === 429 || statusCode >= 500) this.tell(request, statusCode);
      done();
    });
  }

  private tell(request: FastifyRequest, status: number): void {
    const route = request.routeOptions.url ?? '';
    if (!HEARTBEAT.test(route)) return;
    if (status >= 500) return this.watch.trouble(`a heartbeat was answered with ${status}`);
    const principal = contextOf(request)?.principal;
    const organization = principal ? homeOrganization(principal) : null;
    const [id] = Object.values((request.params ?? {}) as Record<string, string>);
    if (organization !== null && id !== undefined && route.startsWith(OF_SESSIONS)) this.watch.heard(organization, id);
  }
}
