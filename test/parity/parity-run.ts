import { join } from 'node:path';
import type { EngineEvent, StackEngine, StackRun, StackRunResult } from '../../src/modules/orchestrator/engine.port.js';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';
import { RandomProvider } from '../../tools/random-provider/random.provider.js';
import type { CloudResource } from '../../tools/sandbox-cloud/account-store.port.js';
import { MemoryAccountStore } from '../../tools/sandbox-cloud/memory.account-store.js';
import type { ResourceProvider } from '../../tools/sandbox-cloud/provider.port.js';
import { SandboxCloud } from '../../tools/sandbox-cloud/sandbox-cloud.js';
import { outcomeOf, type StepOutcome } from './normal-form.js';
import { SCENARIOS, STEPS, type EnvironmentName, type StepName } from './scenarios.js';
import { PLACE, stackConfig, type Overrides, type Produced } from './stack-config.js';

const ORGANIZATION = 'acme';
const SCOPE = { organization: ORGANIZATION, account: PLACE.account };
/**
 * What `create` has protected (prod) is set free by `update`: with a protected resource that would have to go, what goes
 * beside it is chance (docs/decisions/parity.md).
 */
const LIFTED: Overrides = { protectStateful: false };
/** One moment for everything: what differs must be the engine. */
const NOW = new Date('2030-01-01T00:00:00Z');

/** An engine whose cloud is exchanged from chain to chain. */
export interface ParitySubject {
  readonly engine: StackEngine;
  /** What the engine's `providerFor` reads. */
  readonly place: CloudPlace;
}

export class CloudPlace {
  cloud: SandboxCloud | undefined;

  readonly providerFor = ({ region }: { region: string }): ResourceProvider => {
    if (!this.cloud) throw new TypeError('no cloud yet');
    return this.cloud.provider({ ...SCOPE, region });
  };
  readonly packages = { random: new RandomProvider() };
}

/** The account before a stack is deployed, and what the stacks in it have put out. */
export interface Ground {
  readonly resources: readonly CloudResource[];
  readonly produced: Produced;
}

/** The account that the stacks before a stack have left; the embedded engine deploys them for everybody. */
export class Producers {
  readonly #store = new MemoryAccountStore();
  readonly #produced: Record<string, Record<string, unknown>> = {};

  constructor(
    private readonly subject: ParitySubject,
    private readonly environment: EnvironmentName,
  ) {}

  /** Asked for in the order of SCENARIOS. */
  async groundOf(stack: string): Promise<Ground> {
    const order = Object.keys(SCENARIOS);
    for (const earlier of order.slice(0, order.indexOf(stack))) {
      if (!(earlier in this.#produced)) await this.#deploy(earlier);
    }
    return { resources: await this.#store.find(SCOPE, {}), produced: { ...this.#produced } };
  }

  async #deploy(stack: string): Promise<void> {
    this.subject.place.cloud = new SandboxCloud(this.#store, { speed: 0, timing });
    const config = stackConfig(stack, this.environment, this.#produced, {});
    const result = await this.subject.engine.up(runOf(stack, this.environment, config, [], { project: 'ground' }));
    if (!result.success) throw new TypeError(`${stack} in ${this.environment}: ${result.error?.message}`);
    this.#produced[stack] = Object.fromEntries(
      Object.entries(result.outputs).map(([name, { value }]) => [name, value]),
    );
  }
}

/** Every step of one stack in one environment, on an account of its own. */
export async function runSteps(
  subject: ParitySubject,
  stack: string,
  environment: EnvironmentName,
  ground: Ground,
): Promise<Record<StepName, StepOutcome>> {
  const chain = new Chain(subject, stack, environment, ground);
  const outcomes = {} as Record<StepName, StepOutcome>;
  for (const step of STEPS) outcomes[step] = await chain.run(step);
  return outcomes;
}

class Chain {
  #store = new MemoryAccountStore();
  #cloud: SandboxCloud | undefined;
  /** Created by `create`, in an order that no engine decides. */
  #created: string[] = [];
  #beforeFailure: StepOutcome['operations'] = {};

  constructor(
    private readonly subject: ParitySubject,
    private readonly stack: string,
    private readonly environment: EnvironmentName,
    private readonly ground: Ground,
  ) {}

  async run(step: StepName): Promise<StepOutcome> {
    if (step === 'create' || step === 'failure') await this.#begin();
    const scenarios = SCENARIOS[this.stack];
    if (!scenarios) throw new TypeError(`${this.stack} has no scenarios`);
    const [update, replace, remove] = [scenarios.update, scenarios.replace, scenarios.remove].map(
      (overrides): Overrides => ({ ...overrides, ...LIFTED }),
    ) as [Overrides, Overrides, Overrides];
    switch (step) {
      case 'create': {
        const outcome = await this.#up({});
        this.#created = Object.keys(outcome.operations).sort();
        return outcome;
      }
      case 'unchanged':
        return this.#up({});
      case 'update':
        return this.#up({ ...update, extraTags: { Change: 'yes' } });
      case 'replace':
        return this.#up(replace);
      case 'remove':
        return this.#up(remove);
      case 'refresh':
        await this.#drift();
        return this.#do((engine, run) => engine.refresh(run), remove);
      case 'repair':
        return this.#up(remove);
      case 'destroy':
        return this.#do((engine, run) => engine.destroy(run), remove);
      case 'failure':
        return this.#fail();
      case 'recovery':
        return this.#recover();
    }
  }

  async #begin(): Promise<void> {
    this.#store = new MemoryAccountStore();
    for (const resource of this.ground.resources) await this.#store.insert(resource);
    this.#cloud = this.subject.place.cloud = new SandboxCloud(this.#store, { speed: 0, timing });
  }

  #up(overrides: Overrides): Promise<StepOutcome> {
    return this.#do((engine, run) => engine.up(run), overrides);
  }

  /**
   * The resource in the middle of the alphabet cannot be made. What else was made before that depends on chance, so only the
   * failure itself counts here.
   */
  async #fail(): Promise<StepOutcome> {
    const middle = this.#created[Math.floor(this.#created.length / 2)] ?? '';
    const urn = `urn:pulumi:${stackName(this.stack, this.environment)}::shop::${middle}`;
    await this.#cloud?.setFaults(ORGANIZATION, [
      {
        match: { urn },
        operation: 'create',
        nth: 1,
        times: 1000,
        error: { code: 'InternalError', message: 'An internal error has occurred' },
      },
    ]);
    const { end, operations } = await this.#up({});
    this.#beforeFailure = operations;
    return { end, operations: {}, counts: {}, outputs: {}, state: [] };
  }

  /** Counts together with the run that failed: everything is made once, whichever of the two came to it. */
  async #recover(): Promise<StepOutcome> {
    await this.#cloud?.setFaults(ORGANIZATION, []);
    const outcome = await this.#up({});
    const both = Object.entries({ ...this.#beforeFailure, ...outcome.operations }).map(([urn]) => [
      urn,
      [...(this.#beforeFailure[urn] ?? []), ...(outcome.operations[urn] ?? [])],
    ]);
    const operations = Object.fromEntries(both.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
    return { ...outcome, operations, counts: { left: outcome.counts['left'] ?? 0 } };
  }

  /** Somebody changes the tags of the first tagged resource, and deletes the last one that nothing points to. */
  async #drift(): Promise<void> {
    const own = (await this.#store.find(SCOPE, { stack: stackName(this.stack, this.environment) })).sort((a, b) =>
      a.urn < b.urn ? -1 : 1,
    );
    const tagged = own.find(({ properties }) => typeof properties['tags'] === 'object');
    if (tagged) await this.#cloud?.changeByHand(tagged, { tags: { By: 'hand' } });
    const pointedTo = new Set((await this.#store.find(SCOPE, {})).flatMap(({ refs }) => refs));
    const loose = own.findLast(
      ({ claims, key }) => key !== tagged?.key && !claims.some((claim) => pointedTo.has(claim)),
    );
    const [current] = loose ? await this.#store.findByClaims(SCOPE, [loose.key]) : [];
    if (current) await this.#cloud?.vanish(current);
  }

  async #do(
    work: (engine: StackEngine, run: StackRun) => Promise<StackRunResult>,
    overrides: Overrides,
  ): Promise<StepOutcome> {
    const { engine } = this.subject;
    const events: EngineEvent[] = [];
    const config = stackConfig(this.stack, this.environment, this.ground.produced, overrides);
    const run = runOf(this.stack, this.environment, config, events);
    const result = await work(engine, run);
    return outcomeOf(result, events, await engine.exportState(run));
  }
}

const timing = { now: () => NOW, sleep: () => Promise.resolve() };

function stackName(stack: string, environment: string): string {
  return `DT3VCA0-${stack}-${environment}`;
}

function runOf(
  stack: string,
  environment: string,
  config: Record<string, string>,
  events: EngineEvent[],
  ref: Partial<StackRun> = {},
): StackRun {
  return {
    organization: ORGANIZATION,
    pulumiOrg: 'organization',
    project: 'shop',
    stack: stackName(stack, environment),
    account: PLACE.account,
    region: PLACE.region,
    programDir: join(PROJECT_ROOT, 'dist/stacks', stack, 'src'),
    config,
    secretKeys: [],
    fence: 1,
    signal: new AbortController().signal,
    onEvent: (event) => events.push(event),
    ...ref,
  };
}
