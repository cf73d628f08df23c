import type { StackState } from '../engine.port.js';
import { StateInvalid } from '../engine.errors.js';
import { fromState, toState } from './property-codec.js';
import { isObject, type PropertyMap } from './property-value.js';
import type { SecretVault } from './secret-vault.js';
import { isProviderType } from './urn.js';

/** Seconds a step may take; absent = no limit. */
export interface CustomTimeouts {
  readonly create?: number;
  readonly update?: number;
  readonly delete?: number;
}

/** One resource of the state; immutable, a change makes a new one. Fields and meaning are Pulumi's (`ResourceV3`). */
export interface ResourceRecord {
  readonly urn: string;
  readonly type: string;
  /** True: a provider manages it. False: a component or the root stack. */
  readonly custom: boolean;
  /** Empty for components. */
  readonly id: string;
  readonly inputs: PropertyMap;
  readonly outputs: PropertyMap;
  /** URN; empty for the root stack. */
  readonly parent: string;
  /** `<urn>::<id>` of the provider; empty for components and providers. */
  readonly provider: string;
  readonly protect: boolean;
  /** Read by the program (`get`), not managed by it. */
  readonly external: boolean;
  /** Replaced, waiting to be deleted. */
  readonly delete: boolean;
  /** Deleted, waiting to be created again. */
  readonly pendingReplacement: boolean;
  readonly retainOnDelete: boolean;
  /** URN of the resource whose deletion takes this one along; empty = none. */
  readonly deletedWith: string;
  readonly dependencies: readonly string[];
  /** Input property → URNs. */
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  readonly additionalSecretOutputs: readonly string[];
  readonly ignoreChanges: readonly string[];
  readonly replaceOnChanges: readonly string[];
  readonly customTimeouts: CustomTimeouts;
  readonly importId: string;
  /** ISO 8601; absent for components. */
  readonly created?: string;
  readonly modified?: string;
  /** `project:///index.js#12,7`. */
  readonly sourcePosition: string;
}

export type PendingKind = 'creating' | 'updating' | 'deleting' | 'reading';

/** What was under way when the state was saved. */
export interface PendingOperation {
  readonly kind: PendingKind;
  /** Unique per attempt; `provider.find` knows a created resource by it. Ours, beside Pulumi's own fields. */
  readonly token: string;
  readonly resource: ResourceRecord;
}

export interface StackContents {
  /** In an order in which everything stands after what it depends on. */
  readonly resources: readonly ResourceRecord[];
  readonly pending: readonly PendingOperation[];
}

/** `manifest.version` of what this engine writes. */
const ENGINE_VERSION = 'v3.270.0';

const serialised = new WeakMap<ResourceRecord, Record<string, unknown>>();

export function writeState(contents: StackContents, vault: SecretVault, now: Date): StackState {
  return {
    version: 3,
    deployment: {
      manifest: { time: now.toISOString(), magic: '', version: ENGINE_VERSION },
      secrets_providers: { type: 'cloud-embedded', state: {} },
      resources: contents.resources.map((record) => writeRecord(record, vault)),
      ...(contents.pending.length === 0
        ? {}
        : {
            pending_operations: contents.pending.map(({ kind, token, resource }) => ({
              resource: writeRecord(resource, vault),
              type: kind,
              token,
            })),
          }),
      metadata: {},
    },
  };
}

function writeRecord(record: ResourceRecord, vault: SecretVault): Record<string, unknown> {
  const known = serialised.get(record);
  if (known) return known;
  const { create, update, delete: remove } = record.customTimeouts;
  const optional: Record<string, unknown> = {
    delete: record.delete,
    id: record.id,
    type: record.type,
    inputs: Object.keys(record.inputs).length > 0 ? toState(record.inputs, vault) : undefined,
    outputs: Object.keys(record.outputs).length > 0 ? toState(record.outputs, vault) : undefined,
    parent: record.parent,
    protect: record.protect,
    external: record.external,
    dependencies: record.dependencies,
    provider: record.provider,
    propertyDependencies: Object.keys(record.propertyDependencies).length > 0 ? record.propertyDependencies : undefined,
    pendingReplacement: record.pendingReplacement,
    additionalSecretOutputs: record.additionalSecretOutputs,
    customTimeouts: create || update || remove ? record.customTimeouts : undefined,
    importID: record.importId,
    retainOnDelete: record.retainOnDelete,
    deletedWith: record.deletedWith,
    created: record.created,
    modified: record.modified,
    sourcePosition: record.sourcePosition,
    ignoreChanges: record.ignoreChanges,
    replaceOnChanges: record.replaceOnChanges,
  };
  const result: Record<string, unknown> = { urn: record.urn, custom: record.custom };
  for (const [key, value] of Object.entries(optional)) {
    const absent = value === undefined || value === '' || value === false || (Array.isArray(value) && !value.length);
    if (!absent) result[key] = value;
  }
  serialised.set(record, result);
  return result;
}

/**
 * @throws StateInvalid naming what is not as Pulumi writes it: shape, a doubled URN, a dependency that does not exist
 */
export function readState(state: StackState, vault: SecretVault): StackContents {
  if (!isObject(state) || state.version !== 3 || !isObject(state.deployment)) {
    throw new StateInvalid('the state is not a Pulumi deployment of version 3');
  }
  const { resources = [], pending_operations: pending = [] } = state.deployment;
  const operations = list(pending ?? [], 'pending_operations').map((item): PendingOperation => {
    const kind = item['type'];
    if (kind !== 'creating' && kind !== 'updating' && kind !== 'deleting' && kind !== 'reading') {
      throw new StateInvalid(`a pending operation has the unknown type ${String(kind)}`);
    }
    if (!isObject(item['resource'])) throw new StateInvalid('a pending operation names no resource');
    return { kind, token: text(item['token']), resource: readRecord(item['resource'], vault) };
  });
  const records = list(resources ?? [], 'resources').map((item) => readRecord(item, vault));
  checkIntegrity(records);
  return { resources: records, pending: operations };
}

function checkIntegrity(records: readonly ResourceRecord[]): void {
  const live = new Set<string>();
  const seen = new Set<string>();
  for (const record of records) {
    const referred = [record.parent, ...record.dependencies, ...Object.values(record.propertyDependencies).flat()];
    const provider = providerUrn(record.provider);
    for (const urn of provider === '' ? referred : [...referred, provider]) {
      if (urn !== '' && !seen.has(urn)) {
        throw new StateInvalid(`the state lists ${record.urn} before or without ${urn}, which it depends on`);
      }
    }
    if (!record.delete && live.has(record.urn)) throw new StateInvalid(`the state lists ${record.urn} twice`);
    if (!record.delete) live.add(record.urn);
    seen.add(record.urn);
  }
}

function readRecord(item: Record<string, unknown>, vault: SecretVault): ResourceRecord {
  const urn = text(item['urn']);
  const type = text(item['type']);
  if (!urn.startsWith('urn:pulumi:') || type === '') throw new StateInvalid('a resource has no URN or no type');
  const properties = (value: unknown): PropertyMap => (isObject(value) ? fromState(value, vault) : {});
  const record: ResourceRecord = {
    urn,
    type,
    custom: item['custom'] === true,
    id: text(item['id']),
    inputs: properties(item['inputs']),
    outputs: properties(item['outputs']),
    parent: text(item['parent']),
    provider: text(item['provider']),
    protect: item['protect'] === true,
    external: item['external'] === true,
    delete: item['delete'] === true,
    pendingReplacement: item['pendingReplacement'] === true,
    retainOnDelete: item['retainOnDelete'] === true,
    deletedWith: text(item['deletedWith']),
    dependencies: texts(item['dependencies']),
    propertyDependencies: Object.fromEntries(
      Object.entries(isObject(item['propertyDependencies']) ? item['propertyDependencies'] : {}).map(([key, value]) => [
        key,
        texts(value),
      ]),
    ),
    additionalSecretOutputs: texts(item['additionalSecretOutputs']),
    ignoreChanges: texts(item['ignoreChanges']),
    replaceOnChanges: texts(item['replaceOnChanges']),
    customTimeouts: isObject(item['customTimeouts']) ? (item['customTimeouts'] as CustomTimeouts) : {},
    importId: text(item['importID']),
    ...(typeof item['created'] === 'string' ? { created: item['created'] } : {}),
    ...(typeof item['modified'] === 'string' ? { modified: item['modified'] } : {}),
    sourcePosition: text(item['sourcePosition']),
  };
  return record;
}

/** A record with nothing set but what is given. */
export function aRecord(fields: Partial<ResourceRecord> & Pick<ResourceRecord, 'urn' | 'type'>): ResourceRecord {
  return {
    custom: true,
    id: '',
    inputs: {},
    outputs: {},
    parent: '',
    provider: '',
    protect: false,
    external: false,
    delete: false,
    pendingReplacement: false,
    retainOnDelete: false,
    deletedWith: '',
    dependencies: [],
    propertyDependencies: {},
    additionalSecretOutputs: [],
    ignoreChanges: [],
    replaceOnChanges: [],
    customTimeouts: {},
    importId: '',
    sourcePosition: '',
    ...fields,
  };
}

/** What users see and count: managed by a provider, and by this stack. */
export function isCounted(record: ResourceRecord): boolean {
  return record.custom && !record.external && !isProviderType(record.type);
}

/** `<urn>::<id>` → URN. */
export function providerUrn(reference: string): string {
  const end = reference.lastIndexOf('::');
  return end < 0 ? '' : reference.slice(0, end);
}

/** Every URN that must exist as long as this record does. */
export function neededBy(record: ResourceRecord): readonly string[] {
  const urns = [record.parent, providerUrn(record.provider), ...record.dependencies];
  urns.push(...Object.values(record.propertyDependencies).flat(), record.deletedWith);
  return [...new Set(urns)].filter((urn) => urn !== '');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function list(value: unknown, what: string): Record<string, unknown>[] {
  if (!Array.isArray(value) || !value.every(isObject)) throw new StateInvalid(`"${what}" of the state is not a list`);
  return value;
}
