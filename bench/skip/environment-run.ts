import { createHash } from 'node:crypto';
import type { Config } from '../../src/shared/config/config.js';
import { Clock } from '../../src/shared/kernel/clock.js';
import { RandomIds } from '../../src/shared/kernel/ids.js';
import { SecretBox } from '../../src/shared/kernel/secret-box.js';
import type { StackRun, StackRunResult } from '../../src/modules/orchestrator/engine.port.js';
import { OrchestratorService } from '../../src/modules/orchestrator/orchestrator.service.js';
import { StaticCloudQueries } from '../../src/modules/orchestrator/placeholders/static.cloud-queries.js';
import type { RunRequest, StackRunRecord } from '../../src/modules/orchestrator/run-request.js';
import { RunSurroundings } from '../../src/modules/orchestrator/run-surroundings.js';
import type { StacksService } from '../../src/modules/stacks/stacks.service.js';
import { instanceChange } from '../../src/modules/deployments/operations/operation.journal.js';
import { type RunBasis, RunRequestBuilder } from '../../src/modules/deployments/operations/run-request.builder.js';
import { anOperation } from '../../test/factories/operations.js';
import { RecordingJournal } from '../../test/fakes/recording-journal.js';
import { ScriptedEngine } from '../../test/fakes/scripted-engine.js';
import type { CodeOnDisk } from './code-on-disk.js';
import { ENVIRONMENT, KEY, type World } from './world.js';

/** Time stands still: what waits for it waits until it is told to stop. */
class StillClock extends Clock {
  now(): Date {
    return new Date('2030-01-01T00:00:00.000Z');
  }

  sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
  }
}

/** Programs whose outputs follow from what they see; each output from another part of it, so that many edits leave some as they are. */
class ModelEngine extends ScriptedEngine {
  constructor(
    clock: Clock,
    private readonly world: World,
  ) {
    super(clock);
  }

  override async up(run: StackRun): Promise<StackRunResult> {
    const stack = run.stack.split('-').slice(1, -1).join('-');
    const own = (key: string): string => run.config[`${stack}:${key}`] ?? '';
    const failed = this.world.failing.has(stack);
    const word = /\d$/.exec(this.world.code.get(stack)?.get('src/index.js') ?? '')?.[0] ?? '';
    const result = {
      resources: { created: 0, updated: 1, deleted: 0, replaced: 0, unchanged: 0 },
      ...{ resourceCount: 1, stateVersion: 1, repaired: [] },
    };
    if (failed) {
      const error = {
        class: 'resource',
        code: 'RESOURCE_UPDATE_FAILED',
        message: 'on purpose',
        retryable: false,
      } as const;
      return { ...result, success: false, outputs: {}, error };
    }
    return {
      ...result,
      success: true,
      outputs: {
        size: { value: Number(own('size')), secret: false },
        out: { value: digest([own('label'), own('size')]), secret: false },
        info: { value: { part: digest(own('options')), word }, secret: false },
        hidden: { value: digest(own('password')), secret: true },
      },
    };
  }
}

/** One deploy of the world as it is now, from the stored documents to the instances: the product's own code but for storage. */
export async function deploy(world: World, code: CodeOnDisk): Promise<readonly StackRunRecord[]> {
  const clock = new StillClock();
  const queries = new StaticCloudQueries({
    parameters: async () => ({ ssm: world.ssm, secrets: world.secrets }),
    inventory: async () => ({ resources: [] }),
  });
  const surroundings = new RunSurroundings('sandbox', new SecretBox(Buffer.alloc(32, 7)));
  const engine = new ModelEngine(clock, world);
  const service = new OrchestratorService(engine, queries, clock, new RandomIds(), surroundings);
  const journal = new RecordingJournal();
  const report = await service.run(requestOf(world, code), journal, new AbortController().signal);
  for (const [stack, change] of journal.instances) {
    const before = world.instances.get(stack);
    if (!before) throw new RangeError(stack);
    const { duration: _, bumpVersion, ...fields } = instanceChange(change, 'bench', clock.now());
    world.instances.set(stack, { ...before, ...fields, stackVersion: before.stackVersion + (bumpVersion ? 1 : 0) });
  }
  for (const [stack, values] of journal.sticky) world.sticky.set(stack, { ...world.sticky.get(stack), ...values });
  return Object.values(report.state.stacks);
}

function requestOf(world: World, code: CodeOnDisk): RunRequest {
  const stacks = {
    template: (name: string) => world.templates.get(name),
    templates: () => world.templates,
    source: (name: string) => code.sourceOf(name),
  };
  const unread = undefined as never; // composing reads no storage
  const builder = new RunRequestBuilder(
    { runtimeEnv: world.processEnv } as unknown as Config,
    stacks as unknown as StacksService,
    ...([unread, unread, unread, unread, unread] as const),
  );
  const accepted = anOperation([], { ...KEY, overrides: world.overrides, state: null });
  const options = { continueOnError: true, rollbackOnError: false, force: world.force, smartSkip: !world.force };
  const operation = { ...accepted, parameters: { ...accepted.parameters, ...options } };
  return builder.compose(operation, basisOf(world), 1);
}

function basisOf(world: World): RunBasis {
  const { id, org, project, pulumiOrg, domain } = world.manifest.deployment;
  return {
    deployment: {
      deploymentId: id,
      organization: org,
      project,
      projectSlug: project,
      pulumiOrg,
      domain,
    } as RunBasis['deployment'],
    manifest: world.manifest,
    environment: {
      ...KEY,
      environment: ENVIRONMENT,
      account: world.account,
      region: world.region,
      version: 0,
    } as RunBasis['environment'],
    instances: [...world.instances.values()],
    sticky: Object.fromEntries(world.sticky),
  };
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12);
}
