import { Module } from '@nestjs/common';
import { DatabaseCircuit } from '../../shared/database/circuit-breaker.js';
import { DatabaseMetrics } from '../../shared/database/database-metrics.js';
import { MetricsModule } from '../../shared/metrics/metrics.module.js';
import { HealthController } from './health.controller.js';
import { HealthHooks } from './health.hooks.js';
import { HealthService } from './health.service.js';
import { PlatformController } from './platform.controller.js';
import { PlatformReads } from './platform.reads.js';
import { RunMetrics } from './run-metrics.js';
import { SessionMetrics } from './session-metrics.js';
import { SessionReads } from './session.reads.js';

@Module({
  imports: [MetricsModule],
  controllers: [HealthController, PlatformController],
  providers: [
    HealthHooks,
    HealthService,
    PlatformReads,
    RunMetrics,
    SessionMetrics,
    SessionReads,
    DatabaseCircuit,
    DatabaseMetrics,
  ],
})
export class HealthModule {}
