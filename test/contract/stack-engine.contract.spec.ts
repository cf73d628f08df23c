import { join } from 'node:path';
import { EmbeddedEngine } from '../../src/modules/orchestrator/embedded.engine.js';
import type { StackEngine } from '../../src/modules/orchestrator/engine.port.js';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';
import { SecretBox } from '../../src/shared/kernel/secret-box.js';
import { EngineRig, silentLog } from '../fakes/engine-rig.js';
import { aPulumiEngine, COMMAND_LINE, WHY_SKIPPED } from '../fakes/pulumi-rig.js';
import { QuickClock } from '../fakes/quick-clock.js';
import { FakeStackStateStore } from '../fakes/stack-state.store.js';
import { TestCloud } from '../fakes/test-cloud.js';
import { stackEngineContract } from './stack-engine.contract.js';

/** One engine for all tests, a cloud for each: the engine keeps organizations apart. */
class Clouds {
  readonly #clouds = new Map<string, TestCloud>();

  readonly providerFor = ({ organization }: { organization: string }): TestCloud =>
    this.#clouds.get(organization.replace(/-copy$/, '')) ?? new TestCloud();

  aRig(engine: StackEngine): EngineRig {
    const organization = `acme${this.#clouds.size}`;
    const cloud = new TestCloud();
    this.#clouds.set(organization, cloud);
    return new EngineRig(engine, cloud, organization);
  }
}

describe('EmbeddedEngine keeps the contract:', () => {
  jest.setTimeout(60_000);
  const clouds = new Clouds();
  const engine = new EmbeddedEngine({
    providerFor: clouds.providerFor,
    states: new FakeStackStateStore(),
    secrets: new SecretBox(Buffer.alloc(32, 7)),
    log: silentLog,
    graceMs: 2_000,
    clock: new QuickClock(),
    random: () => 0.5,
    runners: { size: 2, cacheDir: join(PROJECT_ROOT, 'node_modules/.cache/stack-programs') },
  });
  afterAll(() => engine.close());
  stackEngineContract(() => clouds.aRig(engine));
});

const describePulumi = COMMAND_LINE === undefined ? describe.skip : describe;

describePulumi(`PulumiEngine keeps the contract${COMMAND_LINE === undefined ? ` (${WHY_SKIPPED})` : ''}:`, () => {
  jest.setTimeout(120_000);
  const clouds = new Clouds();
  const { engine, remove } = aPulumiEngine({ providerFor: clouds.providerFor, runners: { size: 2 } });
  afterAll(remove);
  stackEngineContract(() => clouds.aRig(engine));
});
