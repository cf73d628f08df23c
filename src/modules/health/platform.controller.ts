import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, Public, RateLimitClass } from '../../shared/http/allow.js';
import { Metrics } from '../../shared/metrics/metrics.js';
import { HealthService, VERSION } from './health.service.js';
import { SessionMetrics } from './session-metrics.js';

@ApiTags('Health, metrics, status')
@Controller('api/v1')
export class PlatformController {
  constructor(
    private readonly health: HealthService,
    private readonly metrics: Metrics,
    private readonly sessions: SessionMetrics,
  ) {}

  @Get('health')
  @Public()
  @RateLimitClass('EXEMPT')
  @ApiOperation({ summary: 'Health with version and services' })
  summary(): Promise<Record<string, unknown>> {
    return this.health.summary();
  }

  @Get('metrics')
  @Allow('self')
  @ApiOperation({ summary: 'The numbers of /metrics as JSON' })
  async numbers(): Promise<Record<string, unknown>> {
    await this.sessions.refresh();
    return { metrics: await this.metrics.json() };
  }

  @Get('status')
  @Allow('self')
  @ApiOperation({ summary: 'What is going on: counts, timed jobs, circuit breaker' })
  status(): Promise<Record<string, unknown>> {
    return this.health.status();
  }

  @Get(['info', 'version'])
  @Public()
  @ApiOperation({ summary: 'Versions, entry points and ways to authenticate' })
  info(): Record<string, unknown> {
    return {
      apiVersion: 'v1',
      platformVersion: VERSION,
      endpoints: {
        api: '/api/v1',
        docs: '/api/docs',
        openapi: '/api/v1/openapi.json',
        health: '/health',
        metrics: '/metrics',
        websocket: '/ws',
      },
      authentication: {
        schemes: ['Bearer', 'ApiKey'],
        login: '/api/v1/auth/login',
        apiKeyHeader: 'X-API-Key',
        websocketTicket: '/api/v1/auth/ws-ticket',
      },
    };
  }
}
