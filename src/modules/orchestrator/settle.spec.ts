import { OrchestratorRig } from '../../../test/fakes/orchestrator-rig.js';
import { RecordingJournal } from '../../../test/fakes/recording-journal.js';
import type { StackScript } from '../../../test/fakes/scripted-engine.js';
import { aDeployedInstance, aRunRequest, stacksOf } from '../../../test/factories/run-request.js';
import { isRunning, isTerminal } from './progress.js';
import type { RunOptions, RunRequest, RunStack } from './run-request.js';

const GRAPH = { network: [], security: ['network'], secrets: ['security'] };
const there = Object.fromEntries(
  Object.entries(GRAPH).map(([name, dependencies]) => [name, { instance: aDeployedInstance({ dependencies }) }]),
);

interface Story {
  readonly name: string;
  readonly stacks: RunStack[];
  readonly scripts?: () => Record<string, StackScript>;
  readonly options?: Partial<RunOptions>;
  readonly fields?: Partial<RunRequest>;
}
const DEPLOY: Story = { name: 'a deploy', stacks: stacksOf(GRAPH) };
const STORIES: Story[] = [
  DEPLOY,
  {
    name: 'a deploy that rolls back',
    stacks: stacksOf(GRAPH, { network: there['network'] ?? {} }),
    scripts: () => ({ secrets: { failUp: { 1: 'resource' } } }),
  },
  {
    name: 'a destroy',
    stacks: stacksOf(GRAPH, there),
    fields: { type: 'destroy' },
  },
  {
    name: 'a manual rollback',
    stacks: stacksOf(GRAPH, there),
    fields: {
      type: 'rollback',
      rollbackTo: { version: 1, deploy: { network: { values: {}, secretKeys: [] } }, destroy: ['security', 'secrets'] },
    },
  },
];

interface Death {
  /** Number of the entry at which the process dies, from 1. */
  readonly at: number;
  /** Whether that entry is still stored. */
  readonly isStored: boolean;
  readonly scripts?: Record<string, StackScript>;
}

/** What the dead process had begun in the cloud ends. @returns null when it did not die */
async function killed(
  story: Story,
  { at, isStored, scripts = story.scripts?.() ?? {} }: Death,
): Promise<{ rig: OrchestratorRig; running: string[]; begun: string[]; acted: number } | null> {
  const rig = aRig(story, scripts);
  rig.journal = new RecordingJournal(at, isStored);
  const request = aRunRequest(story.stacks, story.options, story.fields);
  const died = await rig.run(request).then(
    () => false,
    () => true,
  );
  if (!died) return null;
  await rig.clock.sleep(100_000);
  rig.journal.revive();
  const state = rig.journal.state;
  const isOver = rig.journal.report !== null || Object.keys(state?.stacks ?? {}).length === 0;
  if (!state || isOver) return { rig, running: [], begun: [], acted: 0 };
  const running = Object.values(state.stacks)
    .filter(isRunning)
    .map(({ name }) => name);
  const before = rig.engine.calls.length;
  const begun = rig.engine.calls.map(({ stack }) => stack);
  await rig.run({ ...request, fence: 2, resume: state, isGivenUp: true });
  const acted = rig.engine.calls.slice(before).filter(({ verb }) => verb === 'up' || verb === 'destroy').length;
  return { rig, running, begun, acted };
}

function aRig(story: Story, scripts = story.scripts?.() ?? {}): OrchestratorRig {
  const rig = new OrchestratorRig(scripts);
  for (const { name, instance } of story.stacks)
    if (instance.status === 'deployed') rig.engine.states.set(name, { config: {}, outputs: instance.outputs });
  return rig;
}

/** The entry that would say that the stack has ended. */
async function endOf(story: Story, stack: string): Promise<number> {
  const rig = aRig(story);
  await rig.run(aRunRequest(story.stacks, story.options, story.fields));
  const index = rig.journal.entries.findIndex((entry) =>
    entry.stacks?.some((record) => record.name === stack && isTerminal(record)),
  );
  return index + 1;
}

describe('a run whose process died (deployments.md 7.13, RUN_RECOVERY=fail)', () => {
  it.each(STORIES.flatMap((story) => [true, false].map((isStored) => ({ ...story, isStored }))))(
    '$name ends without anything being done, killed at every entry (stored: $isStored)',
    async ({ isStored, ...story }) => {
      for (let at = 1; ; at++) {
        const end = await killed(story, { at, isStored });
        if (!end) {
          expect(at).toBeGreaterThan(4);
          return;
        }
        const { rig, running, begun, acted } = end;
        const { report } = rig.journal;
        expect({ at, acted }).toEqual({ at, acted: 0 });
        if (report?.error?.code !== 'ORCHESTRATOR_INTERRUPTED') continue; // it died before its first entry or after its last
        expect(report).toMatchObject({ outcome: 'failed', phase: 'failed', rolledBack: false });
        const records = Object.values(report.state.stacks);
        expect(records.filter((record) => !isTerminal(record))).toEqual([]);
        for (const name of running.filter((each) => !begun.includes(each)))
          expect({ at, name, status: report.state.stacks[name]?.status }).toEqual({ at, name, status: 'failed' });
        expect(rig.journal.events.at(-1)?.type).toMatch(/^(deployment|destroy)_failed$/);
      }
    },
  );

  it.each<[string, Story, string, string]>([
    ['deployed', DEPLOY, 'security', 'deployed'],
    ['destroyed', STORIES[2] as Story, 'security', 'destroyed'],
    ['rolled back', STORIES[3] as Story, 'network', 'deployed'],
  ])('counts a stack as %s when it had come to its end', async (status, story, stack, kind) => {
    const end = await killed(story, { at: await endOf(story, stack), isStored: false });
    const { report, instances } = (end as NonNullable<typeof end>).rig.journal;
    expect(end?.running).toEqual([stack]);
    expect(report?.state.stacks[stack]).toMatchObject({ status: status.replace(' ', '_') });
    expect(report).toMatchObject({ changed: true, error: { code: 'ORCHESTRATOR_INTERRUPTED' } });
    expect(instances.get(stack)?.kind).toBe(kind);
    const rest = Object.values(report?.state.stacks ?? {}).filter((record) => record.endedAt && record.skipReason);
    expect(rest.map(({ skipReason }) => skipReason)).toEqual(rest.map(() => 'run_stopped'));
    expect(rest).not.toEqual([]);
  });

  it.each<[string, Record<string, StackScript>, RegExp]>([
    ['has operations under way', { security: { underWay: 2 } }, /2 operations of it are under way/],
    ['lacks a declared output', { security: { outputs: () => ({}) } }, /has not exported id/],
    ['is not as its configuration wants it', { security: { planned: { updated: 1 } } }, /1 of its resources are not/],
  ])('counts a stack as interrupted when it %s', async (_what, scripts, why) => {
    const stacks = stacksOf(GRAPH, { security: { outputs: { id: { type: 'string', secret: false } } } });
    const story = { ...DEPLOY, stacks };
    const end = await killed(story, { at: await endOf(story, 'security'), isStored: false, scripts });
    const { report, instances } = (end as NonNullable<typeof end>).rig.journal;
    const { security, secrets } = report?.state.stacks ?? {};
    expect(security?.error).toMatchObject({ class: 'interrupted', code: 'ORCHESTRATOR_INTERRUPTED' });
    expect(security?.error?.message).toMatch(why);
    expect(secrets).toMatchObject({ status: 'skipped', skipReason: 'run_stopped' });
    expect(instances.get('security')?.kind).toBe('failed');
    expect(end?.acted).toBe(0);
  });
});
