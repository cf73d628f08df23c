import type { EventDraft } from '../../shared/events/events.js';
import { isDataStore } from './data-stores.js';
import type { EngineEvent } from './engine.port.js';
import { stackPercent } from './progress.js';
import type { Reporter } from './reporter.js';
import type { ResourceTally, StackRunRecord } from './run-request.js';
import { maskSecrets } from './stack-errors.js';

/** Turns what an engine says of resources into the record and the events of the stack (api.md 4.4, 5.3). */

export const NO_RESOURCES: ResourceTally = {
  total: 0,
  processed: 0,
  created: 0,
  updated: 0,
  deleted: 0,
  failed: 0,
  current: null,
};

type Done = Extract<EngineEvent, { kind: 'resource_done' }>;

/** @param expected number of resources, undefined = unknown */
export function resourceSink(
  reporter: Reporter,
  stack: string,
  expected: number | undefined,
  secrets: readonly string[],
): (event: EngineEvent) => void {
  const seen = new Set<string>();
  return (event) => {
    const before = reporter.record(stack);
    if (event.kind !== 'log') seen.add(event.urn);
    const resources = counted(before.resources, event, Math.max(expected ?? 0, seen.size));
    const after: StackRunRecord = {
      ...before,
      resources,
      progressPercent: stackPercent(resources.processed, expected === undefined ? 0 : resources.total),
      ...(event.kind === 'resource_done' ? withDataStore(before, event) : {}),
    };
    reporter.tell(after, eventOf(reporter, stack, event, secrets));
  };
}

function counted(tally: ResourceTally, event: EngineEvent, total: number): ResourceTally {
  switch (event.kind) {
    case 'log':
      return tally;
    case 'resource_started':
      return { ...tally, total, current: `${event.type} (${event.name})` };
    case 'resource_failed':
      return { ...tally, total, processed: tally.processed + 1, failed: tally.failed + 1 };
    case 'resource_done':
      return {
        ...tally,
        total,
        processed: Math.min(total, tally.processed + 1),
        created: tally.created + Number(event.action === 'create'),
        updated: tally.updated + Number(event.action === 'update'),
        deleted: tally.deleted + Number(event.action === 'delete'),
      };
  }
}

function withDataStore(record: StackRunRecord, event: Done): Pick<StackRunRecord, 'dataStores'> {
  const change = event.action === 'create' ? 'created' : event.action === 'delete' ? 'deleted' : null;
  if (!change || !isDataStore(event.type)) return {};
  return { dataStores: [...(record.dataStores ?? []), { urn: event.urn, change }] };
}

function eventOf(reporter: Reporter, stack: string, event: EngineEvent, secrets: readonly string[]): EventDraft[] {
  if (event.kind === 'log') {
    if (event.level === 'debug') return [];
    const message = maskSecrets(event.message, secrets);
    const context = event.urn ? { urn: event.urn } : {};
    return [reporter.event('log', { stack, stackName: stack, level: event.level, message, context })];
  }
  const { urn, type, name } = event;
  const where = { stack, stackName: stack };
  switch (event.kind) {
    case 'resource_started': {
      const verbs = { create: 'resource_creating', update: 'resource_updating', delete: 'resource_deleting' } as const;
      const verb = isChange(event.action) ? verbs[event.action] : null;
      return verb ? [reporter.event(verb, { ...where, resource: { urn, type, name } })] : [];
    }
    case 'resource_done': {
      const verbs = { create: 'resource_created', update: 'resource_updated', delete: 'resource_deleted' } as const;
      const verb = isChange(event.action) ? verbs[event.action] : null;
      const resource = { urn, type, name, ...(event.id === undefined ? {} : { id: event.id }) };
      return verb ? [reporter.event(verb, { ...where, resource, durationSeconds: event.durationMs / 1000 })] : [];
    }
    case 'resource_failed': {
      const message = maskSecrets(event.error.message, secrets);
      const error = {
        code: event.error.code,
        message,
        ...(event.error.cloudCode ? { details: { cloudCode: event.error.cloudCode } } : {}),
      };
      return [reporter.event('resource_failed', { ...where, resource: { urn, type, name }, error })];
    }
  }
}

function isChange(action: string): action is 'create' | 'update' | 'delete' {
  return action === 'create' || action === 'update' || action === 'delete';
}
