import { isObject, SECRET_SIGNATURE, SIGNATURE } from '../embedded/property-value.js';
import { isProviderType, nameOf, ROOT_STACK_TYPE } from '../embedded/urn.js';
import { StateInvalid } from '../engine.errors.js';
import type { OutputValue, StackOutputs, StackRef, StackState, StateResource } from '../engine.port.js';

/** One resource as `pulumi stack export` writes it. */
export type ExportedResource = Readonly<Record<string, unknown>>;

/** @throws StateInvalid when it is no deployment of version 3 */
export function parseState(text: string): StackState {
  const state: unknown = JSON.parse(text);
  if (!isObject(state) || state['version'] !== 3 || !isObject(state['deployment'])) {
    throw new StateInvalid('the backend did not answer a Pulumi deployment of version 3');
  }
  return { version: 3, deployment: state['deployment'] };
}

export function resourcesIn(state: StackState | null): ExportedResource[] {
  const list = state?.deployment['resources'];
  return Array.isArray(list) ? list.filter(isObject) : [];
}

export function pendingIn(state: StackState | null): ExportedResource[] {
  const list = state?.deployment['pending_operations'];
  return Array.isArray(list) ? list.filter(isObject) : [];
}

/** What users see and count. */
export function countedIn(state: StackState | null): StateResource[] {
  return resourcesIn(state).flatMap((resource) => {
    const { urn, type, id } = resource;
    if (typeof urn !== 'string' || typeof type !== 'string' || typeof id !== 'string') return [];
    const hidden = resource['custom'] !== true || resource['external'] === true || isProviderType(type);
    if (hidden || resource['delete'] === true || resource['pendingReplacement'] === true) return [];
    const { created: createdAt, outputs } = resource;
    const arn = isObject(outputs) ? outputs['arn'] : undefined;
    return [
      {
        urn,
        type,
        name: nameOf(urn),
        id,
        protect: resource['protect'] === true,
        ...(typeof arn === 'string' ? { arn } : {}),
        ...(typeof createdAt === 'string' ? { createdAt } : {}),
      },
    ];
  });
}

/** URN → paths whose changes the program ignores. */
export function ignoredIn(state: StackState | null): ReadonlyMap<string, readonly string[]> {
  return new Map(
    resourcesIn(state).flatMap(({ urn, ignoreChanges: paths }): [string, string[]][] =>
      typeof urn === 'string' && Array.isArray(paths) ? [[urn, paths.filter((path) => typeof path === 'string')]] : [],
    ),
  );
}

/** @param state exported with secrets in clear */
export function outputsIn(state: StackState | null): StackOutputs {
  const root = resourcesIn(state).find((resource) => resource['type'] === ROOT_STACK_TYPE);
  const outputs = isObject(root?.['outputs']) ? root['outputs'] : {};
  return plainOutputs(outputs);
}

export function plainOutputs(outputs: Readonly<Record<string, unknown>>): StackOutputs {
  return Object.fromEntries(Object.entries(outputs).map(([key, value]) => [key, plainOutput(value)]));
}

function plainOutput(marked: unknown): OutputValue {
  let secret = false;
  const open = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(open);
    if (!isObject(value)) return value;
    if (value[SIGNATURE] === SECRET_SIGNATURE) {
      secret = true;
      return typeof value['plaintext'] === 'string' ? open(JSON.parse(value['plaintext'])) : null;
    }
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, open(inner)]));
  };
  const value = open(marked);
  return { value, secret };
}

/**
 * Refuses what is not a state of this stack before the command line sees it.
 * @throws StateInvalid
 */
export function assertStateOf(ref: StackRef, state: StackState): void {
  if (!isObject(state) || state.version !== 3 || !isObject(state.deployment)) {
    throw new StateInvalid('the state is not a Pulumi deployment of version 3');
  }
  const { resources = [], secrets_providers: provider } = state.deployment;
  if (!Array.isArray(resources)) throw new StateInvalid('"resources" of the state is not a list');
  if (isObject(provider) && provider['type'] === 'cloud-embedded') {
    throw new StateInvalid('the state was encrypted by the embedded engine, which Pulumi cannot read');
  }
  const own = `urn:pulumi:${ref.stack}::${ref.project}::`;
  for (const resource of resources) {
    const { urn, type } = isObject(resource) ? resource : {};
    if (typeof urn !== 'string' || typeof type !== 'string' || !urn.startsWith('urn:pulumi:')) {
      throw new StateInvalid('a resource has no URN or no type');
    }
    if (!urn.startsWith(own)) throw new StateInvalid(`the state belongs to another stack: ${urn}`);
  }
}
