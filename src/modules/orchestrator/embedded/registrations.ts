import { UNKNOWN, type CheckFailure } from '../../../../tools/sandbox-cloud/provider.port.js';
import type { ResourceAction } from '../engine.port.js';
import { ProgramFault } from '../engine.errors.js';
import { aliasUrns } from './aliases.js';
import { failureCode, resourceError, toEngineError } from './cloud-failure.js';
import { dependentReplacements } from './dependent-replacements.js';
import type { Goal, ReadGoal } from './goal.js';
import { withoutIgnoredChanges } from './property-path.js';
import { keepSecretMarks, markSecret, sameValue, type PropertyMap } from './property-value.js';
import { protectedError } from './protection.js';
import type { ProviderBridge } from './provider-bridge.js';
import type { Providers } from './providers.js';
import { RunStopped, type RunContext } from './run-context.js';
import { aRecord, isCounted, type ResourceRecord } from './stack-state.js';
import { planStep } from './step-plan.js';
import type { Steps } from './steps.js';
import { isProviderType, makeUrn, nameOf, ROOT_STACK_TYPE } from './urn.js';

/**
 * Answers a program's registrations. For a resource of a provider:
 * 1. find what it was before, by its URN or an alias;
 * 2. let the provider check and complete the inputs, ignored changes put back;
 * 3. compare, decide (`planStep`);
 * 4. do it, and answer the program with id and outputs.
 * Components and providers are only kept in the state.
 */
export class Registrations {
  /** Former URNs of what this run has registered, for the aliases of its children. */
  readonly #formerUrns = new Map<string, readonly string[]>();
  readonly #taken = new Set<string>();
  /** Old URN that a resource of another name has taken over → URN of that one. */
  readonly #adopted = new Map<string, string>();
  #stackOutputs: PropertyMap | undefined;

  constructor(
    private readonly context: RunContext,
    private readonly providers: Providers,
    private readonly steps: Steps,
  ) {}

  /** @throws RunStopped when nothing new may start or the step failed; ProgramFault, NotSupported for what the program did wrong */
  async register(goal: Goal): Promise<ResourceRecord> {
    this.context.assertOpen();
    const urn = this.#claim(goal);
    const { old, renamed } = this.#before(urn, goal);
    const record = this.#toRecord(urn, goal);
    const settleName = (): void => {
      if (renamed !== undefined) this.context.snapshot.rename(renamed, urn);
    };
    const done = await this.#apply(record, goal, old, settleName);
    this.context.registered.set(urn, done);
    return done;
  }

  /** True once the program has come to its end: the SDK hands over the stack's outputs last. */
  get hasStackOutputs(): boolean {
    return this.#stackOutputs !== undefined;
  }

  /** Outputs of a component or of the stack. */
  async registerOutputs(urn: string, outputs: PropertyMap): Promise<void> {
    const { context } = this;
    const record = context.registered.get(urn);
    if (!record) throw new ProgramFault(`outputs were registered for ${urn}, which is not a resource of this stack`);
    if (record.type === ROOT_STACK_TYPE) this.#stackOutputs = outputs;
    else await this.#setOutputs(record, outputs);
  }

  /**
   * Called when the program has ended. The SDK hands over outputs also when the program has failed, then without what it
   * did not come to: the old ones stay the truth about what is there.
   */
  async settleStackOutputs(): Promise<void> {
    const root = [...this.context.registered.values()].find((record) => record.type === ROOT_STACK_TYPE);
    if (!root || !this.#stackOutputs) return;
    const kept = this.context.isStopped ? root.outputs : {};
    await this.#setOutputs(root, { ...kept, ...this.#stackOutputs });
  }

  async #setOutputs(record: ResourceRecord, outputs: PropertyMap): Promise<void> {
    const { context } = this;
    if (sameValue(outputs, record.outputs)) return;
    context.registered.set(record.urn, context.snapshot.amend(record, { outputs, modified: context.now() }));
    await context.commit();
  }

  /** @throws RunStopped when there is no such thing */
  async read(goal: ReadGoal): Promise<ResourceRecord> {
    const { context } = this;
    context.assertOpen();
    const urn = this.#claim(goal);
    const provider = await this.providers.reference(goal.type, goal.provider, goal.version);
    const record = aRecord({ ...pickRead(goal), urn, provider, external: true });
    if (goal.id === UNKNOWN) {
      const unknown = { ...record, id: '' };
      context.registered.set(urn, unknown);
      return unknown;
    }
    const old = context.snapshot.previous(urn);
    const done = await this.steps.read(
      this.providers.bridge(provider),
      old?.created ? { ...record, created: old.created } : record,
      (read) => {
        // what was managed before and is only read now is no longer ours to delete
        if (old) context.snapshot.drop(old);
        context.snapshot.add(read);
      },
      () => new ProgramFault(`there is no ${goal.type} with the id ${goal.id}`),
    );
    context.registered.set(urn, done);
    return done;
  }

  #claim(goal: { type: string; name: string; parent: string }): string {
    const { stack, project } = this.context.run;
    const urn = makeUrn(stack, project, goal.parent, goal.type, goal.name);
    if (this.#taken.has(urn)) {
      throw new ProgramFault(`Duplicate resource URN '${urn}'; try giving it a unique name`);
    }
    this.#taken.add(urn);
    return urn;
  }

  #before(urn: string, goal: Goal): { old?: ResourceRecord; renamed?: string } {
    const { snapshot, run } = this.context;
    const parentAliases = this.#formerUrns.get(goal.parent) ?? [];
    const former = aliasUrns({ ...goal, stack: run.stack, project: run.project, parentAliases }, goal.aliases);
    this.#formerUrns.set(urn, former);
    const adopter = this.#adopted.get(urn);
    if (adopter !== undefined) {
      throw new ProgramFault(
        `Duplicate resource URN '${urn}' conflicting with alias on resource with URN '${adopter}'`,
      );
    }
    const present = snapshot.previous(urn);
    if (present) return { old: present };
    for (const alias of former) {
      const found = snapshot.previous(alias);
      if (!found) continue;
      const other = this.#taken.has(alias) ? urn : this.#adopted.get(alias);
      if (other !== undefined) {
        throw new ProgramFault(
          `Duplicate resource alias '${alias}' applied to resource with URN '${urn}' conflicting with resource with URN '${other}'`,
        );
      }
      this.#adopted.set(alias, urn);
      return { old: found, renamed: alias };
    }
    return {};
  }

  #toRecord(urn: string, goal: Goal): ResourceRecord {
    const parent = this.context.registered.get(goal.parent);
    return aRecord({
      urn,
      type: goal.type,
      custom: goal.custom,
      inputs: goal.inputs,
      parent: goal.parent,
      protect: goal.protect ?? parent?.protect ?? false,
      retainOnDelete: goal.retainOnDelete ?? parent?.retainOnDelete ?? false,
      deletedWith: goal.deletedWith || (parent?.deletedWith ?? ''),
      dependencies: goal.dependencies,
      propertyDependencies: goal.propertyDependencies,
      additionalSecretOutputs: goal.additionalSecretOutputs,
      ignoreChanges: goal.ignoreChanges,
      replaceOnChanges: goal.replaceOnChanges,
      customTimeouts: goal.customTimeouts,
      importId: goal.importId,
      sourcePosition: goal.sourcePosition,
    });
  }

  async #apply(
    record: ResourceRecord,
    goal: Goal,
    old: ResourceRecord | undefined,
    settleName: () => void,
  ): Promise<ResourceRecord> {
    if (isProviderType(record.type)) return this.providers.register(record);
    if (!record.custom) return this.#keep({ ...record, outputs: old?.outputs ?? {} }, old, settleName);

    const provider = await this.providers.reference(record.type, goal.provider, goal.version);
    const bridge = this.providers.bridge(provider);
    const named = { ...record, provider };
    const isImport = goal.importId !== '' && (!old || old.external || (old.importId || old.id) !== goal.importId);
    if (isImport) old = await this.#import(bridge, named, old, settleName);

    const managed = old?.external ? undefined : old;
    const action: ResourceAction = managed ? 'update' : 'create';
    const wanted =
      managed && goal.ignoreChanges.length > 0
        ? withoutIgnoredChanges(record.inputs, managed.inputs, goal.ignoreChanges)
        : record.inputs;
    const recreated = managed?.pendingReplacement ?? false;
    const inputs = await this.#check(bridge, named, wanted, recreated ? undefined : managed?.inputs, action);
    const mustReplace =
      managed !== undefined &&
      !recreated &&
      (this.providers.hasMoved(managed, provider) || goal.replaceWith.some((urn) => this.context.replaced.has(urn)));
    const diff =
      managed && !recreated && !mustReplace
        ? await this.#asked(named, action, () => bridge.diff(managed, inputs, record.urn))
        : undefined;
    const plan = planStep({
      ...(managed ? { old: managed } : {}),
      ...(diff ? { diff } : {}),
      ...(goal.deleteBeforeReplace === undefined ? {} : { deleteBeforeReplace: goal.deleteBeforeReplace }),
      inputs,
      replaceOnChanges: goal.replaceOnChanges,
      mustReplace,
    });

    const checked = { ...named, inputs };
    const { counts, snapshot } = this.context;
    if (plan.kind === 'create' || !managed) {
      const created = await this.steps.create(bridge, checked, (made) => {
        if (old) snapshot.drop(old); // it was only read before
        snapshot.add(made);
      });
      counts.created++;
      return created;
    }
    if (plan.kind === 'same') {
      const outputs = markSecret(keepSecretMarks(managed.outputs, inputs), record.additionalSecretOutputs);
      const same = await this.#keep({ ...checked, id: managed.id, outputs }, managed, settleName, isImport);
      if (!isImport) counts.unchanged++;
      return same;
    }
    if (plan.kind === 'update') {
      const base = { ...checked, id: managed.id, outputs: managed.outputs, ...pickCreated(managed) };
      const updated = await this.steps.update(bridge, managed, base, settleName);
      counts.updated++;
      return updated;
    }
    const replaced = await this.#replace(bridge, { ...named, inputs: wanted }, managed, plan.deleteFirst, settleName);
    counts.replaced++;
    return replaced;
  }

  /**
   * Nothing to ask of the cloud: the new record takes the old one's place. Saved only when something differs.
   * @param isTold it was reported already (just imported)
   */
  async #keep(
    record: ResourceRecord,
    old: ResourceRecord | undefined,
    settleName: () => void,
    isTold = false,
  ): Promise<ResourceRecord> {
    const { context } = this;
    const now = context.now();
    const unchanged = old && sameRecord({ ...record, ...pickCreated(old), ...pickModified(old) }, old);
    const kept: ResourceRecord = unchanged
      ? old
      : { ...record, created: old?.created ?? now, modified: old ? now : (record.modified ?? now) };
    const settle = (): void => {
      settleName();
      if (old) context.snapshot.drop(old);
      context.snapshot.add(kept);
    };
    if (isTold || !isCounted(kept)) {
      settle();
      if (!unchanged) await context.commit();
      return kept;
    }
    const step = { urn: kept.urn, type: kept.type, action: 'same' as const };
    await context.step(step, async () => {
      settle();
      if (!unchanged) await context.commit();
      return kept;
    });
    return kept;
  }

  async #replace(
    bridge: ProviderBridge,
    record: ResourceRecord,
    old: ResourceRecord,
    deleteFirst: boolean,
    settleName: () => void,
  ): Promise<ResourceRecord> {
    const { context } = this;
    const { snapshot } = context;
    const step = { urn: record.urn, type: record.type, action: 'update' as const };
    if (old.protect && !old.pendingReplacement) {
      throw context.refuse(step, protectedError(step, 'replaced'));
    }
    context.replaced.add(record.urn);
    // a new thing gets new names where the provider makes them up
    const fresh = { ...record, inputs: await this.#check(bridge, record, record.inputs, undefined, 'create') };
    if (!deleteFirst) {
      return this.steps.create(bridge, fresh, (created) => {
        settleName();
        snapshot.amend(old, { urn: record.urn, delete: true });
        snapshot.add(created);
      });
    }
    let left = old;
    if (!old.pendingReplacement) {
      await this.#deleteDependents(old);
      left = await this.#deleteForReplacement(old);
    }
    return this.steps.create(bridge, fresh, (created) => {
      settleName();
      snapshot.drop(left);
      snapshot.add(created);
    });
  }

  /** What could not stand without the resource while it is away goes first, and is made again when its turn comes. */
  async #deleteDependents(old: ResourceRecord): Promise<void> {
    const bridgeOf = (record: ResourceRecord): ProviderBridge => this.providers.bridge(record.provider);
    const dependents = await dependentReplacements(old, this.context.snapshot.left(), (record, inputs) =>
      bridgeOf(record).diff(record, inputs),
    );
    for (const dependent of dependents.filter((record) => record.protect)) {
      const step = { urn: dependent.urn, type: dependent.type, action: 'update' as const };
      throw this.context.refuse(step, protectedError(step, `replaced with ${nameOf(old.urn)}`));
    }
    for (const dependent of dependents) await this.#deleteForReplacement(dependent);
  }

  async #deleteForReplacement(record: ResourceRecord): Promise<ResourceRecord> {
    let left = record;
    await this.steps.delete(this.providers.bridge(record.provider), record, () => {
      left = this.context.snapshot.amend(record, { pendingReplacement: true });
    });
    return left;
  }

  /** Takes over what exists, as the cloud has it; the comparison that follows makes it what the program wants. */
  async #import(
    bridge: ProviderBridge,
    record: ResourceRecord,
    old: ResourceRecord | undefined,
    settleName: () => void,
  ): Promise<ResourceRecord> {
    const { context } = this;
    const imported = await this.steps.read(
      bridge,
      { ...record, id: record.importId, inputs: {} },
      (read) => {
        settleName();
        if (old?.external) context.snapshot.drop(old);
        else if (old) context.snapshot.amend(old, { delete: true });
        context.snapshot.add(read);
      },
      () => new ProgramFault(`there is no ${record.type} with the id ${record.importId} to import`),
    );
    context.counts.created++;
    return imported;
  }

  async #check(
    bridge: ProviderBridge,
    record: ResourceRecord,
    news: PropertyMap,
    olds: PropertyMap | undefined,
    action: ResourceAction,
  ): Promise<PropertyMap> {
    const answer = await this.#asked(record, action, () => bridge.check(record, news, olds, this.context.preview));
    if (answer.failures.length === 0) return answer.inputs;
    const step = { urn: record.urn, type: record.type, action };
    throw this.context.refuse(
      step,
      resourceError(step, {
        class: 'validation',
        code: failureCode(action),
        message: `${record.type} "${nameOf(record.urn)}" is invalid: ${describeFailures(answer.failures)}`,
        retryable: false,
      }),
    );
  }

  /** A question to the provider before the step; its failure is the step's. */
  async #asked<T>(record: ResourceRecord, action: ResourceAction, question: () => Promise<T>): Promise<T> {
    try {
      const answer = await question();
      this.context.assertOpen();
      return answer;
    } catch (error) {
      if (error instanceof RunStopped) throw error;
      const step = { urn: record.urn, type: record.type, action };
      throw this.context.refuse(step, toEngineError(step, error));
    }
  }
}

function describeFailures(failures: readonly CheckFailure[]): string {
  return failures.map(({ property, reason }) => (property === '' ? reason : `${property}: ${reason}`)).join('; ');
}

function sameRecord(a: ResourceRecord, b: ResourceRecord): boolean {
  return (Object.keys(a) as (keyof ResourceRecord)[]).every((key) => sameValue(a[key], b[key]));
}

function pickCreated(record: ResourceRecord): Pick<ResourceRecord, 'created'> {
  return record.created === undefined ? {} : { created: record.created };
}

function pickModified(record: ResourceRecord): Pick<ResourceRecord, 'modified'> {
  return record.modified === undefined ? {} : { modified: record.modified };
}

function pickRead({ type, id, inputs, parent, dependencies, additionalSecretOutputs, sourcePosition }: ReadGoal) {
  return { type, id, inputs, parent, dependencies, additionalSecretOutputs, sourcePosition };
}
