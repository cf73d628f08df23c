import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventBus } from '../../shared/events/event-bus.js';
import type { EventName, Payload, StoredEvent } from '../../shared/events/events.js';
import { Metrics } from '../../shared/metrics/metrics.js';

const RESOURCE_ACTIONS: Partial<Record<EventName, string>> = {
  resource_created: 'created',
  resource_updated: 'updated',
  resource_deleted: 'deleted',
  resource_failed: 'failed',
};

/** Numbers of runs, from their events. An operation counts once: with an automatic rollback, when that has ended. */
@Injectable()
export class RunMetrics implements OnModuleInit {
  /** Environment → stacks that ended, and how many of them were skipped as unchanged. */
  readonly #stacks = new Map<string, { ended: number; skipped: number }>();

  constructor(
    private readonly bus: EventBus,
    private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    this.bus.on(null, (event) => this.count(event));
  }

  count(event: StoredEvent): void {
    switch (event.type) {
      case 'deployment_complete':
      case 'destroy_complete':
        return this.ended(event, 'success', dataOf(event, event.type).durationSeconds);
      case 'deployment_cancelled':
        return this.ended(event, 'cancelled', dataOf(event, event.type).durationSeconds);
      case 'deployment_failed':
      case 'destroy_failed': {
        const { error, stack, rollback, durationSeconds } = dataOf(event, event.type);
        if (stack === null) this.metrics.count('errors_total', { code: error.code });
        if (rollback !== 'started') this.ended(event, 'failed', durationSeconds);
        return;
      }
      case 'rollback_complete': {
        const { status, durationSeconds } = dataOf(event, event.type);
        const isWanted = event.scope.operationType === 'rollback' && status === 'rolled_back';
        return this.ended(event, isWanted ? 'success' : 'failed', durationSeconds);
      }
      case 'stack_deployed': {
        const { stack, durationSeconds } = dataOf(event, event.type);
        this.metrics.observe('stack_duration_seconds', { stack, environment: environmentOf(event) }, durationSeconds);
        return this.stackEnded(event, false);
      }
      case 'stack_skipped':
        if (dataOf(event, event.type).reason === 'unchanged') this.stackEnded(event, true);
        return;
      case 'stack_failed':
        this.metrics.count('errors_total', { code: dataOf(event, event.type).error.code });
        return this.stackEnded(event, false);
      case 'error':
        return this.metrics.count('errors_total', { code: dataOf(event, event.type).code });
      default: {
        const action = RESOURCE_ACTIONS[event.type];
        if (action) this.metrics.count('resources_total', { action });
      }
    }
  }

  private ended(event: StoredEvent, status: 'success' | 'failed' | 'cancelled', durationSeconds: number): void {
    const type = event.scope.operationType ?? 'unknown';
    this.metrics.count('operations_total', { type, environment: environmentOf(event), status });
    this.metrics.observe('operation_duration_seconds', { type }, durationSeconds);
  }

  private stackEnded(event: StoredEvent, isSkipped: boolean): void {
    const environment = environmentOf(event);
    const sum = this.#stacks.get(environment) ?? { ended: 0, skipped: 0 };
    sum.ended += 1;
    if (isSkipped) {
      sum.skipped += 1;
      this.metrics.count('stacks_skipped_total', { environment });
    }
    this.#stacks.set(environment, sum);
    this.metrics.set('stack_skip_rate', { environment }, sum.skipped / sum.ended);
  }
}

function environmentOf(event: StoredEvent): string {
  return event.scope.environment ?? 'none';
}

function dataOf<N extends EventName>(event: StoredEvent, _type: N): Payload<N> {
  return event.data as unknown as Payload<N>;
}
