import { Global, Module } from '@nestjs/common';
import { Metrics } from './metrics.js';

/** Metrics for everybody. */
@Global()
@Module({
  providers: [{ provide: Metrics, useFactory: () => new Metrics(true) }],
  exports: [Metrics],
})
export class MetricsModule {}
