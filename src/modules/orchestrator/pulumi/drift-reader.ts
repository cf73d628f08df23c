import type { EngineEvent as PulumiEvent, StepEventMetadata } from '@pulumi/pulumi/automation/events.js';
import { ProgramFault } from '../engine.errors.js';
import type { ResourceDrift } from '../engine.port.js';
import { resourceDriftRows } from '../embedded/property-drift.js';
import { parsePath, withoutIgnoredChanges } from '../embedded/property-path.js';
import {
  isObject,
  mapValues,
  type PropertyMap,
  Secret,
  SECRET_SIGNATURE,
  SIGNATURE,
} from '../embedded/property-value.js';
import { isProviderType, nameOf, ROOT_STACK_TYPE } from '../embedded/urn.js';

/**
 * Makes drift out of the events of `refresh --preview-only`: each `resOutputsEvent` of a custom resource carries what the
 * state has (`old`) and what the cloud has (`new`, absent = it vanished).
 */
export class DriftReader {
  readonly #steps = new Map<string, StepEventMetadata>();

  /** @param text one event as JSON */
  accept(text: string): void {
    const { resOutputsEvent } = JSON.parse(text) as PulumiEvent;
    const step = resOutputsEvent?.metadata;
    if (!step || step.type === ROOT_STACK_TYPE || isProviderType(step.type)) return;
    const state = step.old ?? step.new;
    if (!state?.custom || (state as { external?: boolean }).external === true) return;
    this.#steps.set(step.urn, step);
  }

  get checked(): number {
    return this.#steps.size;
  }

  /** @param ignored URN → paths that do not count */
  found(ignored: ReadonlyMap<string, readonly string[]>): ResourceDrift[] {
    return [...this.#steps.values()]
      .flatMap((step) => driftOf(step, ignored.get(step.urn) ?? []))
      .sort((a, b) => (a.urn < b.urn ? -1 : 1));
  }
}

function driftOf(
  { op, urn, type, old, new: made, detailedDiff }: StepEventMetadata,
  ignored: readonly string[],
): ResourceDrift[] {
  const where = { urn, type, name: nameOf(urn), id: old?.id ?? made?.id ?? '' };
  if (!made || op === 'delete') return [{ ...where, repair: 'create', properties: [] }];
  const seen = (key: 'inputs' | 'outputs'): { expected: PropertyMap; actual: PropertyMap } => {
    const expected = marked(old?.[key] ?? {}) as PropertyMap;
    return { expected, actual: without(marked(made[key] ?? {}) as PropertyMap, expected, ignored) };
  };
  const inputs = seen('inputs');
  const properties = resourceDriftRows(inputs, seen('outputs'));
  const changes = Object.entries(detailedDiff ?? {});
  // values that Pulumi blinds look alike, but it has compared them
  const blinded = changes
    .filter(([path]) => !ignored.includes(path) && isSecretAt(inputs.expected, path) && isSecretAt(inputs.actual, path))
    .map(([property]) => ({ property, expected: '***', actual: '***' }));
  const rows = [...properties, ...blinded];
  if (rows.length === 0 || changes.length === 0) return []; // at most computed values differ
  const replaces = changes.some(([, change]) => String(change.diffKind).endsWith('-replace'));
  return [{ ...where, repair: replaces ? 'replace' : 'update', properties: rows }];
}

/** Events show a secret as a marked object without its value. */
function marked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(marked);
  if (!isObject(value)) return value;
  if (value[SIGNATURE] === SECRET_SIGNATURE) return new Secret(null);
  return mapValues(value, marked);
}

function isSecretAt(properties: PropertyMap, path: string): boolean {
  let value: unknown = properties;
  for (const step of parsePath(path)) {
    if (value instanceof Secret) return true;
    value = (value as Record<string | number, unknown> | null | undefined)?.[step];
  }
  return value instanceof Secret;
}

function without(actual: PropertyMap, expected: PropertyMap, ignored: readonly string[]): PropertyMap {
  try {
    return withoutIgnoredChanges(actual, expected, ignored);
  } catch (error) {
    if (error instanceof ProgramFault) return actual;
    throw error;
  }
}
