import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { Defect } from '../errors/app-error.js';

interface MetricEntry {
  readonly type: 'counter' | 'histogram' | 'gauge';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds, in the unit of the name. */
  readonly buckets?: readonly number[];
}

const HTTP_BUCKETS_MS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];
const HEARTBEAT_BUCKETS_MS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500];
const DETECTION_BUCKETS_MS = [
  60_000, 120_000, 180_000, 190_000, 200_000, 220_000, 240_000, 300_000, 600_000, 3_600_000,
];
const RUN_BUCKETS_SECONDS = [1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];

/** Every metric of the server (sessions.md 14, api.md 3.14). Key = name in `/metrics`. */
export const METRICS = {
  api_requests_total: counter('Requests by route pattern', ['endpoint', 'method', 'status']),
  api_request_duration_ms: histogram('Time to answer a request', ['endpoint', 'method'], HTTP_BUCKETS_MS),
  operations_total: counter('Ended operations', ['type', 'environment', 'status']),
  operation_duration_seconds: histogram('Time of an operation', ['type'], RUN_BUCKETS_SECONDS),
  stack_duration_seconds: histogram('Time of one executed stack', ['stack', 'environment'], RUN_BUCKETS_SECONDS),
  stacks_skipped_total: counter('Stacks that did not need to run', ['environment']),
  stack_skip_rate: gauge('Skipped stacks / all stacks that ended, since start', ['environment']),
  resources_total: counter('Resource operations; action created, updated, deleted, failed', ['action']),
  errors_total: counter('Failed stacks and operations, and requests that ended 5xx, by error code', ['code']),
  drift_detections_total: counter('Scheduled drift detections; result started, deferred, refused', ['result']),
  websocket_clients: gauge('Open WebSocket connections', []),
  websocket_subscriptions: gauge('Channels subscribed', []),
  websocket_messages_total: counter('Frames; direction in, out', ['direction']),
  websocket_dropped_total: counter('Event frames not sent; reason coalesced, log_rate, backpressure', ['reason']),
  auth_failures_total: counter('Refused authentications by error code', ['reason']),
  rate_limited_total: counter('Requests over a limit', ['bucket']),
  background_job_runs_total: counter('Runs of timed jobs; result ok, failed, skipped', ['job', 'result']),
  background_job_duration_ms: histogram('Time of a timed job', ['job'], HTTP_BUCKETS_MS),
  database_query_duration_ms: histogram('Time of a database command', ['collection', 'operation'], HTTP_BUCKETS_MS),
  active_sessions_count: gauge('Sessions that are active and not overdue', []),
  stalled_sessions_count: gauge('Sessions that are stalled or overdue', []),
  sessions_by_status: gauge('Stored sessions', ['status']),
  tasks_by_status: gauge('Stored tasks', ['status']),
  machines_by_status: gauge('Stored machines', ['status']),
  heartbeat_latency_ms: histogram('Time to answer a heartbeat', [], HEARTBEAT_BUCKETS_MS),
  heartbeats_total: counter('Heartbeats; result ok, reactivated, rejected, not_found', ['result']),
  sessions_created_total: counter('Sessions registered, by themselves or by a recovery', []),
  sessions_failed_total: counter('Sessions that failed; cause client, abandoned, patch', ['cause']),
  stalls_detected_total: counter('Sessions that became stalled', []),
  stall_false_positives_total: counter('Stalled sessions that came back within twice their threshold', []),
  time_to_detect_failure_ms: histogram('Silence before a session was marked stalled', [], DETECTION_BUCKETS_MS),
  recoveries_total: counter('Recoveries; result created, replayed, rejected', ['result']),
  stall_brake_active: gauge('1 while no session is marked, because our own ingestion was away', []),
  state_inconsistencies: gauge('What the consistency job found and could not repair', ['kind']),
  metrics_collection_errors_total: counter('Times the database could not be asked for the gauges', []),
  circuit_state: gauge('Circuit breaker on the database: 0 closed, 1 half-open, 2 open', []),
} as const satisfies Record<string, MetricEntry>;

type Names = keyof typeof METRICS;
type NamesOf<T extends MetricEntry['type']> = {
  [K in Names]: (typeof METRICS)[K]['type'] extends T ? K : never;
}[Names];
/** Values of the labels of a metric, all of them. */
type Labels<K extends Names> = Readonly<Record<(typeof METRICS)[K]['labels'][number], string | number>>;

/** Counts, times and gauges of this process; read at /metrics. */
export class Metrics {
  readonly registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #histograms = new Map<string, Histogram>();
  readonly #gauges = new Map<string, Gauge>();

  /** @param withProcess also process_* and nodejs_*, once per process */
  constructor(withProcess = false) {
    for (const [name, entry] of Object.entries(METRICS) as [string, MetricEntry][]) {
      const base = { name, help: entry.help, labelNames: [...entry.labels], registers: [this.registry] };
      if (entry.type === 'counter') this.#counters.set(name, new Counter(base));
      else if (entry.type === 'gauge') this.#gauges.set(name, new Gauge(base));
      else this.#histograms.set(name, new Histogram({ ...base, buckets: [...(entry.buckets ?? [])] }));
    }
    if (withProcess) collectDefaultMetrics({ register: this.registry });
  }

  count<K extends NamesOf<'counter'>>(name: K, labels: Labels<K>, by = 1): void {
    this.#counters.get(name)?.inc(labels, by);
  }

  /** For a path where looking up the labels each time would cost too much. */
  counter<K extends NamesOf<'counter'>>(name: K, labels: Labels<K>): { inc(): void } {
    const entry = this.#counters.get(name);
    if (!entry) throw new Defect(`${name} is not a counter`);
    return entry.labels(labels);
  }

  observe<K extends NamesOf<'histogram'>>(name: K, labels: Labels<K>, value: number): void {
    this.#histograms.get(name)?.observe(labels, value);
  }

  set<K extends NamesOf<'gauge'>>(name: K, labels: Labels<K>, value: number): void {
    this.#gauges.get(name)?.set(labels, value);
  }

  /** Takes all values of gauges away: better none than old ones. */
  forget(...names: readonly NamesOf<'gauge'>[]): void {
    for (const name of names) this.#gauges.get(name)?.reset();
  }

  /** Value of a gauge without labels; 0 before it was set. */
  async valueOf(name: 'websocket_clients' | 'websocket_subscriptions' | 'circuit_state'): Promise<number> {
    const gauge = await this.#gauges.get(name)?.get();
    return gauge?.values[0]?.value ?? 0;
  }

  /** Prometheus text, version 0.0.4. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  /** The same numbers: name → `{type, help, values[{labels, value, metricName?}]}`. */
  async json(): Promise<Record<string, unknown>> {
    const list = await this.registry.getMetricsAsJSON();
    return Object.fromEntries(list.map(({ name, type, help, ...rest }) => [name, { type, help, ...rest }]));
  }
}

function counter<const L extends readonly string[]>(help: string, labels: L) {
  return { type: 'counter', help, labels } as const;
}
function gauge<const L extends readonly string[]>(help: string, labels: L) {
  return { type: 'gauge', help, labels } as const;
}
function histogram<const L extends readonly string[]>(help: string, labels: L, buckets: readonly number[]) {
  return { type: 'histogram', help, labels, buckets } as const;
}
