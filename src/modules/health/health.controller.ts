import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, Public, RateLimitClass } from '../../shared/http/allow.js';
import { Answer, RawAnswer } from '../../shared/http/answer.js';
import { Metrics } from '../../shared/metrics/metrics.js';
import { HealthService } from './health.service.js';
import { SessionMetrics } from './session-metrics.js';

/** Bare bodies at the root; `GET /health` itself is in health.hooks.ts. */
@ApiTags('Health, metrics, status')
@Controller()
export class HealthController {
  constructor(
    private readonly health: HealthService,
    private readonly metrics: Metrics,
    private readonly sessions: SessionMetrics,
  ) {}

  @Get(['health/ready', 'api/health/ready'])
  @Public()
  @RateLimitClass('EXEMPT')
  @ApiOperation({ summary: 'May requests be sent here? 503 while starting, shutting down or without database' })
  async ready(): Promise<Answer<unknown>> {
    const body = await this.health.ready();
    return new Answer(body, { status: body.ready ? 200 : 503 });
  }

  @Get(['health/live', 'api/health/live'])
  @Public()
  @RateLimitClass('EXEMPT')
  @ApiOperation({ summary: 'Is the process alive?' })
  live(): Record<string, unknown> {
    return this.health.live();
  }

  @Get(['health/detailed', 'api/health/detailed'])
  @RateLimitClass('EXEMPT')
  @Allow('self')
  @ApiOperation({ summary: 'State of every dependency; 503 with the same body when one is in error' })
  async detailed(): Promise<Answer<unknown>> {
    const body = await this.health.detailed();
    return new Answer(body, { status: body.status === 'error' ? 503 : 200 });
  }

  @Get('metrics')
  @Allow('self')
  @ApiOperation({ summary: 'Metrics for Prometheus' })
  async prometheus(): Promise<RawAnswer> {
    await this.sessions.refresh();
    return new RawAnswer(await this.metrics.text(), 'text/plain; version=0.0.4; charset=utf-8');
  }
}
