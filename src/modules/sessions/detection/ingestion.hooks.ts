import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { type AnsweredRequest, answeredBy } from '../../../shared/http/front/answered-request.js';
import { FrontDesk } from '../../../shared/http/front/front-desk.js';
import { homeOrganization } from '../../../shared/http/principal.js';
import { IngestionWatch } from './ingestion-watch.js';

const HEARTBEAT = /^\/api\/(sessions|machines)\/:[^/]+\/heartbeat$/;
const OF_SESSIONS = '/api/sessions/';

/** By our own limits, or for our own trouble. */
const isRefusal = (status: number): boolean => status === 429 || status >= 500;

/** Sees every heartbeat that was not taken, whoever refused it and wherever: guard, circuit, timeout, handler. */
@Injectable()
export class IngestionHooks implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly watch: IngestionWatch,
    private readonly front: FrontDesk,
  ) {}

  onModuleInit(): void {
    const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
    fastify.addHook('onResponse', (request, reply, done) => {
      if (isRefusal(reply.statusCode)) this.tell(answeredBy(request, reply));
      done();
    });
    this.front.observe((request) => {
      if (isRefusal(request.status)) this.tell(request);
    });
  }

  private tell({ endpoint, status, context, params }: AnsweredRequest): void {
    if (!HEARTBEAT.test(endpoint)) return;
    if (status >= 500) return this.watch.trouble(`a heartbeat was answered with ${status}`);
    const organization = context?.principal ? homeOrganization(context.principal) : null;
    const [id] = Object.values(params);
    if (organization !== null && id !== undefined && endpoint.startsWith(OF_SESSIONS)) {
      this.watch.heard(organization, id);
    }
  }
}
