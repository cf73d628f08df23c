import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Config } from '../../shared/config/config.js';
import { DatabaseTime } from '../../shared/database/database-time.js';
import { EventBus } from '../../shared/events/event-bus.js';
import type { EventName, Payload, StoredEvent } from '../../shared/events/events.js';
import { Clock } from '../../shared/kernel/clock.js';
import { createLog } from '../../shared/kernel/log.js';
import { Metrics } from '../../shared/metrics/metrics.js';
import { SessionReads } from './session.reads.js';

/** Gauges are asked of the database at most this often, in ms (sessions.md 14). */
const GAUGES_FRESH_MS = 5000;
const GAUGES = [
  'active_sessions_count',
  'stalled_sessions_count',
  'sessions_by_status',
  'tasks_by_status',
  'machines_by_status',
] as const;

const log = createLog('health');

/** Numbers of the session half: counters from its events, gauges from the database. */
@Injectable()
export class SessionMetrics implements OnModuleInit {
  #refreshedAt = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<void> | null = null;

  constructor(
    private readonly bus: EventBus,
    private readonly metrics: Metrics,
    private readonly reads: SessionReads,
    private readonly time: DatabaseTime,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.bus.on(null, (event) => this.count(event));
  }

  count(event: StoredEvent): void {
    switch (event.type) {
      case 'session_created':
        return this.metrics.count('sessions_created_total', {});
      case 'session_failed':
        return this.metrics.count('sessions_failed_total', { cause: dataOf(event, event.type).cause });
      case 'session_stalled':
        this.metrics.count('stalls_detected_total', {});
        return this.metrics.observe('time_to_detect_failure_ms', {}, dataOf(event, event.type).time_since_heartbeat_ms);
      case 'session_reactivated':
        this.metrics.count('heartbeats_total', { result: 'reactivated' });
        if (dataOf(event, event.type).false_positive) this.metrics.count('stall_false_positives_total', {});
        return;
      case 'session_recovered':
        return this.metrics.count('recoveries_total', { result: 'created' });
      default:
    }
  }

  /** Before the metrics are read. Never fails: without database the gauges are left out and the failure is counted. */
  refresh(): Promise<void> {
    if (this.clock.now().getTime() - this.#refreshedAt < GAUGES_FRESH_MS) return Promise.resolve();
    this.#refreshing ??= this.ask().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  private async ask(): Promise<void> {
    try {
      const { stallThresholdMs } = this.config.sessions;
      const { sessions, tasks, machines, overdue } = await this.reads.count(await this.time.now(), stallThresholdMs);
      this.metrics.set('active_sessions_count', {}, (sessions['active'] ?? 0) - overdue);
      this.metrics.set('stalled_sessions_count', {}, (sessions['stalled'] ?? 0) + overdue);
      for (const [status, n] of Object.entries(sessions)) this.metrics.set('sessions_by_status', { status }, n);
      for (const [status, n] of Object.entries(tasks)) this.metrics.set('tasks_by_status', { status }, n);
      for (const [status, n] of Object.entries(machines)) this.metrics.set('machines_by_status', { status }, n);
    } catch (error) {
      log.warn('gauges not collected', { error });
      this.metrics.forget(...GAUGES);
      this.metrics.count('metrics_collection_errors_total', {});
    }
    this.#refreshedAt = this.clock.now().getTime();
  }
}

function dataOf<N extends EventName>(event: StoredEvent, _name: N): Payload<N> {
  return event.data as unknown as Payload<N>;
}
