import { defaultStacks } from '../../../test/factories/default-graph.js';
import {
  afterwards,
  type Played,
  SandboxRunRig,
  type Thing,
  topicOf,
  withPrograms,
} from '../../../test/fakes/sandbox-run-rig.js';
import { StackGraph } from './graph.js';
import type { RunOptions, RunStack } from './run-request.js';

/**
 * Failure policy and rollback (deployments.md 7.6, 7.9) with a failure at every stack of the default graph: the real run, the
 * real embedded engine with small programs, the sandbox cloud. After every run the account must be what the states say, byte for
 * byte, whatever happened.
 */
const GRAPH = defaultStacks();
const NAMES = GRAPH.map(({ name }) => name);
const graph = new StackGraph(GRAPH);

// 80 runs, each program of each a process of its own.
jest.setTimeout(600_000);

describe('a failure at every stack of the default graph', () => {
  let rig: SandboxRunRig;
  /** All of it deployed, to be copied. */
  let standing: RunStack[];
  beforeAll(async () => {
    rig = new SandboxRunRig();
    const { report, journal } = await rig.run('standing', withPrograms(GRAPH), {});
    expect(report.outcome).toBe('success');
    standing = afterwards(withPrograms(GRAPH), journal);
  });
  afterAll(() => rig.close());

  /** All of it stands; `changed` are given new values, and the topic of the failing one, its second resource, refuses them. */
  const update = async (
    policy: string,
    failing: string,
    changed: readonly string[],
    options: Partial<RunOptions>,
    isCritical = true,
  ): Promise<Cell> => {
    const tenant = `${policy}-${failing}`;
    await rig.copy('standing', tenant, GRAPH);
    await rig.fail(tenant, 'update', topicOf(failing));
    const before = await rig.account(tenant);
    const stacks = withPrograms(GRAPH, Object.fromEntries([...changed, failing].map((name) => [name, 2])));
    const now = stacks.map((stack, index) => ({
      ...stack,
      critical: isCritical || stack.name !== failing,
      instance: standing[index]?.instance ?? stack.instance,
    }));
    return ended(tenant, failing, before, await rig.run(tenant, now, options));
  };
  const ended = async (tenant: string, failing: string, before: Thing[], played: Played): Promise<Cell> => {
    expectReasons(played, failing);
    const account = await rig.account(tenant);
    const recorded = await rig.recorded(tenant, GRAPH);
    expect(account).toEqual(recorded);
    expect(JSON.stringify(account)).toBe(JSON.stringify(recorded));
    return { ...played, before, account };
  };

  it.each(NAMES)('%s fails, the run stops and is not rolled back: what ran stays', async (failing) => {
    const cell = await update('stop', failing, siblingsOf(failing), { rollbackOnError: false });
    const { report, journal, account } = cell;
    expect(report).toMatchObject({ outcome: 'failed', phase: 'failed', rolledBack: false, rollbackAvailable: true });
    for (const name of others(failing)) {
      const { status, skipReason } = recordOf(cell, name);
      const mayBe = siblingsOf(failing).includes(name) ? ['deployed', 'run_stopped'] : ['unchanged', 'run_stopped'];
      expect(mayBe).toContain(skipReason ?? status);
      expect(sizeOf(account, name)).toBe(status === 'deployed' ? '2' : '1');
      if (graph.allDependenciesOf(failing).has(name)) expect(skipReason).toBe('unchanged');
    }
    expect(endOf(journal)).toEqual({ type: 'deployment_failed', stack: failing, rollback: 'offered' });
  });

  it.each(NAMES)('%s fails with continueOnError: all that do not need it finish', async (failing) => {
    const cell = await update('continue', failing, siblingsOf(failing), {
      continueOnError: true,
      rollbackOnError: false,
    });
    expect(cell.report).toMatchObject({ outcome: 'failed', phase: 'failed', rolledBack: false });
    expectOthersFinished(cell, failing);
    expect(endOf(cell.journal)).toEqual({ type: 'deployment_failed', stack: failing, rollback: 'offered' });
  });

  it.each(NAMES)(
    '%s fails but is not critical: the rest finishes, the run succeeds with a warning',
    async (failing) => {
      const cell = await update('optional', failing, siblingsOf(failing), {}, false);
      expect(cell.report).toMatchObject({ outcome: 'success', phase: 'deployed', rolledBack: false });
      expect(cell.report.error).toBeUndefined();
      expect(cell.report.warnings).toEqual([expect.objectContaining({ stack: failing })]);
      expectOthersFinished(cell, failing);
      expect(cell.journal.events.at(-1)).toMatchObject({ type: 'deployment_complete', data: { status: 'partial' } });
    },
  );

  it.each(NAMES)('%s fails in an update: the rollback gives back exactly what stood before', async (failing) => {
    const needed = [...graph.allDependenciesOf(failing)];
    const { report, before, account } = await update('update', failing, needed, {});
    expect(report).toMatchObject({ outcome: 'failed', phase: 'rolled_back', rolledBack: true });
    expect([...(report.state.rollback?.done ?? [])].sort()).toEqual([...needed, failing].sort());
    expect(before).toHaveLength(2 * NAMES.length);
    expect(JSON.stringify(account)).toBe(JSON.stringify(before));
  });

  it.each(NAMES)('%s fails in a first run: the rollback leaves nothing of it', async (failing) => {
    const tenant = `first-${failing}`;
    await rig.fail(tenant, 'create', topicOf(failing));
    const cell = await ended(tenant, failing, [], await rig.run(tenant, withPrograms(GRAPH), {}));
    const { report, journal, account } = cell;
    expect(report).toMatchObject({ outcome: 'failed', phase: 'rolled_back', rolledBack: true });
    expect(account).toEqual([]);
    const touched = report.state.rollback?.stacks ?? [];
    expect(touched).toContain(failing);
    expect([...touched].sort()).toEqual(NAMES.filter((name) => recordOf(cell, name).startedAt !== undefined).sort());
    expect(report.state.rollback?.done).toEqual(touched);
    expect(stacksOf(journal, 'stack_rolled_back')).toEqual(touched);
    for (const [at, name] of touched.entries()) {
      expect(touched.slice(at).filter((later) => graph.allDependentsOf(name).has(later))).toEqual([]);
    }
    expect(journal.events.at(-1)).toMatchObject({ type: 'rollback_complete', data: { status: 'rolled_back' } });
  });
});

interface Cell extends Played {
  readonly before: readonly Thing[];
  readonly account: readonly Thing[];
}

function expectOthersFinished(cell: Cell, failing: string): void {
  const siblings = siblingsOf(failing);
  for (const name of others(failing)) {
    const { status, skipReason } = recordOf(cell, name);
    expect({ name, end: skipReason ?? status }).toEqual({
      name,
      end: siblings.includes(name) ? 'deployed' : 'unchanged',
    });
    expect(sizeOf(cell.account, name)).toBe(siblings.includes(name) ? '2' : '1');
  }
}

/** What every policy has in common: the culprit says why, its dependents name it and nobody else is blamed. */
function expectReasons({ report, journal }: Played, failing: string): void {
  const failed = journal.events.find(({ type }) => type === 'stack_failed');
  expect(failed?.data).toMatchObject({
    stack: failing,
    resource: { name: topicOf(failing) },
    error: {
      code: 'SERVICE_LIMIT_EXCEEDED',
      message: expect.stringContaining(`No more of ${topicOf(failing)}`) as string,
    },
  });
  expect(stacksOf(journal, 'stack_failed')).toEqual([failing]);
  expect(report.state.stacks[failing]?.error).toMatchObject({ class: 'limit', cloudCode: 'LimitExceededException' });
  if (report.error) expect(report.error).toMatchObject({ stack: failing, code: 'SERVICE_LIMIT_EXCEEDED' });
  for (const name of graph.allDependentsOf(failing)) {
    expect(report.state.stacks[name]).toMatchObject({
      status: 'skipped',
      skipReason: 'dependency_failed',
      culprit: failing,
    });
    const told = journal.events.find(
      ({ type, data }) => type === 'stack_skipped' && (data as { stack: string }).stack === name,
    );
    expect(told?.data).toMatchObject({ reason: 'dependency_failed', culprit: failing });
  }
}

/** Neither the failing stack nor one that needs it. */
function others(failing: string): string[] {
  return NAMES.filter((name) => name !== failing && !graph.allDependentsOf(failing).has(name));
}

function recordOf({ report }: Played, name: string) {
  const record = report.state.stacks[name];
  if (!record) throw new RangeError(name);
  return record;
}

/** Stacks of its layer. */
function siblingsOf(failing: string): string[] {
  const layer = graph.layers.find((names) => names.includes(failing)) ?? [];
  return layer.filter((name) => name !== failing);
}

/** Which of its values the stack stands with in the account. */
function sizeOf(account: readonly Thing[], name: string): unknown {
  const topic = account.find(({ urn }) => urn.endsWith(`::${topicOf(name)}`));
  return String((topic?.properties as { displayName?: string } | undefined)?.displayName)
    .split(' ')
    .at(-1);
}

/** Stacks of the events of this type, in order. */
function stacksOf(journal: Played['journal'], type: string): string[] {
  return journal.events.filter((event) => event.type === type).map(({ data }) => (data as { stack: string }).stack);
}

function endOf(journal: Played['journal']): unknown {
  const { type, data } = journal.events.at(-1) ?? {};
  const { stack, rollback } = (data ?? {}) as { stack?: string; rollback?: string };
  return { type, stack, rollback };
}
