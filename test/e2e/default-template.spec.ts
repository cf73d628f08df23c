import { stackTemplate } from '../../stacks/testing/template-config.js';
import { DefaultStory, expectedCounts, expectedTotals, names, STACKS } from './default-story.js';

// Sixteen programs in up to five runs: minutes where others want the cores too.
jest.setTimeout(900_000);

/** A change as people make it: a few settings of a few stacks, nothing that is replaced. */
const UPDATE: Readonly<Record<string, object>> = {
  dns: { defaultTtl: 600 },
  network: { logRetentionDays: 30 },
  'compute-lambda': { dataProcessorMemory: 640 },
  monitoring: { cpuThreshold: 70 },
};
const UPDATED = Object.keys(UPDATE).sort();
const OTHERS = STACKS.filter((stack) => !UPDATED.includes(stack));

/** What the update changes in the account: type, property, before, after. */
const SEEN = [
  ['aws:route53/record:Record', 'ttl', 300, 600],
  ['aws:cloudwatch/logGroup:LogGroup', 'retentionInDays', 7, 30],
  ['aws:lambda/function:Function', 'memorySize', 1024, 640],
] as const;

describe('the default template in dev', () => {
  let story: DefaultStory;
  let ids: string[];
  beforeAll(async () => {
    story = await DefaultStory.start();
  });
  afterAll(() => story.test.stop());

  const idsNow = async (): Promise<string[]> =>
    (await story.account('dev')).map(({ type, id, urn }) => `${type} ${id} ${urn}`).sort();
  const hasValue = async (type: string, property: string, value: unknown): Promise<boolean> =>
    (await story.account('dev')).some((one) => one.type === type && one.properties[property] === value);

  it('deploys its sixteen stacks, as many resources of each type as the table says', async () => {
    const { start, end } = await story.run('deploy', 'dev');
    expect(start).toMatchObject({ engine: 'embedded', cloud: 'sandbox' });
    expect(names(start['stacksToDeploy'])).toEqual(STACKS);
    expect(end).toMatchObject({ status: 'success', phase: 'deployed', error: null, warnings: [] });
    expect(names(end['completedStacks'])).toEqual(STACKS);
    expect(await story.counts('dev')).toEqual(expectedCounts('dev'));
    expect(await story.recorded('dev')).toEqual(expectedTotals('dev'));
    await expectOrder(story, String(start['operationId']), 'stack_deployed', (stack, needed) => [needed, stack]);
    ids = await idsNow();
  });

  it('skips all sixteen when nothing has changed and says why for each', async () => {
    const { start, end } = await story.run('deploy', 'dev');
    expect(names(start['stacksSkipped'])).toEqual(STACKS);
    for (const stack of start['stacksSkipped'] as { reason: string; explanation: string[] }[]) {
      expect(stack.reason).toBe('unchanged');
      expect(stack.explanation.join(' ')).not.toBe('');
    }
    expect(end).toMatchObject({ status: 'success', progress: { percentage: 100, skippedStacks: STACKS.length } });
    expect(await idsNow()).toEqual(ids);
  });

  it('runs the stacks whose settings change, in place, and no other', async () => {
    await story.edit(UPDATE);
    const { start, end } = await story.run('deploy', 'dev');
    const planned = start['stacksToDeploy'] as { name: string; action: string; reasons: string[] }[];
    const sure = planned.filter(({ action }) => action === 'deploy');
    expect(names(sure)).toEqual(UPDATED);
    for (const { reasons } of sure) expect(reasons).toEqual(['config_changed']);
    expect(end).toMatchObject({ status: 'success', phase: 'deployed', error: null });
    expect(names(end['completedStacks'])).toEqual(UPDATED);
    expect(names(end['skippedStacks'])).toEqual(OTHERS);
    for (const [type, property, , after] of SEEN)
      expect([type, await hasValue(type, property, after)]).toEqual([type, true]);
    expect(await idsNow()).toEqual(ids);
  });

  it('goes back to version 1', async () => {
    const { start, end } = await story.run('rollback', 'dev', { toVersion: 1 });
    expect(start).toMatchObject({ fromVersion: 2, toVersion: 1, irreversible: [] });
    expect(end).toMatchObject({ status: 'success', phase: 'rolled_back', error: null });
    // those that read their outputs find them unchanged
    expect(names(end['completedStacks'])).toEqual(UPDATED);
    expect(names(end['skippedStacks'])).toEqual(OTHERS);
    for (const [type, property, before, after] of SEEN) {
      expect([type, await hasValue(type, property, after)]).toEqual([type, false]);
      expect([type, await hasValue(type, property, before)]).toEqual([type, true]);
    }
    expect(await idsNow()).toEqual(ids);
    expect(await story.recorded('dev')).toEqual(expectedTotals('dev'));
  });

  it('destroys everything in reverse order', async () => {
    const { start, end } = await story.run('destroy', 'dev', { confirm: true });
    expect(start).toMatchObject({ liftProtection: [] });
    expect(end).toMatchObject({ status: 'success', phase: 'destroyed', error: null });
    await expectOrder(story, String(start['operationId']), 'stack_destroyed', (stack, needed) => [stack, needed]);
    expect(await story.account('dev')).toEqual([]);
    expect(await story.recorded('dev')).toEqual(Object.fromEntries(STACKS.map((stack) => [stack, 0])));
  });
});

/** Every stack has told its end once, and each pair in the order that `pair` gives for a stack and one that it needs. */
async function expectOrder(
  story: DefaultStory,
  operationId: string,
  type: string,
  pair: (stack: string, needed: string) => readonly [string, string],
): Promise<void> {
  const path = `/api/v1/deployments/${story.id}/events?operationId=${operationId}&type=${type}&limit=1000`;
  const { events } = (await story.test.get(path)).body.data as unknown as { events: { data: { stack: string } }[] };
  const order = events.map(({ data }) => data.stack);
  expect([...order].sort()).toEqual(STACKS);
  for (const stack of STACKS) {
    const { dependencies, optionalDependencies } = stackTemplate(stack);
    for (const needed of [...dependencies, ...optionalDependencies]) {
      const [first, second] = pair(stack, needed);
      expect([first, second, order.indexOf(first) < order.indexOf(second)]).toEqual([first, second, true]);
    }
  }
}
