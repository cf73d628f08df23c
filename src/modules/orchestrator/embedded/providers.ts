import { randomUUID } from 'node:crypto';
import { type ResourceProvider, UNKNOWN } from '../../../../tools/sandbox-cloud/provider.port.js';
import type { StackRef } from '../engine.port.js';
import { NotSupported, ProgramFault } from '../engine.errors.js';
import { ProviderBridge } from './provider-bridge.js';
import { settingProblem } from './provider-settings.js';
import { sameValue, withoutSecrets, type PropertyMap } from './property-value.js';
import type { RunContext } from './run-context.js';
import { aRecord, providerUrn, type ResourceRecord } from './stack-state.js';
import { makeUrn, packageOf, parseUrn, PROVIDER_TYPE_PREFIX } from './urn.js';

/** The one package that is a cloud: its providers choose a region. */
const CLOUD_PACKAGE = 'aws';

/** Providers of packages that are no cloud (`random`), by package: they know neither accounts nor regions. */
export type LocalPackages = Readonly<Record<string, ResourceProvider>>;

/**
 * Providers are resources of the state, as Pulumi has them: an explicit one is registered by the program, the default
 * one is made when a resource or a look-up names none. Those of the cloud choose the region that their resources live in.
 */
export class Providers {
  readonly #defaults = new Map<string, Promise<string>>();
  /** Reference → region; a reference never changes its meaning. */
  readonly #regions = new Map<string, string>();
  readonly #bridges = new Map<string, ProviderBridge>();

  constructor(
    private readonly context: RunContext,
    private readonly providerFor: (stack: StackRef) => ResourceProvider,
    private readonly packages: LocalPackages,
    private readonly bridgeOptions: ConstructorParameters<typeof ProviderBridge>[1],
  ) {}

  /**
   * The reference `<urn>::<id>` that a resource of this type gets.
   * @param given reference of the program; empty = the default provider
   * @throws NotSupported for a package that nobody serves here
   */
  async reference(type: string, given: string, version: string): Promise<string> {
    const wanted = this.#packageOf(type);
    if (given !== '') {
      const urn = providerUrn(given);
      const record = this.context.registered.get(urn);
      if (!record) throw new ProgramFault(`the provider ${urn} of ${type} is not registered`);
      return `${urn}::${record.id}`;
    }
    const key = `${wanted} ${version}`;
    let made = this.#defaults.get(key);
    if (!made) this.#defaults.set(key, (made = this.#makeDefault(wanted, version)));
    return made;
  }

  /** @param reference of a provider of this run, or of the state before it */
  bridge(reference: string): ProviderBridge {
    const [ownType = ''] = parseUrn(providerUrn(reference)).qualifiedType.split('$').slice(-1);
    const wanted = packageOf(ownType);
    return this.#bridgeTo(wanted, Object.hasOwn(this.packages, wanted) ? '' : this.#region(reference));
  }

  /** The provider that served the resource before stood elsewhere: its resources must be made anew. */
  hasMoved(old: ResourceRecord, reference: string): boolean {
    return this.#region(old.provider) !== this.#region(reference);
  }

  /**
   * Registers a provider as a resource. One that moves to another region is a new provider with a new id; the old one
   * stays until what it serves is gone.
   * @throws NotSupported for a setting that would be ignored
   */
  async register(record: ResourceRecord): Promise<ResourceRecord> {
    const wanted = this.#packageOf(record.type);
    this.#checkSettings(wanted, record.inputs);
    const { context } = this;
    const old = context.snapshot.previous(record.urn);
    const moved = old !== undefined && this.#regionOf(old) !== this.#regionOf(record);
    const kept = moved ? undefined : old;
    const unchanged = kept !== undefined && sameValue(kept.inputs, record.inputs);
    const now = context.now();
    const made: ResourceRecord = {
      ...record,
      outputs: record.inputs,
      id: kept?.id ?? (context.preview ? '' : randomUUID()),
      created: kept?.created ?? now,
      modified: unchanged ? (kept.modified ?? now) : now,
    };
    if (moved) context.snapshot.amend(old, { delete: true });
    else if (old) context.snapshot.drop(old);
    context.snapshot.add(made);
    context.registered.set(made.urn, made);
    if (!unchanged) await context.commit();
    return made;
  }

  #region(reference: string): string {
    let region = this.#regions.get(reference);
    if (region === undefined) {
      const record = this.context.snapshot.contents().resources.find(({ urn, id }) => `${urn}::${id}` === reference);
      region = record ? this.#regionOf(record) : this.context.run.region;
      this.#regions.set(reference, region);
    }
    return region;
  }

  #regionOf(provider: ResourceRecord): string {
    const region = withoutSecrets(provider.inputs['region']);
    return typeof region === 'string' && region !== '' && region !== UNKNOWN ? region : this.context.run.region;
  }

  async #makeDefault(wanted: string, version: string): Promise<string> {
    const { run } = this.context;
    const name = version === '' ? 'default' : `default_${version.replaceAll(/[^A-Za-z0-9]/g, '_')}`;
    const type = PROVIDER_TYPE_PREFIX + wanted;
    const settings = Object.entries(run.config)
      .filter(([key]) => key.startsWith(`${wanted}:`))
      .map(([key, value]) => [key.slice(wanted.length + 1), value]);
    const record = await this.register(
      aRecord({
        urn: makeUrn(run.stack, run.project, '', type, name),
        type,
        inputs: { ...Object.fromEntries(settings), ...(version === '' ? {} : { version }) },
      }),
    );
    return `${record.urn}::${record.id}`;
  }

  #bridgeTo(wanted: string, region: string): ProviderBridge {
    const key = `${wanted} ${region}`;
    let bridge = this.#bridges.get(key);
    if (!bridge) {
      const provider = this.packages[wanted] ?? this.providerFor({ ...this.context.run, region });
      bridge = new ProviderBridge(provider, this.bridgeOptions);
      this.#bridges.set(key, bridge);
    }
    return bridge;
  }

  #packageOf(type: string): string {
    const wanted = packageOf(type);
    if (wanted === CLOUD_PACKAGE || Object.hasOwn(this.packages, wanted)) return wanted;
    throw new NotSupported(`the provider package "${wanted}" (${type})`);
  }

  #checkSettings(wanted: string, inputs: PropertyMap): void {
    const problem = settingProblem(wanted, inputs, this.context.run.account);
    if (problem?.kind === 'unsupported') throw new NotSupported(problem.reason);
    if (problem) throw new ProgramFault(problem.reason);
  }
}
