import { join } from 'node:path';
import { EmbeddedEngine } from '../../src/modules/orchestrator/embedded.engine.js';
import { stackRef } from '../../src/modules/orchestrator/engine-config.js';
import { OrchestratorService } from '../../src/modules/orchestrator/orchestrator.service.js';
import { StaticCloudQueries } from '../../src/modules/orchestrator/placeholders/static.cloud-queries.js';
import type { RunOptions, RunReport, RunRequest, RunStack } from '../../src/modules/orchestrator/run-request.js';
import { RunSurroundings } from '../../src/modules/orchestrator/run-surroundings.js';
import { SystemClock } from '../../src/shared/kernel/clock.js';
import { RandomIds } from '../../src/shared/kernel/ids.js';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';
import { SecretBox } from '../../src/shared/kernel/secret-box.js';
import { MemoryAccountStore } from '../../tools/sandbox-cloud/memory.account-store.js';
import { SandboxCloud } from '../../tools/sandbox-cloud/sandbox-cloud.js';
import { aDeployedInstance, aRunRequest } from '../factories/run-request.js';
import { PROGRAMS, ref, type ScenarioResource, silentLog } from './engine-rig.js';
import { RecordingJournal } from './recording-journal.js';
import { FakeStackStateStore } from './stack-state.store.js';

/** Something that exists, as the cloud or as the state tells it. */
export interface Thing {
  readonly urn: string;
  readonly type: string;
  readonly id: string;
  readonly properties: unknown;
}

export interface Played {
  readonly report: RunReport;
  readonly journal: RecordingJournal;
}

/** The real run on the real engine and the sandbox cloud, in this process and without a database; every tenant starts empty. */
export class SandboxRunRig {
  readonly #accounts = new MemoryAccountStore();
  readonly #states = new FakeStackStateStore();
  readonly #cloud = new SandboxCloud(this.#accounts, { speed: 0 });
  readonly #engine = new EmbeddedEngine({
    providerFor: (stack) => this.#cloud.provider(stack),
    states: this.#states,
    secrets: new SecretBox(Buffer.alloc(32, 7)),
    log: silentLog,
    runners: { size: 2, cacheDir: join(PROJECT_ROOT, 'node_modules/.cache/stack-programs') },
  });
  readonly #service = new OrchestratorService(
    this.#engine,
    new StaticCloudQueries({
      parameters: async () => ({ ssm: {}, secrets: {} }),
      inventory: async () => ({ resources: [] }),
    }),
    new SystemClock(),
    new RandomIds(),
    new RunSurroundings('sandbox', new SecretBox(Buffer.alloc(32, 7))),
  );

  close(): Promise<void> {
    return this.#engine.close();
  }

  /** The resource of this name cannot be made or changed. */
  async fail(tenant: string, operation: 'create' | 'update', name: string): Promise<void> {
    const error = { code: 'LimitExceededException', message: `No more of ${name}` };
    const { problems } = await this.#cloud.setFaults(tenant, [{ match: { name }, operation, times: 99, error }]);
    if (problems.length > 0) throw new RangeError(JSON.stringify(problems));
  }

  async run(tenant: string, stacks: readonly RunStack[], options: Partial<RunOptions>): Promise<Played> {
    const journal = new RecordingJournal();
    const report = await this.#service.run(requestOf(tenant, stacks, options), journal, new AbortController().signal);
    return { report, journal };
  }

  /** Everything of one tenant becomes another one's too, with the same ids. */
  async copy(from: string, to: string, stacks: readonly RunStack[]): Promise<void> {
    const [source, target] = [requestOf(from, stacks, {}), requestOf(to, stacks, {})];
    for (const { name } of stacks) {
      const kept = await this.#states.load(stackRef(source.place, name));
      if (kept) await this.#states.save(stackRef(target.place, name), kept.state, 1);
    }
    const { account } = source.place;
    for (const resource of await this.#accounts.find({ organization: from, account }, {})) {
      await this.#accounts.insert({ ...resource, organization: to });
    }
  }

  /** What is in the account, by URN. */
  async account(tenant: string): Promise<Thing[]> {
    const { account } = requestOf(tenant, [], {}).place;
    const all = await this.#accounts.find({ organization: tenant, account }, {});
    return all.map(({ urn, type, id, properties }) => ({ urn, type, id, properties })).sort(byUrn);
  }

  /** What the states say there is, by URN; what is under way is there as well. */
  async recorded(tenant: string, stacks: readonly RunStack[]): Promise<Thing[]> {
    const things: Thing[] = [];
    for (const { name } of stacks) {
      const kept = await this.#states.load(stackRef(requestOf(tenant, stacks, {}).place, name));
      const { resources = [], pending_operations: pending = [] } = (kept?.state.deployment ?? {}) as {
        resources?: readonly (Thing & { custom: boolean; outputs: unknown })[];
        pending_operations?: readonly { type: string; resource: { urn: string } }[];
      };
      things.push(
        ...resources
          .filter(({ custom, type }) => custom && !type.startsWith('pulumi:'))
          .map(({ urn, type, id, outputs }) => ({ urn, type, id, properties: outputs })),
        ...pending.map(({ type, resource }) => ({ urn: resource.urn, type: `${type}!`, id: '', properties: null })),
      );
    }
    return things.sort(byUrn);
  }
}

/**
 * The same graph with small real programs: a log group that is named after the stack and tagged with what the stacks before it put
 * out, and a topic that needs it. `size` of the stack is in both.
 */
export function withPrograms(stacks: readonly RunStack[], sizes: Readonly<Record<string, number>> = {}): RunStack[] {
  return stacks.map((stack) => {
    const size = String(sizes[stack.name] ?? 1);
    const given = Object.fromEntries(stack.dependencies.map((name) => [name, `{{RUNTIME:${name}:arn}}`]));
    const log: ScenarioResource = {
      name: `log-${stack.name}`,
      type: 'aws:cloudwatch/logGroup:LogGroup',
      inputs: { name: `/matrix/${stack.name}`, tags: { ...given, size } },
    };
    const topic: ScenarioResource = {
      name: topicOf(stack.name),
      type: 'aws:sns/topic:Topic',
      inputs: { name: `matrix-${stack.name}`, displayName: `${stack.name} ${size}` },
      options: { dependsOn: [log.name] },
    };
    return {
      ...stack,
      programDir: join(PROGRAMS, 'scenario'),
      config: {
        'scenario:resources': [log, topic],
        'scenario:outputs': { arn: ref(`${log.name}.arn`), topic: ref(`${topic.name}.arn`) },
      },
    };
  });
}

export function topicOf(stack: string): string {
  return `topic-${stack}`;
}

/** The stacks as the next operation finds them. */
export function afterwards(stacks: readonly RunStack[], journal: RecordingJournal): RunStack[] {
  return stacks.map((stack) => {
    const change = journal.instances.get(stack.name);
    if (change?.kind !== 'deployed') return stack;
    const { fingerprint, config, outputs, dependencies } = change;
    return { ...stack, instance: aDeployedInstance({ fingerprint, lastConfig: config, outputs, dependencies }) };
  });
}

function requestOf(tenant: string, stacks: readonly RunStack[], options: Partial<RunOptions>): RunRequest {
  const request = aRunRequest(stacks, { parallel: 3, ...options });
  return { ...request, place: { ...request.place, organization: tenant } };
}

function byUrn(a: Thing, b: Thing): number {
  return a.urn < b.urn ? -1 : a.urn > b.urn ? 1 : 0;
}
