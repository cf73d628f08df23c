import { RecordingJournal } from '../../../test/fakes/recording-journal.js';
import { OrchestratorRig } from '../../../test/fakes/orchestrator-rig.js';
import { defaultStacks } from '../../../test/factories/default-graph.js';
import { aDeployedInstance, aRunRequest, stacksOf } from '../../../test/factories/run-request.js';
import type { StackScript } from '../../../test/fakes/scripted-engine.js';
import type { RunChecks } from './run.js';
import type { RunOptions, RunRequest, RunStack } from './run-request.js';
import { RunStop } from './run-stop.js';
import { stackError } from './stack-errors.js';

const GRAPH = { dns: [], network: [], security: ['network'], secrets: ['security'] };
const QUIET = ['deployment_progress', 'stack_progress', 'log', 'operation_resumed'] as const;

interface Story {
  readonly name: string;
  readonly scripts: () => Record<string, StackScript>;
  readonly stacks: RunStack[];
  readonly options?: Partial<RunOptions>;
  readonly fields?: Partial<RunRequest>;
  readonly checks?: Partial<RunChecks>;
}

const there = { instance: aDeployedInstance({ dependencies: [] }) };
const drifted = { instance: aDeployedInstance({ dependencies: [], driftDetected: true }) };
const sticky = { config: { key: '{{RUNTIME:calculate:uuid}}', vpc: '{{RUNTIME:network:id}}' } };
const STORIES: Story[] = [
  { name: 'a deploy', scripts: () => ({}), stacks: stacksOf(GRAPH, { security: sticky }) },
  {
    name: 'a failing deploy with rollback',
    scripts: () => ({ secrets: { failUp: { 1: 'resource', 2: 'resource' } } }),
    stacks: stacksOf(GRAPH, { network: there }),
  },
  {
    name: 'a failing deploy without rollback',
    scripts: () => ({ security: { failUp: { 1: 'resource', 2: 'resource' } } }),
    stacks: stacksOf({ ...GRAPH, other: ['dns'] }),
    options: { rollbackOnError: false, continueOnError: true },
  },
  {
    name: 'a destroy',
    scripts: () => ({}),
    stacks: stacksOf(GRAPH, {
      dns: there,
      network: { instance: aDeployedInstance({ lastConfig: { values: { protectStateful: true }, secretKeys: [] } }) },
      security: { instance: aDeployedInstance({ dependencies: ['network'] }) },
    }),
    options: { destructiveConfirmed: true },
    fields: { type: 'destroy' },
  },
  {
    name: 'a manual rollback',
    scripts: () => ({}),
    stacks: stacksOf(GRAPH, { dns: there, network: there, security: there, secrets: there }),
    fields: {
      type: 'rollback',
      rollbackTo: { version: 1, deploy: { network: { values: {}, secretKeys: [] } }, destroy: ['security', 'secrets'] },
    },
  },
  {
    name: 'a deploy of the default template after checks, with a stack that is skipped and one that may fail',
    scripts: () => ({ storage: { failUp: { 1: 'resource', 2: 'resource' } } }),
    stacks: defaultStacks().map((stack) => ({
      ...stack,
      critical: stack.name !== 'storage',
      skipManually: stack.name === 'dns',
    })),
    checks: { before: async () => ({ errors: 0, warnings: 1 }) },
  },
  {
    name: 'a deploy that its checks refuse',
    scripts: () => ({}),
    stacks: stacksOf(GRAPH),
    checks: {
      before: async () => ({ errors: 1, warnings: 0, error: stackError('validation', 'MANIFEST_INVALID', 'no') }),
    },
  },
  ...(['refresh', 'drift-fix', 'drift-detect'] as const).map((type) => ({
    name: `a ${type}`,
    scripts: () => ({
      network: { drift: { main: { repair: 'update' as const, properties: [] } }, planned: { updated: 1 } },
      secrets: { planned: { updated: 1 } },
    }),
    stacks: stacksOf(GRAPH, { network: drifted, security: there, secrets: drifted }),
    fields: { type },
  })),
];

/** What counts at the end: where everything stands, and each stack's events once and in order. */
function endOf(rig: OrchestratorRig): unknown {
  const { stacks, rollback } = rig.journal.state ?? { stacks: {} };
  const lines = rig.journal.lines([...QUIET]).filter((line) => !line.startsWith('resource_'));
  return {
    stacks: Object.fromEntries(Object.values(stacks).map((each) => [each.name, [each.status, each.skipReason]])),
    instances: Object.fromEntries([...rig.journal.instances].map(([name, change]) => [name, change.kind])),
    rollback: rollback && [rollback.done, rollback.failed],
    engine: [...rig.engine.states.keys()].sort(),
    outcome: [rig.journal.report?.outcome, rig.journal.report?.phase],
    byStack: Object.fromEntries(
      Object.keys(stacks).map((name) => [name, lines.filter((line) => line.split(' ')[1] === name)]),
    ),
    once: lines.filter((line) => !line.includes(' ')).sort(),
  };
}

async function kill(story: Story, at: number, isStored: boolean): Promise<{ rig: OrchestratorRig; died: boolean }> {
  const rig = new OrchestratorRig(story.scripts());
  rig.journal = new RecordingJournal(at, isStored);
  const request = aRunRequest(story.stacks, story.options, story.fields);
  try {
    await rig.run(request, undefined, story.checks);
    return { rig, died: false };
  } catch {
    await rig.clock.sleep(100_000); // what the dead process had under way in the cloud has ended
  }
  rig.journal.revive();
  if (rig.journal.report) return { rig, died: true }; // it died after its last entry: there is nothing to continue
  const stacks = request.stacks.map((stack) => ({
    ...stack,
    sticky: rig.journal.sticky.get(stack.name) ?? stack.sticky,
  }));
  const state = rig.journal.state;
  const again = { ...request, stacks, fence: 2, previousHolder: 'host-1', ...(state ? { resume: state } : {}) };
  await rig.run(again, undefined, story.checks);
  return { rig, died: true };
}

describe('a run whose process died (deployments.md 7.13, RUN_RECOVERY=resume)', () => {
  describe.each(STORIES)('$name', (story) => {
    it.each([
      ['before the entry is stored', false],
      ['after it is stored', true],
    ])('ends as if nothing had happened, killed at every journal entry, %s', async (_when, isStored) => {
      const undisturbed = endOf((await kill(story, 0, false)).rig);
      for (let at = 1; ; at++) {
        const { rig, died } = await kill(story, at, isStored);
        if (!died) {
          expect(at).toBeGreaterThan(story.checks || story.fields ? 2 : 6);
          return;
        }
        expect({ at, end: endOf(rig) }).toEqual({ at, end: undisturbed });
        expect(rig.engine.overlaps).toEqual([]);
      }
    });
  });

  it('keeps finished stacks, reads the cloud before the one that was running, and says who had it before', async () => {
    const story = STORIES[0] as Story;
    const probe = new OrchestratorRig();
    await probe.run(aRunRequest(story.stacks));
    const at = probe.journal.entries.findIndex((entry) =>
      entry.stacks?.some((each) => each.name === 'secrets' && each.status === 'deploying'),
    );
    const { rig } = await kill(story, at + 1, true);
    const resumed = rig.journal.events.find((event) => event.type === 'operation_resumed');
    expect(resumed?.data).toEqual({ stack: 'secrets', stacks: ['secrets'], previousHolder: 'host-1' });
    expect(rig.engine.log.filter((line) => line === 'up network')).toHaveLength(1);
    expect(rig.engine.calls.at(-1)).toMatchObject({ verb: 'up', stack: 'secrets', refresh: true });
    expect(rig.journal.report?.state.stacks['secrets']?.attempt).toBe(2);
  });

  it('uses a sticky value that the dead process had stored', async () => {
    const story = STORIES[0] as Story;
    const probe = new OrchestratorRig();
    await probe.run(aRunRequest(story.stacks));
    const at = probe.journal.entries.findIndex((entry) => entry.sticky) + 1;
    const { rig } = await kill(story, at, true);
    const used = rig.engine.calls
      .filter((call) => call.stack === 'security')
      .map((call) => call.config['security:key']);
    expect(new Set(used)).toEqual(new Set(Object.values(rig.journal.sticky.get('security') ?? {})));
  });

  it('never updates a stack again whose destroy had begun, even when it was protected', async () => {
    const { rig } = await kill(STORIES[3] as Story, 0, false);
    const entries = rig.journal.entries.findIndex((entry) =>
      entry.stacks?.some((each) => each.name === 'network' && each.status === 'destroying'),
    );
    const again = await kill(STORIES[3] as Story, entries + 1, true);
    const calls = again.rig.engine.log.filter((line) => line.endsWith('network'));
    expect(calls).toEqual(['up network', 'destroy network']);
  });

  it('settles the stack that was running when the operation was cancelled meanwhile', async () => {
    const rig = new OrchestratorRig();
    const stacks = stacksOf(GRAPH);
    rig.journal = new RecordingJournal(2, true);
    await expect(rig.run(aRunRequest(stacks))).rejects.toThrow('killed');
    rig.journal.revive();
    const signal = AbortSignal.abort(new RunStop('cancelled', 'ops@acme.test'));
    const state = rig.journal.state;
    const running = Object.values(state?.stacks ?? {})
      .filter((each) => each.status === 'deploying')
      .map((each) => each.name);
    expect(running).toEqual(['dns', 'network']);
    const report = await rig.run({ ...aRunRequest(stacks), ...(state ? { resume: state } : {}) }, signal);
    expect(report.outcome).toBe('cancelled');
    expect(report.state.stacks).toMatchObject({
      dns: { status: 'failed', error: { class: 'cancelled' } },
      secrets: { status: 'skipped', skipReason: 'cancelled' },
    });
    expect(rig.engine.log.slice(-2)).toEqual(['refresh dns', 'refresh network']);
  });
});
