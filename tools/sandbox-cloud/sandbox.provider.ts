import type { AccountScope, AccountStore, CloudResource, SandboxSettings } from './account-store.port.js';
import { specOf } from './catalogue.js';
import { type FaultTarget, faultEffect } from './faults.js';
import { hex, parseUrn } from './identities.js';
import { changedInputs, completeInputs, hasUnknown } from './inputs.js';
import { runInvoke } from './invokes.js';
import {
  type CheckFailure,
  CloudError,
  type CreateRequest,
  type Properties,
  type ResourceDiff,
  type ResourceProvider,
  type ResourceRef,
  UNKNOWN,
} from './provider.port.js';
import { isKnownRegion } from './regions.js';
import {
  type CloudView,
  claimOf,
  inputTable,
  type Place,
  type Reference,
  type ResourceContext,
  type ResourceSpec,
  scopedId,
  secretKeys,
  textOf,
} from './resource-spec.js';

/** Time as the sandbox needs it; replaced in tests. */
export interface Timing {
  now(): Date;
  /** Ends at once, either way, when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** What a provider is bound to for one stack run. */
export interface ProviderBinding extends AccountScope {
  /** Region of the provider configuration; a resource's own `region` argument wins. */
  readonly region: string;
}

export interface ProviderParts {
  readonly store: AccountStore;
  readonly timing: Timing;
  readonly speed: (settings: SandboxSettings) => number;
  /** Runs one check-and-write of the account at a time. */
  readonly exclusive: <T>(work: () => Promise<T>) => Promise<T>;
}

type Refs = Record<string, CloudResource | undefined>;

interface Referrer {
  readonly referrer: CloudResource;
  readonly mode: Reference['onDelete'];
}

/**
 * The sandbox as the engine sees it. The order inside one create:
 *
 * 1. fault rules (delay, hang, error) before anything exists;
 * 2. the same token again answers what it made the first time;
 * 3. references, taken names, quotas, the type's own rules;
 * 4. the resource is stored, and only then the typical duration passes: what a kill leaves behind is found by its token.
 */
export class SandboxProvider implements ResourceProvider {
  constructor(
    private readonly binding: ProviderBinding,
    private readonly parts: ProviderParts,
  ) {}

  secretOutputs(type: string): readonly string[] {
    return secretKeys(specOf(type));
  }

  async check(
    request: ResourceRef & { readonly olds?: Properties; readonly news: Properties; readonly preview: boolean },
  ): Promise<{ inputs: Properties; failures: readonly CheckFailure[] }> {
    const spec = specOf(request.type);
    const named = await this.withAutoName(spec, request.urn, request.olds, request.news);
    const { inputs, failures } = completeInputs(request.type, inputTable(spec), named.news);
    return {
      inputs,
      failures: [...named.failures, ...failures, ...(spec.validate?.(inputs) ?? []), ...tagFailures(inputs)],
    };
  }

  diff(
    request: ResourceRef & {
      readonly id: string;
      readonly oldInputs: Properties;
      readonly oldOutputs: Properties;
      readonly news: Properties;
    },
  ): Promise<ResourceDiff> {
    const spec = specOf(request.type);
    const table = inputTable(spec);
    const changedKeys = changedInputs(table, request.oldInputs, request.news);
    const also = spec.replacesToo?.(request.oldInputs, request.news) ?? [];
    const replaces = changedKeys.filter((key) => table[key]?.replaces || also.includes(key));
    return Promise.resolve({
      changes: changedKeys.length > 0,
      replaces,
      changedKeys,
      deleteBeforeReplace: replaces.length > 0 && this.cannotExistTwice(spec, request),
    });
  }

  async create(request: CreateRequest): Promise<{ id: string; outputs: Properties }> {
    const spec = specOf(request.type);
    if (request.preview) return { id: UNKNOWN, outputs: this.plannedOutputs(spec, request.inputs) };
    assertKnown(request);
    const settings = await this.disturb({ operation: 'create', ...targetOf(request) }, request.signal);
    const { resource, isNew } = await this.parts.exclusive(() => this.insert(spec, request));
    if (isNew) await this.wait(settings, spec.seconds.create, request.signal);
    return { id: resource.id, outputs: resource.properties };
  }

  async read(
    request: ResourceRef & { readonly id: string; readonly inputs?: Properties; readonly outputs?: Properties },
  ): Promise<{ id: string; inputs: Properties; outputs: Properties } | null> {
    const spec = specOf(request.type);
    await this.disturb({ operation: 'read', ...targetOf(request) });
    const resource = await this.get(spec, request.id, request.outputs ?? request.inputs);
    return resource && { id: resource.id, inputs: currentInputs(spec, resource), outputs: resource.properties };
  }

  async update(
    request: ResourceRef & {
      readonly id: string;
      readonly oldInputs: Properties;
      readonly oldOutputs: Properties;
      readonly news: Properties;
      readonly preview: boolean;
      readonly signal?: AbortSignal;
    },
  ): Promise<{ outputs: Properties }> {
    const spec = specOf(request.type);
    if (request.preview) return { outputs: this.plannedOutputs(spec, request.news, request) };
    assertKnown({ ...request, inputs: request.news });
    const settings = await this.disturb({ operation: 'update', ...targetOf(request) }, request.signal);
    const resource = await this.parts.exclusive(() => this.replace(spec, request));
    await this.wait(settings, spec.seconds.update ?? 1, request.signal);
    return { outputs: resource.properties };
  }

  async delete(
    request: ResourceRef & { readonly id: string; readonly outputs: Properties; readonly signal?: AbortSignal },
  ): Promise<void> {
    const spec = specOf(request.type);
    const settings = await this.disturb({ operation: 'delete', ...targetOf(request) }, request.signal);
    const resource = await this.get(spec, request.id, request.outputs);
    if (!resource || spec.isRetained?.(resource.inputs)) return;
    const seconds = spec.seconds.delete ?? 1;
    // Refused at once; asked again after the wait, in which somebody may have come to need it.
    if (this.waitMs(settings, seconds) > 0) await this.parts.exclusive(() => this.assertDeletable(spec, resource));
    await this.wait(settings, seconds, request.signal);
    await this.parts.exclusive(async () => {
      const referrers = await this.assertDeletable(spec, resource);
      await SandboxProvider.remove(this.parts.store, resource, referrers);
    });
  }

  async invoke(request: {
    readonly token: string;
    readonly args: Properties;
  }): Promise<{ result: Properties; failures: readonly CheckFailure[] }> {
    await this.disturb({ operation: 'invoke', type: request.token });
    const parameters = async () => (await this.parts.store.settings(this.binding.organization)).parameters;
    return runInvoke(request.token, request.args, { ...this.binding, cloud: this.view(), parameters });
  }

  async find(request: ResourceRef & { readonly token: string }): Promise<{ id: string; outputs: Properties } | null> {
    const [resource] = await this.parts.store.findByClaims(this.binding, [tokenClaim(request.urn, request.token)]);
    return resource ? { id: resource.id, outputs: resource.properties } : null;
  }

  /** Takes a resource out of the account together with what cannot exist without it. */
  static async remove(store: AccountStore, resource: CloudResource, referrers?: readonly Referrer[]): Promise<boolean> {
    for (const { referrer, mode } of referrers ?? (await referrersOf(store, resource))) {
      if (mode === 'cascade') await SandboxProvider.remove(store, referrer);
    }
    return store.remove(resource, resource.key);
  }

  private async insert(
    spec: ResourceSpec,
    request: CreateRequest,
  ): Promise<{ resource: CloudResource; isNew: boolean }> {
    const { urn, inputs } = request;
    const place = this.placeOf(spec, inputs);
    const token = tokenClaim(urn, request.token);
    const [made] = await this.parts.store.findByClaims(this.binding, [token]);
    if (made) return { resource: made, isNew: false };

    const refs = await this.resolve(spec.references?.(inputs, place) ?? {});
    const claims = spec.claims?.({ ...place, inputs, refs }) ?? [];
    await this.assertFree(claims);
    await this.assertQuotas(spec, inputs, place);
    const guard = { ...place, urn, inputs, refs, cloud: this.view() };
    await spec.guard?.(guard);

    const count = await this.parts.store.nextCreation(this.binding.organization, urn);
    const resource = this.build(spec, {
      urn,
      token: request.token,
      seed: `${urn}${count}`,
      inputs,
      place,
      refs,
      createdAt: this.parts.timing.now(),
    });
    if (!(await this.parts.store.insert(resource))) {
      await this.assertFree(claims);
      throw new CloudError('ResourceAlreadyExists', `${spec.type} ${resource.id} already exists`);
    }
    await spec.after?.(guard);
    return { resource, isNew: true };
  }

  private async replace(
    spec: ResourceSpec,
    request: ResourceRef & {
      readonly id: string;
      readonly oldInputs: Properties;
      readonly oldOutputs: Properties;
      readonly news: Properties;
    },
  ): Promise<CloudResource> {
    const current = await this.get(spec, request.id, request.oldOutputs);
    if (!current) throw spec.notFound(request.id);
    const inputs = request.news;
    const place = { account: current.account, region: current.region };
    const refs = await this.resolve(spec.references?.(inputs, place) ?? {});
    await this.assertFree(spec.claims?.({ ...place, inputs, refs }) ?? [], current.key);
    await spec.guard?.({ ...place, urn: request.urn, inputs, refs, cloud: this.view(), self: current.key });

    const built = this.build(spec, { ...current, inputs, place, refs, previous: current.properties });
    // What was changed by hand stays so until the program changes that very key: the provider sends differences only.
    const drifted = current.drifted.filter(
      (key) => !changedInputs(inputTable(spec), request.oldInputs, inputs).includes(key),
    );
    const byHand = Object.fromEntries(drifted.map((key) => [key, current.properties[key]]));
    const updated: CloudResource = {
      ...built,
      properties: withTagsAll(spec, { ...built.properties, ...byHand }),
      drifted,
      revision: current.revision + 1,
      updatedAt: this.parts.timing.now(),
    };
    if ((await this.parts.store.replace(updated)) !== 'replaced') {
      throw new CloudError('ConcurrentModification', `${spec.type} ${current.id} was changed at the same time`, true);
    }
    return updated;
  }

  private build(
    spec: ResourceSpec,
    parts: {
      urn: string;
      token: string;
      seed: string;
      inputs: Properties;
      place: Place;
      refs: Refs;
      createdAt: Date;
      id?: string;
      previous?: Properties;
    },
  ): CloudResource {
    const { urn, token, seed, inputs, place, refs, createdAt } = parts;
    const { name, stack } = parseUrn(urn);
    const base = { ...place, name, seed, inputs, refs };
    const id = parts.id ?? spec.id(base);
    const partial: ResourceContext = {
      ...base,
      id,
      arn: '',
      createdAt,
      ...(parts.previous && { previous: parts.previous }),
    };
    const context: ResourceContext = { ...partial, arn: spec.arn?.(partial) ?? '' };
    const properties = {
      ...inputs,
      ...(spec.global ? {} : { region: place.region }),
      ...(spec.outputs.includes('arn') && { arn: context.arn }),
      ...spec.compute(context),
      ...contentsOf(spec, parts.previous),
    };
    const known = scopedId(spec, inputs, id);
    const key = claimOf(place.region, spec.type, known);
    const claims = [
      key,
      claimOf(place.region, spec.kind, known),
      tokenClaim(urn, token),
      ...(spec.claims?.({ ...place, inputs, refs }) ?? []).map((claim) => claim.value),
      ...(spec.implicitClaims?.(context) ?? []),
    ];
    const references = Object.values(spec.references?.(inputs, place) ?? {});
    return {
      organization: this.binding.organization,
      account: this.binding.account,
      key,
      type: spec.type,
      id,
      arn: context.arn,
      urn,
      stack,
      region: place.region,
      token,
      seed,
      inputs,
      properties: withTagsAll(spec, properties),
      drifted: [],
      claims: [...new Set(claims)],
      refs: [...new Set(references.flatMap((reference) => (reference ? [reference.claim] : [])))],
      revision: 1,
      createdAt,
      updatedAt: createdAt,
    };
  }

  /** @throws CloudError of the first reference whose target does not exist */
  private async resolve(references: Record<string, Reference | undefined>): Promise<Refs> {
    const wanted = Object.entries(references).flatMap(([name, reference]) => (reference ? [{ name, reference }] : []));
    if (wanted.length === 0) return {};
    const found = await this.parts.store.findByClaims(
      this.binding,
      wanted.map(({ reference }) => reference.claim),
    );
    const refs: Refs = {};
    for (const { name, reference } of wanted) {
      refs[name] = found.find((resource) => resource.claims.includes(reference.claim));
      if (!refs[name]) throw reference.missing;
    }
    return refs;
  }

  private async assertFree(
    claims: readonly { value: string; taken: (holder: CloudResource) => CloudError; overwrites?: boolean }[],
    self?: string,
  ): Promise<void> {
    if (claims.length === 0) return;
    const holders = await this.parts.store.findByClaims(
      this.binding,
      claims.map((claim) => claim.value),
    );
    for (const holder of holders.filter((resource) => resource.key !== self)) {
      const claim = claims.find(({ value }) => holder.claims.includes(value));
      if (!claim) continue;
      if (!claim.overwrites) throw claim.taken(holder);
      await this.parts.store.remove(this.binding, holder.key);
    }
  }

  private async assertQuotas(spec: ResourceSpec, inputs: Properties, place: Place): Promise<void> {
    for (const quota of spec.quotas?.(inputs, place) ?? []) {
      if ((await this.parts.store.count(this.binding, quota.query)) >= quota.limit) throw quota.error;
    }
  }

  /**
   * AWS refuses to delete what is still referred to. One departure: the old half of a replacement (its URN already has a
   * successor) may go although resources of *other* stacks still sit in it. Those stacks run next and move over; AWS would
   * keep refusing, and no program split into stacks could ever replace its VPC.
   */
  private async assertDeletable(spec: ResourceSpec, resource: CloudResource): Promise<readonly Referrer[]> {
    const referrers = await referrersOf(this.parts.store, resource);
    const blocking = referrers.filter(({ mode }) => mode === 'refuse');
    if (blocking.length > 0) {
      const isReplaced = (await this.parts.store.count(this.binding, { urn: resource.urn })) > 1;
      const culprit = blocking.find(({ referrer }) => !isReplaced || referrer.stack === resource.stack);
      if (culprit) {
        throw (
          spec.inUse?.(resource, culprit.referrer) ??
          new CloudError('DependencyViolation', `resource ${resource.id} has a dependent object`)
        );
      }
    }
    const contents = spec.contents && resource.properties[spec.contents.property];
    if (Array.isArray(contents) && contents.length > 0 && !spec.isForced?.(resource.inputs)) {
      throw spec.contents!.notEmpty(resource);
    }
    await spec.guardDelete?.(resource, this.view());
    return referrers;
  }

  private async get(spec: ResourceSpec, id: string, known: Properties | undefined): Promise<CloudResource | null> {
    const { region } = this.placeOf(spec, known ?? {});
    const [resource] = await this.parts.store.findByClaims(this.binding, [
      claimOf(region, spec.type, scopedId(spec, known ?? {}, id)),
    ]);
    return resource ?? null;
  }

  private placeOf(spec: ResourceSpec, inputs: Properties): Place {
    const region = spec.global ? 'global' : (textOf(inputs.region) ?? this.binding.region);
    if (!spec.global && !isKnownRegion(region)) throw new CloudError('InvalidRegion', `invalid AWS Region: ${region}`);
    return { account: this.binding.account, region };
  }

  private view(): CloudView {
    const { store, timing } = this.parts;
    return {
      scope: this.binding,
      find: (query) => store.find(this.binding, query),
      findByClaims: (claims) => store.findByClaims(this.binding, claims),
      amend: async (resource, properties) => {
        await store.replace({
          ...resource,
          properties: { ...resource.properties, ...properties },
          revision: resource.revision + 1,
          updatedAt: timing.now(),
        });
      },
    };
  }

  /**
   * `<logical>-<7 hex>` from the URN and how often it was created, so that the new half of a replacement gets another name.
   * A name given before by auto-naming is kept.
   */
  private async withAutoName(
    spec: ResourceSpec,
    urn: string,
    olds: Properties | undefined,
    news: Properties,
  ): Promise<{ news: Properties; failures: CheckFailure[] }> {
    const { maxLength = 0, prefix = '', input = 'name' } = spec.autoName ?? {};
    if (!spec.autoName || (news[input] ?? undefined) !== undefined) return { news, failures: [] };
    const { name: logical } = parseUrn(urn);
    const namePrefix = textOf(news[`${input}Prefix`]);
    const old = textOf(olds?.[input]);
    const stem = namePrefix ?? `${prefix}${logical}-`;
    if (old && isGenerated(old, stem)) return { news: { ...news, [input]: old }, failures: [] };
    const count = await this.parts.store.creations(this.binding.organization, urn);
    const name = stem + hex(`${urn}${count + 1}|name`, namePrefix === undefined ? 7 : 26);
    const failures =
      name.length > maxLength
        ? [{ property: input, reason: `name '${name}' is longer than ${maxLength} characters; choose a shorter name` }]
        : [];
    return { news: { ...news, [input]: name }, failures };
  }

  /** Whether old and new would claim the same thing. A generated name is new with every creation. */
  private cannotExistTwice(
    spec: ResourceSpec,
    request: ResourceRef & { readonly oldInputs: Properties; readonly news: Properties },
  ): boolean {
    const { name: logical } = parseUrn(request.urn);
    const { prefix = '', input = 'name' } = spec.autoName ?? {};
    const stem = textOf(request.news[`${input}Prefix`]) ?? `${prefix}${logical}-`;
    const held = (inputs: Properties, seed: string): string[] => {
      const name = textOf(inputs[input]);
      const own = spec.autoName && name && isGenerated(name, stem) ? { ...inputs, [input]: `${name}|${seed}` } : inputs;
      const place = this.placeOf(spec, inputs);
      const claims = spec.claims?.({ ...place, inputs: own, refs: {} }) ?? [];
      const id = spec.id({ ...place, name: logical, seed, inputs: own, refs: {} });
      return [claimOf(place.region, spec.kind, scopedId(spec, own, id)), ...claims.map((claim) => claim.value)];
    };
    const before = held(request.oldInputs, 'old');
    return held(request.news, 'new').some((claim) => before.includes(claim) && !claim.includes(UNKNOWN));
  }

  /** Outputs of a preview: what only the cloud can tell is UNKNOWN on create and stays as it was on update. */
  private plannedOutputs(
    spec: ResourceSpec,
    inputs: Properties,
    old?: { oldInputs: Properties; oldOutputs: Properties },
  ): Properties {
    const table = inputTable(spec);
    const computed = [...spec.outputs, ...Object.keys(table).filter((key) => table[key]?.computed && !(key in inputs))];
    const outputs: Properties = {};
    for (const key of computed) {
      const isKept = old && key in old.oldOutputs && !spec.changesOnUpdate?.includes(key);
      outputs[key] = isKept ? old.oldOutputs[key] : UNKNOWN;
    }
    if (!spec.global) outputs.region = this.binding.region;
    return withTagsAll(spec, { ...outputs, ...inputs });
  }

  /** Lets the fault rules have their way and returns the settings they came from. */
  private async disturb(target: FaultTarget, signal?: AbortSignal): Promise<SandboxSettings> {
    const { store } = this.parts;
    assertGoing(signal);
    const settings = await store.settings(this.binding.organization);
    const effect = await faultEffect(store, this.binding.organization, settings, target);
    if (effect.delayMs > 0) await this.sleep(effect.delayMs, signal);
    if (effect.hang) await untilAborted(signal);
    if (effect.error) throw effect.error;
    assertGoing(signal);
    return settings;
  }

  private waitMs(settings: SandboxSettings, seconds: number): number {
    return seconds * 1000 * this.parts.speed(settings);
  }

  private async wait(settings: SandboxSettings, seconds: number, signal?: AbortSignal): Promise<void> {
    const ms = this.waitMs(settings, seconds);
    if (ms > 0) await this.sleep(ms, signal);
  }

  private async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    try {
      await this.parts.timing.sleep(ms, signal);
    } catch (error) {
      if (signal?.aborted) throw canceled();
      throw error;
    }
    assertGoing(signal);
  }
}

/** A name that auto-naming made: the stem and nothing but hex digits. */
function isGenerated(name: string, stem: string): boolean {
  return name.startsWith(stem) && /^([0-9a-f]{7}|[0-9a-f]{26})$/.test(name.slice(stem.length));
}

/** Source: the SDK of AWS for Go, which is what users see on a cancelled run. */
function canceled(): CloudError {
  return new CloudError('RequestCanceled', 'request context canceled');
}

function assertGoing(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw canceled();
}

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal?.aborted) reject(canceled());
    signal?.addEventListener('abort', () => reject(canceled()), { once: true });
  });
}

function assertKnown(request: ResourceRef & { readonly inputs: Properties }): void {
  const key = Object.keys(request.inputs).find((name) => hasUnknown(request.inputs[name]));
  if (key) throw new CloudError('UnknownValue', `${request.urn}: the value of "${key}" is not known yet`);
}

function targetOf({ urn, type }: ResourceRef): Omit<FaultTarget, 'operation'> {
  return { type, urn, name: parseUrn(urn).name };
}

function tokenClaim(urn: string, token: string): string {
  return `token|${hex(`${urn}|${token}`, 64)}`;
}

/** Everything that points to a claim of this resource, and what its delete means for each. */
async function referrersOf(store: AccountStore, resource: CloudResource): Promise<Referrer[]> {
  const isForced = specOf(resource.type).isForced?.(resource.inputs) ?? false;
  const pointers = resource.claims.filter((claim) => !claim.startsWith('token|') && claim !== resource.key);
  const referrers = await store.find(resource, { ref: pointers });
  return referrers.flatMap((referrer) => {
    if (referrer.key === resource.key) return [];
    const place = { account: referrer.account, region: referrer.region };
    const references = Object.values(specOf(referrer.type).references?.(referrer.inputs, place) ?? {});
    const modes = references.flatMap((reference) =>
      reference && resource.claims.includes(reference.claim) ? [reference.onDelete] : [],
    );
    const mode = modes.includes('refuse') ? 'refuse' : modes.includes('cascade') ? 'cascade' : 'ignore';
    return [{ referrer, mode: mode === 'refuse' && isForced ? 'cascade' : mode } as const];
  });
}

/** The inputs that would make what the cloud has now. */
function currentInputs(spec: ResourceSpec, resource: CloudResource): Properties {
  const table = inputTable(spec);
  const inputs: Properties = { ...resource.inputs };
  for (const key of resource.drifted.filter((name) => name in table)) {
    if (resource.properties[key] === undefined) delete inputs[key];
    else inputs[key] = resource.properties[key];
  }
  return inputs;
}

/** What others put into the resource stays in it through updates. */
function contentsOf({ contents }: ResourceSpec, previous: Properties | undefined): Properties {
  const held = contents && previous?.[contents.property];
  return held === undefined ? {} : { [contents!.property]: held };
}

function withTagsAll(spec: ResourceSpec, properties: Properties): Properties {
  return spec.taggable ? { ...properties, tagsAll: properties.tags ?? {} } : properties;
}

const MAX_TAGS = 50;

/** AWS's limits on tags: 50 of them, keys to 128 and values to 256 characters, no key of AWS's own. */
function tagFailures({ tags }: Properties): CheckFailure[] {
  if (typeof tags !== 'object' || tags === null) return [];
  const entries = Object.entries(tags as Record<string, unknown>);
  const failures = entries.flatMap(([key, value]) => {
    if (key.length === 0 || key.length > 128) return [`tag key "${key}" must have 1 to 128 characters`];
    if (/^aws:/i.test(key)) return [`tag key "${key}" is reserved: it begins with aws:`];
    return typeof value === 'string' && value.length > 256
      ? [`value of tag "${key}" is longer than 256 characters`]
      : [];
  });
  if (entries.length > MAX_TAGS) failures.push(`${entries.length} tags, at most ${MAX_TAGS} are allowed`);
  return failures.map((reason) => ({ property: 'tags', reason }));
}
