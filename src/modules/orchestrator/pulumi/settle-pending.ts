import type { ResourceProvider } from '../../../../tools/sandbox-cloud/provider.port.js';
import {
  isObject,
  keepSecretMarks,
  mapValues,
  Secret,
  SECRET_SIGNATURE,
  SIGNATURE,
} from '../embedded/property-value.js';
import { providerUrn } from '../embedded/stack-state.js';
import { nameOf, packageOf } from '../embedded/urn.js';
import type { StackState } from '../engine.port.js';
import { CREATIONS_OF_A_URN, createToken } from './create-token.js';
import { pendingIn, resourcesIn, type ExportedResource } from './exported-state.js';

/** What a killed run has left under way, settled. */
export interface Settlement {
  /** Without pending operations, and with what was found. */
  readonly state: StackState;
  /** One sentence for each. */
  readonly sentences: readonly string[];
  /** What was changed or deleted when the run was killed can only be told by reading it. */
  readonly needsRefresh: boolean;
}

/**
 * Settles the pending operations of a state:
 * - creating: a cloud that knows creations by their token (the sandbox) is asked for it; what it finds is adopted. AWS knows
 *   no such token: the sentence says what may exist without Pulumi knowing it.
 * - updating, deleting, reading: the resource is still in the state; the run that follows refreshes first.
 * @param providerOf the cloud of a provider of the state; undefined where a plug-in of its own serves it
 */
export async function settlePending(
  state: StackState,
  runId: string,
  providerOf: (wanted: string, region: string | undefined) => ResourceProvider | undefined,
): Promise<Settlement> {
  const resources = [...resourcesIn(state)];
  const sentences: string[] = [];
  let needsRefresh = false;
  for (const operation of pendingIn(state)) {
    const resource = isObject(operation['resource']) ? operation['resource'] : {};
    const kind = String(operation['type']);
    const urn = String(resource['urn']);
    const type = String(resource['type']);
    const before = `An earlier run was killed while it was ${kind} ${type} "${nameOf(urn)}"`;
    if (kind !== 'creating' && kind !== 'importing') {
      needsRefresh = true;
      sentences.push(`${before}: its state is read from the cloud.`);
      continue;
    }
    const provider = providerOf(packageOf(type), regionOf(String(resource['provider'] ?? ''), resources));
    if (!provider) {
      sentences.push(
        `${before}: AWS cannot be asked whether it was made. Look for it in the account; import it, or delete it.`,
      );
      continue;
    }
    const found = await findCreated(provider, runId, { urn, type });
    if (!found) {
      sentences.push(`${before}: nothing had been created.`);
      continue;
    }
    insert(resources, { ...resource, id: found.id, outputs: marked(found.outputs, resource['inputs']) });
    sentences.push(`${before}: it exists as ${found.id} and was adopted.`);
  }
  const { pending_operations: _, ...deployment } = state.deployment;
  return { state: { version: 3, deployment: { ...deployment, resources } }, sentences, needsRefresh };
}

async function findCreated(
  provider: ResourceProvider,
  runId: string,
  resource: { urn: string; type: string },
): ReturnType<ResourceProvider['find']> {
  for (let nth = CREATIONS_OF_A_URN - 1; nth >= 0; nth--) {
    const found = await provider.find({ ...resource, token: createToken(runId, resource.urn, nth) });
    if (found) return found;
  }
  return null;
}

/** An old one of the same URN now waits for its deletion: the new half of its replacement is there. */
function insert(resources: ExportedResource[], created: ExportedResource): void {
  const index = resources.findIndex(({ urn, delete: isOld }) => urn === created['urn'] && isOld !== true);
  const old = resources[index];
  if (old?.['id'] === created['id']) return; // saved after all
  if (old?.['pendingReplacement'] === true) resources.splice(index, 1);
  else if (old) resources[index] = { ...old, delete: true };
  resources.push(created);
}

function regionOf(reference: string, resources: readonly ExportedResource[]): string | undefined {
  const provider = resources.find(({ urn }) => urn === providerUrn(reference));
  const inputs = provider?.['inputs'];
  const region = isObject(inputs) ? inputs['region'] : undefined;
  return typeof region === 'string' ? region : undefined;
}

/** The cloud answers in clear; what was a secret input goes back as one, and is encrypted when the state is imported. */
function marked(outputs: Readonly<Record<string, unknown>>, inputs: unknown): Record<string, unknown> {
  const shape = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shape);
    if (!isObject(value)) return value;
    return value[SIGNATURE] === SECRET_SIGNATURE ? new Secret(null) : mapValues(value, shape);
  };
  const write = (value: unknown): unknown => {
    if (value instanceof Secret) return { [SIGNATURE]: SECRET_SIGNATURE, plaintext: JSON.stringify(value.value) };
    if (Array.isArray(value)) return value.map(write);
    return isObject(value) ? mapValues(value, write) : value;
  };
  const source = isObject(inputs) ? mapValues(inputs, shape) : {};
  return mapValues(keepSecretMarks(outputs, source), write);
}
