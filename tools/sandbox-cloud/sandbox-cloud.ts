import { setTimeout as sleepFor } from 'node:timers/promises';
import type {
  AccountScope,
  AccountStore,
  CloudParameters,
  CloudResource,
  ResourceQuery,
} from './account-store.port.js';
import { SPECS } from './catalogue.js';
import { type FaultRule, type FaultRuleProblem, parseFaultRules } from './fault-rule.js';
import { problemOf } from './inputs.js';
import { INVOKES } from './invokes.js';
import { CloudError, type Properties, type ResourceProvider } from './provider.port.js';
import { isKnownRegion } from './regions.js';
import { inputTable, shownProperties } from './resource-spec.js';
import { type ProviderBinding, SandboxProvider, type Timing } from './sandbox.provider.js';

export const REAL_TIMING: Timing = {
  now: () => new Date(),
  sleep: (ms, signal) => sleepFor(ms, undefined, { signal }),
};

export interface ChangeProblem {
  readonly property: string;
  readonly kind: 'unknown' | 'format';
  readonly reason: string;
}

export interface SandboxOptions {
  /** Factor of the typical durations until somebody sets another one: 0 (never wait) to 10. */
  readonly speed: number;
  readonly timing?: Timing;
}

const MAX_SPEED = 10;

/** Everything a fault rule or an inventory filter may name. */
export const KNOWN_TYPES: ReadonlySet<string> = new Set([...SPECS.keys(), ...INVOKES.keys()]);

/**
 * A cloud with AWS's manners and nobody's bill: one account per organization and account number, kept in an AccountStore.
 * Programs reach it through `provider`; everything else here is the administrator's hand.
 */
export class SandboxCloud {
  private readonly timing: Timing;
  private readonly tails = new Map<string, Promise<unknown>>();

  constructor(
    private readonly store: AccountStore,
    private readonly options: SandboxOptions,
  ) {
    this.timing = options.timing ?? REAL_TIMING;
  }

  /** @throws CloudError InvalidRegion, InvalidAccount */
  provider(binding: ProviderBinding): ResourceProvider {
    if (!isKnownRegion(binding.region)) throw new CloudError('InvalidRegion', `invalid AWS Region: ${binding.region}`);
    if (!/^\d{12}$/.test(binding.account)) {
      throw new CloudError('InvalidAccount', `invalid AWS account id: ${binding.account}, expected 12 digits`);
    }
    return new SandboxProvider(binding, {
      store: this.store,
      timing: this.timing,
      speed: (settings) => settings.speed ?? this.options.speed,
      exclusive: (work) => this.exclusive(binding, work),
    });
  }

  /** Oldest first. */
  async inventory(
    scope: AccountScope,
    query: Pick<ResourceQuery, 'region' | 'type' | 'stack'>,
    page: { skip: number; limit: number },
  ): Promise<{ resources: CloudResource[]; total: number }> {
    const [resources, total] = await Promise.all([this.store.find(scope, query, page), this.store.count(scope, query)]);
    return { resources, total };
  }

  /** Properties as an administrator may see them: what is sensitive is blanked out. */
  shownProperties({ type, properties }: CloudResource): Properties {
    const spec = SPECS.get(type);
    return spec ? shownProperties(spec, properties) : properties;
  }

  /** What has this id or ARN: usually one; names of different types or regions may be equal. */
  async locate(
    scope: AccountScope,
    idOrArn: string,
    query: Pick<ResourceQuery, 'region' | 'type'> = {},
  ): Promise<CloudResource[]> {
    const byId = await this.store.find(scope, { ...query, id: idOrArn });
    return byId.length > 0 || idOrArn === '' ? byId : this.store.find(scope, { ...query, arn: idOrArn });
  }

  /** What is wrong with a change by hand: keys the type does not have, values its arguments cannot hold. */
  changeProblems(type: string, properties: Properties): ChangeProblem[] {
    const spec = SPECS.get(type);
    const table = spec ? inputTable(spec) : {};
    const computed = new Set([
      ...(spec?.outputs ?? []),
      ...(spec?.taggable ? ['tagsAll'] : []),
      ...(spec?.contents ? [spec.contents.property] : []),
    ]);
    return Object.entries(properties).flatMap(([property, value]): ChangeProblem[] => {
      const input = table[property];
      if (!input) {
        const reason = `${type} has no property "${property}"`;
        return computed.has(property) ? [] : [{ property, kind: 'unknown', reason }];
      }
      const reason = value === null ? undefined : problemOf(input, value);
      return reason ? [{ property, kind: 'format', reason }] : [];
    });
  }

  /** A change behind the program's back: every given key replaces the cloud's value, null removes it. null = gone meanwhile. */
  changeByHand(resource: CloudResource, properties: Properties): Promise<CloudResource | null> {
    return this.exclusive(resource, async () => {
      const [current] = await this.store.findByClaims(resource, [resource.key]);
      if (!current) return null;
      const spec = SPECS.get(current.type);
      const inputKeys = spec ? Object.keys(inputTable(spec)) : [];
      const touched = Object.keys(properties).filter((key) => inputKeys.includes(key));
      const merged = {
        ...current.properties,
        ...properties,
        ...('tags' in properties && { tagsAll: properties.tags ?? {} }),
      };
      const changed: CloudResource = {
        ...current,
        properties: Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)),
        drifted: [...new Set([...current.drifted, ...touched])],
        revision: current.revision + 1,
        updatedAt: this.timing.now(),
      };
      return (await this.store.replace(changed)) === 'replaced' ? changed : null;
    });
  }

  /** The resource vanishes with what cannot exist without it, whoever else still refers to it. */
  vanish(resource: CloudResource): Promise<boolean> {
    return this.exclusive(resource, () => SandboxProvider.remove(this.store, resource));
  }

  async parameters(organization: string): Promise<CloudParameters> {
    return (await this.store.settings(organization)).parameters;
  }

  setParameters(organization: string, parameters: CloudParameters): Promise<void> {
    return this.store.saveParameters(organization, parameters);
  }

  async faults(organization: string): Promise<readonly FaultRule[]> {
    return (await this.store.settings(organization)).faults;
  }

  /** Replaces the whole list, counters start again; with problems nothing is stored. */
  async setFaults(
    organization: string,
    input: unknown,
  ): Promise<{ rules: readonly FaultRule[]; problems: readonly FaultRuleProblem[] }> {
    const parsed = parseFaultRules(input, KNOWN_TYPES);
    if (parsed.problems.length === 0) await this.store.saveFaults(organization, parsed.rules);
    return parsed;
  }

  async speed(organization: string): Promise<number> {
    return (await this.store.settings(organization)).speed ?? this.options.speed;
  }

  /** @throws RangeError outside 0 to 10 */
  async setSpeed(organization: string, factor: number): Promise<void> {
    if (!(factor >= 0 && factor <= MAX_SPEED)) throw new RangeError(`speed factor must be 0 to ${MAX_SPEED}`);
    await this.store.saveSpeed(organization, factor);
  }

  /**
   * One check-and-write of an account at a time, so that references and quotas hold. Only inside this process: between
   * processes the store's unique claims keep ids, names and tokens from being taken twice.
   */
  private exclusive<T>({ organization, account }: AccountScope, work: () => Promise<T>): Promise<T> {
    const scope = `${organization}|${account}`;
    const turn = (this.tails.get(scope) ?? Promise.resolve()).then(work, work);
    const tail = turn
      .catch(() => undefined)
      .then(() => {
        if (this.tails.get(scope) === tail) this.tails.delete(scope);
      });
    this.tails.set(scope, tail);
    return turn;
  }
}
