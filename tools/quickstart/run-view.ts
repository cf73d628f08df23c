import { plural } from './format.js';

/** The parts of an event frame (api.md 4.4) that matter here. */
export interface Frame {
  readonly type: string;
  /** From 1 inside one operation, without gaps. */
  readonly seq: number;
  /** ISO 8601. */
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export type StackPhase = 'waiting' | 'running' | 'done' | 'skipped' | 'failed';

export interface StackView {
  readonly name: string;
  readonly layer: number;
  readonly phase: StackPhase;
  /** 0–100. */
  readonly percent: number;
  readonly processed: number;
  /** 0 = not known yet. */
  readonly total: number;
  /** `type (name)` of the newest resource. */
  readonly current: string;
  /** Why it runs, was skipped or failed; in words. */
  readonly why: string;
  readonly seconds: number | null;
}

/** A run as far as its events have told. Plain data: `applied` makes the next one. */
export interface RunView {
  readonly title: string;
  readonly lastSeq: number;
  readonly stacks: Readonly<Record<string, StackView>>;
  readonly totalLayers: number;
  readonly currentLayer: number | null;
  /** 0–100, of the whole run. */
  readonly percent: number;
  /** Seconds; null = not known. */
  readonly remaining: number | null;
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  /** Set by the last event of the run. */
  readonly ended: 'deployed' | 'partial' | 'destroyed' | 'failed' | 'rolled_back' | 'cancelled' | null;
  readonly failure: string | null;
}

const REASONS: Readonly<Record<string, string>> = {
  never_deployed: 'it was never deployed',
  previous_failed: 'its last run failed',
  config_changed: 'its configuration changed',
  code_changed: 'its program changed',
  template_changed: 'its template changed',
  dependencies_changed: 'what it depends on changed',
  upstream_output_changed: 'an output it uses changed',
  aws_value_changed: 'a value looked up in the cloud changed',
  account_or_region_changed: 'its account or region changed',
  drift_detected: 'drift was found',
  forced: 'it was forced',
  skip_disabled: 'skipping is switched off',
  unchanged: 'nothing it depends on has changed since it was deployed',
  manual: 'it was left out on request',
  dependency_failed: 'a stack it needs has failed',
  run_stopped: 'the run stopped before its turn',
  cancelled: 'the run was cancelled',
  not_deployed: 'it is not deployed',
};

/** Reason codes → one clause; a code without words is shown as it is. */
export function inWords(reasons: readonly unknown[]): string {
  return reasons.map((reason) => REASONS[String(reason)] ?? String(reason)).join(', ');
}

/** @param planned stacks of the plan, when it is known before the first event */
export function newRun(
  title: string,
  planned: readonly { readonly name: string; readonly layer: number }[] = [],
): RunView {
  return {
    title,
    lastSeq: 0,
    stacks: Object.fromEntries(planned.map(({ name, layer }) => [name, waiting(name, layer)])),
    totalLayers: Math.max(0, ...planned.map(({ layer }) => layer)),
    currentLayer: null,
    percent: 0,
    remaining: null,
    created: 0,
    updated: 0,
    deleted: 0,
    ended: null,
    failure: null,
  };
}

/** The run after one more event. A frame seen before (a replay) changes nothing. */
export function applied(run: RunView, frame: Frame): RunView {
  if (frame.seq <= run.lastSeq) return run;
  return { ...run, ...change(run, frame), lastSeq: frame.seq };
}

function change(run: RunView, { type, data }: Frame): Partial<RunView> {
  const stack = (patch: Partial<StackView>): Pick<RunView, 'stacks'> => {
    const name = String(data['stack']);
    const known = run.stacks[name] ?? waiting(name, number(data['layer']) ?? 0);
    const layer = number(data['layer']) ?? known.layer;
    return { stacks: { ...run.stacks, [name]: { ...known, layer, ...patch } } };
  };
  switch (type) {
    case 'deployment_started':
    case 'destroy_started':
      return {
        totalLayers: number(data['totalLayers']) ?? run.totalLayers,
        remaining: number(data['estimatedDuration']),
      };
    case 'deployment_progress':
      return {
        percent: number(data['progressPercent']) ?? run.percent,
        currentLayer: number(data['currentLayer']),
        remaining: number(data['estimatedTimeRemaining']),
      };
    case 'layer_started':
      return { stacks: withLayer(run, data), totalLayers: number(data['totalLayers']) ?? run.totalLayers };
    case 'stack_deploying':
      return stack({ phase: 'running', percent: 1, processed: 0, why: inWords(list(data['reasons'])) });
    case 'stack_destroying':
    case 'stack_rolling_back':
      return stack({ phase: 'running', percent: 1, processed: 0, why: '' });
    case 'stack_progress':
      return stack({
        phase: 'running',
        percent: number(data['progressPercent']) ?? 0,
        processed: number(data['resourcesProcessed']) ?? 0,
        total: number(data['resourcesTotal']) ?? 0,
      });
    case 'stack_deployed':
    case 'stack_destroyed':
    case 'stack_rolled_back':
      return stack({ phase: 'done', percent: 100, current: '', seconds: number(data['durationSeconds']) });
    case 'stack_skipped':
      return stack({ phase: 'skipped', percent: 100, why: skipWords(data) });
    case 'stack_failed':
      return stack({ phase: 'failed', why: errorWords(data['error']) });
    case 'resource_creating':
    case 'resource_updating':
    case 'resource_deleting':
      return stack({ current: resourceWords(data) });
    case 'resource_created':
      return { ...stack({ current: resourceWords(data) }), created: run.created + 1 };
    case 'resource_updated':
      return { ...stack({ current: resourceWords(data) }), updated: run.updated + 1 };
    case 'resource_deleted':
      return { ...stack({ current: resourceWords(data) }), deleted: run.deleted + 1 };
    case 'deployment_complete':
    case 'destroy_complete':
      return { ended: data['status'] as RunView['ended'], percent: 100, remaining: 0 };
    case 'deployment_failed':
    case 'destroy_failed':
      return { failure: errorWords(data['error']), ended: data['rollback'] === 'started' ? null : 'failed' };
    case 'rollback_complete':
      return { ended: data['status'] === 'rolled_back' ? 'rolled_back' : 'failed', remaining: 0 };
    case 'deployment_cancelled':
      return { ended: 'cancelled', failure: `cancelled by ${String(data['cancelledBy'])}` };
    case 'error':
      return { ended: 'failed', failure: errorWords(data) };
    default:
      return {};
  }
}

/** A plain line about an event for a terminal that cannot redraw, or null when it says nothing new. */
export function lineOf({ type, data }: Frame): string | null {
  const name = String(data['stack'] ?? '');
  switch (type) {
    case 'operation_resumed':
      return 'the run was interrupted; it was taken over and goes on from its journal';
    case 'layer_started':
      return `layer ${String(data['layer'])} of ${String(data['totalLayers'])}: ${list(data['stacks']).join(', ')}`;
    case 'stack_deploying':
      return `${name}: starts, because ${inWords(list(data['reasons']))}`;
    case 'stack_destroying':
      return `${name}: is being destroyed`;
    case 'stack_rolling_back':
      return `${name}: is being rolled back`;
    case 'resource_created':
      return `${name}: + ${resourceWords(data)}`;
    case 'resource_updated':
      return `${name}: ~ ${resourceWords(data)}`;
    case 'resource_deleted':
      return `${name}: - ${resourceWords(data)}`;
    case 'resource_failed':
      return `${name}: ! ${resourceWords(data)}: ${errorWords(data['error'])}`;
    case 'stack_deployed':
      return `${name}: deployed in ${String(data['durationSeconds'])} s, ${tally(data)}`;
    case 'stack_destroyed':
      return `${name}: destroyed, ${plural(number(data['resourcesDeleted']) ?? 0, 'resource')} gone`;
    case 'stack_rolled_back':
      return `${name}: rolled back`;
    case 'stack_skipped':
      return `${name}: skipped, because ${skipWords(data)}`;
    case 'stack_failed':
      return `${name}: failed: ${errorWords(data['error'])}`;
    case 'rollback_started':
      return `rolling back ${list(data['stacks']).join(', ')}: ${String(data['reason'])}`;
    case 'deployment_progress': {
      const left = number(data['estimatedTimeRemaining']);
      return `${String(data['progressPercent'])} %${left === null || left === 0 ? '' : `, about ${left} s left`}`;
    }
    case 'deployment_failed':
    case 'destroy_failed':
      return `failed: ${errorWords(data['error'])}`;
    case 'deployment_warning':
      return `warning: ${String(data['message'])}`;
    case 'error':
      return `failed: ${errorWords(data)}`;
    default:
      return null;
  }
}

function withLayer(run: RunView, data: Frame['data']): RunView['stacks'] {
  const layer = number(data['layer']) ?? 0;
  const named = list(data['stacks']).map(String);
  return {
    ...run.stacks,
    ...Object.fromEntries(named.map((name) => [name, { ...(run.stacks[name] ?? waiting(name, layer)), layer }])),
  };
}

function waiting(name: string, layer: number): StackView {
  return { name, layer, phase: 'waiting', percent: 0, processed: 0, total: 0, current: '', why: '', seconds: null };
}

function skipWords(data: Frame['data']): string {
  const culprit = data['culprit'] ? ` (${String(data['culprit'])})` : '';
  return `${inWords([data['reason']])}${culprit}`;
}

function resourceWords(data: Frame['data']): string {
  const resource = (data['resource'] ?? {}) as { type?: string; name?: string };
  return `${resource.type ?? '?'} (${resource.name ?? '?'})`;
}

function errorWords(error: unknown): string {
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  return `${message ?? 'no reason was given'}${code ? ` [${code}]` : ''}`;
}

function tally(data: Frame['data']): string {
  const counts = [
    [number(data['resourcesCreated']) ?? 0, 'created'],
    [number(data['resourcesUpdated']) ?? 0, 'updated'],
    [number(data['resourcesDeleted']) ?? 0, 'deleted'],
  ] as const;
  const named = counts.filter(([count]) => count > 0).map(([count, verb]) => `${count} ${verb}`);
  return named.length > 0 ? `resources: ${named.join(', ')}` : 'no resource changed';
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
