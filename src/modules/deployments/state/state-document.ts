import { Refused } from '../../../shared/errors/app-error.js';
import type { StackState } from '../../orchestrator/engine.port.js';

/** Rules of a state that comes from outside (deployments.md 10.3). */

interface StateResourceText {
  readonly urn: string;
  readonly type: string;
}

/** Shape only; what is inside is the engine's to judge. @throws Refused `STATE_INVALID` naming the place */
export function requireState(value: unknown): StackState {
  const { version, deployment } = objectOf(value, 'state');
  if (version !== 3)
    throw invalid(`state.version must be 3, not ${JSON.stringify(version) ?? 'absent'}`, 'state.version');
  const { resources = [] } = objectOf(deployment, 'state.deployment');
  if (!Array.isArray(resources))
    throw invalid('state.deployment.resources must be a list', 'state.deployment.resources');
  resources.forEach((resource: unknown, index) => {
    const where = `state.deployment.resources[${index}]`;
    const { urn, type } = objectOf(resource, where);
    if (typeof urn !== 'string' || !/^urn:pulumi:[^:]+::[^:]+::.+::.+$/.test(urn)) {
      throw invalid(`${where}.urn is no Pulumi URN`, `${where}.urn`);
    }
    if (typeof type !== 'string' || type === '') throw invalid(`${where}.type is missing`, `${where}.type`);
  });
  return { version: 3, deployment: deployment as StackState['deployment'] };
}

/** Where the state says it belongs: `<pulumi stack>` and project; null = it has no resources. */
export function ownerOf(state: StackState): { readonly stack: string; readonly project: string } | null {
  const [first] = resourcesOf(state);
  const [head = '', project = ''] = first?.urn.split('::') ?? [];
  return first ? { stack: head.slice('urn:pulumi:'.length), project } : null;
}

/**
 * The state of another stack under the name of this one: in every URN, wherever it stands, and in the name of the root.
 * @throws Refused `STATE_INVALID` when it holds resources of several stacks
 */
export function renamed(state: StackState, to: { readonly stack: string; readonly project: string }): StackState {
  const from = ownerOf(state);
  if (!from || (from.stack === to.stack && from.project === to.project)) return state;
  const prefix = `urn:pulumi:${from.stack}::${from.project}::`;
  const foreign = resourcesOf(state).find(({ urn }) => !urn.startsWith(prefix));
  if (foreign)
    throw invalid(`the state holds resources of several stacks, e.g. ${foreign.urn}`, 'state.deployment.resources');
  const root = `pulumi:pulumi:Stack::${from.project}-${from.stack}`;
  const text = JSON.stringify(state)
    .replaceAll(prefix, `urn:pulumi:${to.stack}::${to.project}::`)
    .replaceAll(root, `pulumi:pulumi:Stack::${to.project}-${to.stack}`);
  return JSON.parse(text) as StackState;
}

/** When it was written, as it says itself; null = it does not. */
export function writtenAt(state: StackState | null): Date | null {
  const manifest = state?.deployment['manifest'] as { readonly time?: unknown } | undefined;
  const time = typeof manifest?.time === 'string' ? new Date(manifest.time) : null;
  return time && !Number.isNaN(time.getTime()) ? time : null;
}

export function resourcesOf(state: StackState | null): readonly StateResourceText[] {
  const resources = state?.deployment['resources'];
  return Array.isArray(resources) ? (resources as StateResourceText[]) : [];
}

function objectOf(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid(`${where} must be an object`, where);
}

function invalid(message: string, field: string): Refused {
  return new Refused('STATE_INVALID', message, {
    details: { field },
    suggestion: 'Send the "state" of GET …/state/export, or of `pulumi stack export`.',
  });
}
