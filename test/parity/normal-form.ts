import { createHash } from 'node:crypto';
import type { EngineEvent, StackRunResult, StackState } from '../../src/modules/orchestrator/engine.port.js';
import { canonicalJson } from '../../src/shared/kernel/canonical-json.js';

/** What one run did and left, without what differs between two runs of the same engine. */
export interface StepOutcome {
  /** `ok`, or code of the error and what it names. */
  readonly end: string;
  /** `<type>::<name>` → what was done, in order; what stayed the same is left out. */
  readonly operations: Readonly<Record<string, readonly string[]>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly outputs: unknown;
  readonly state: readonly unknown[];
}

/** As committed: outputs and state as digests, the first 16 hex digits of SHA-256. */
export interface RecordedStep extends Pick<StepOutcome, 'end' | 'operations' | 'counts'> {
  readonly outputs: string;
  readonly state: string;
}

const SECRET = '1b47061264138c4ac30d75fd1eb44270';
const SIGNATURE = '4dabf18193072939515e22adb298388d';
/** Times, and where in the program a resource was registered: the SDK's own paths differ with the installation. */
const VOLATILE = ['created', 'modified', 'sourcePosition', 'stackTrace'];

export function outcomeOf(
  result: StackRunResult,
  events: readonly EngineEvent[],
  state: StackState | null,
): StepOutcome {
  const operations: Record<string, string[]> = {};
  for (const event of events) {
    if (event.kind !== 'resource_done' || event.action === 'same') continue;
    (operations[shortUrn(event.urn)] ??= []).push(event.action);
  }
  const { error } = result;
  return {
    end: error ? [error.code, error.resourceName ?? '', error.cloudCode ?? ''].join(' ').trim() : 'ok',
    operations: sorted(operations),
    counts: { ...result.resources, left: result.resourceCount },
    outputs: Object.fromEntries(
      Object.entries(result.outputs).map(([key, { value, secret }]) => [key, secret ? '[secret]' : value]),
    ),
    state: normalState(state),
  };
}

export function recorded({ end, operations, counts, outputs, state }: StepOutcome): RecordedStep {
  return { end, operations, counts, outputs: digest(outputs), state: digest(state) };
}

function normalState(state: StackState | null): unknown[] {
  const resources = (state?.deployment['resources'] ?? []) as Record<string, unknown>[];
  return resources
    .map((resource) => normalResource(resource))
    .sort((a, b) => (canonicalJson([a['urn'], a['id']]) < canonicalJson([b['urn'], b['id']]) ? -1 : 1));
}

function normalResource(resource: Record<string, unknown>): Record<string, unknown> {
  const isProvider = String(resource['type']).startsWith('pulumi:providers:');
  const entries = Object.entries(resource)
    .filter(([key, value]) => !VOLATILE.includes(key) && !isEmpty(value))
    .map(([key, value]): [string, unknown] => {
      if (key === 'provider') return [key, String(value).replace(/::[0-9a-f-]{36}$/, '')];
      if (key === 'dependencies') return [key, [...(value as string[])].sort()];
      if (key === 'propertyDependencies') return [key, normalDependencies(value as Record<string, string[]>)];
      if (key === 'inputs' || key === 'outputs') return [key, normalValue(value, isProvider)];
      return [key, key === 'id' && isProvider ? '' : value];
    })
    .filter(([, value]) => !isEmpty(value));
  return sorted(Object.fromEntries(entries));
}

/** A property without dependencies says no more than one that is not listed. */
function normalDependencies(dependencies: Record<string, string[]>): Record<string, string[]> {
  const entries = Object.entries(dependencies).filter(([, urns]) => urns?.length > 0);
  return sorted(Object.fromEntries(entries.map(([key, urns]) => [key, [...urns].sort()])));
}

function normalValue(value: unknown, isProvider = false): unknown {
  if (Array.isArray(value)) return value.map((item) => normalValue(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  if ((value as Record<string, unknown>)[SIGNATURE] === SECRET) return '[secret]';
  return Object.fromEntries(
    entries.filter(([key]) => !(isProvider && key === '__internal')).map(([key, inner]) => [key, normalValue(inner)]),
  );
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function shortUrn(urn: string): string {
  return urn.split('::').slice(2).join('::');
}

function sorted<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function digest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 16);
}
