import { RecordingJournal } from '../../../test/fakes/recording-journal.js';
import { VirtualClock } from '../../../test/fakes/virtual-clock.js';
import { aRunRequest, stacksOf } from '../../../test/factories/run-request.js';
import { stackPercent } from './progress.js';
import { Reporter } from './reporter.js';
import { NO_RESOURCES, resourceSink } from './resource-tally.js';
import { runNodes } from './run-nodes.js';
import type { StackRunRecord } from './run-request.js';
import { DEFAULT_RUN_SETTINGS } from './run-settings.js';

const record = (name: string, layer: number): StackRunRecord => ({
  name,
  layer,
  status: 'pending',
  action: 'deploy',
  reasons: [],
  explanation: [],
  attempt: 0,
  estimateSeconds: 100,
  progressPercent: 0,
  resources: NO_RESOURCES,
});

function rig(journal = new RecordingJournal()) {
  const clock = new VirtualClock();
  const broken: unknown[] = [];
  const request = aRunRequest(stacksOf({ a: [], b: [], c: ['a'] }, { a: { estimateSeconds: 100 } }), { parallel: 1 });
  const parts = { request, graph: runNodes(request), journal, clock, settings: DEFAULT_RUN_SETTINGS };
  const stacks = { a: record('a', 1), b: record('b', 1), c: record('c', 2) };
  const state = { phase: 'deploying', stacks, totalLayers: 2, startedAt: clock.now() } as const;
  const reporter = new Reporter({ ...parts, onBroken: (error) => broken.push(error) }, state);
  const running = (name: 'a' | 'b' | 'c') =>
    ({ ...reporter.record(name), status: 'deploying', startedAt: clock.now() }) as const;
  return { clock, journal, reporter, broken, running };
}

const log = (reporter: Reporter, message: string) =>
  reporter.event('log', { stack: 'a', stackName: 'a', level: 'info', message, context: {} });

describe('the reporter', () => {
  it('writes one entry at a time; what happens meanwhile shares the next one, in order', async () => {
    const clock = new VirtualClock();
    const { reporter, journal } = rig(new RecordingJournal(0, false, undefined, () => clock.sleep(50)));
    const first = reporter.commit({ phase: 'deploying', events: [log(reporter, '1')] });
    await clock.sleep(10);
    reporter.apply({ events: [log(reporter, '2')] });
    reporter.tell(reporter.record('a'), [log(reporter, '3')]);
    const second = reporter.commit({ events: [log(reporter, '4')] });
    await Promise.all([first, second]);
    const messages = journal.entries.map((entry) =>
      entry.events.map((event) => (event.data as { message: string }).message),
    );
    expect(messages).toEqual([['1'], ['2', '3', '4']]);
  });

  it('lets resource events wait for company and derives one stack_progress of them', async () => {
    const { reporter, journal, clock, running } = rig();
    await reporter.commit({ records: [running('a')] });
    const sink = resourceSink(reporter, 'a', 4, ['s3cret-text']);
    const urn = (name: string) => ({ urn: `urn:${name}`, type: 'aws:ec2/vpc:Vpc', name });
    sink({ kind: 'resource_started', action: 'create', ...urn('x') });
    await clock.sleep(20);
    sink({ kind: 'resource_done', action: 'create', ...urn('x'), id: 'vpc-1', durationMs: 1500 });
    sink({ kind: 'resource_done', action: 'same', ...urn('y'), durationMs: 0 });
    sink({ kind: 'log', level: 'info', message: 'uses s3cret-text' });
    sink({ kind: 'log', level: 'debug', message: 'noise' });
    await clock.sleep(200);
    expect(journal.entries).toHaveLength(2);
    expect(journal.entries[1]?.events.map((event) => event.type)).toEqual([
      'resource_creating',
      'resource_created',
      'log',
      'stack_progress',
    ]);
    expect(journal.entries[1]?.events[1]?.data).toMatchObject({ durationSeconds: 1.5, resource: { id: 'vpc-1' } });
    expect(journal.entries[1]?.events[2]?.data).toMatchObject({ message: 'uses ***' });
    expect(journal.entries[1]?.events[3]?.data).toMatchObject({
      progressPercent: 50,
      resourcesProcessed: 2,
      resourcesTotal: 4,
    });
    expect(journal.state?.stacks['a']?.resources).toMatchObject({ total: 4, processed: 2, created: 1 });
  });

  it('gathers resource events anew after an entry, unless a state change takes them along', async () => {
    const clock = new VirtualClock();
    const { reporter, journal } = rig(new RecordingJournal(0, false, undefined, () => clock.sleep(50)));
    const tell = (message: string): void => reporter.tell(reporter.record('a'), [log(reporter, message)]);
    const first = reporter.commit({ events: [log(reporter, '1')] });
    await clock.sleep(10);
    tell('2'); // while the first entry is written
    await first;
    await clock.sleep(60);
    tell('3');
    await clock.sleep(200);
    tell('4');
    await reporter.commit({ events: [log(reporter, '5')] });
    const messages = journal.entries.map((entry) =>
      entry.events.map((event) => (event.data as { message: string }).message),
    );
    expect(messages).toEqual([['1'], ['2', '3'], ['4', '5']]);
  });

  it('is broken by a failed write: everybody who waits is told, nothing more is written', async () => {
    const stale = new TypeError('stale');
    const { reporter, journal, broken } = rig(new RecordingJournal(2, false, stale));
    await reporter.commit({ events: [log(reporter, '1')] });
    const waiting = [reporter.commit({ events: [log(reporter, '2')] }), reporter.commit({})];
    for (const each of waiting) await expect(each).rejects.toBe(stale);
    await expect(reporter.commit({})).rejects.toBe(stale);
    reporter.apply({ events: [log(reporter, '3')] });
    expect([journal.entries.length, broken]).toEqual([1, [stale]]);
  });

  it('tells progress and time left (api.md 5.6): never less than a tenth of a running estimate', async () => {
    const { reporter, journal, clock, running } = rig();
    reporter.move({ records: [running('a')] });
    await clock.sleep(30_000);
    reporter.move({ records: [{ ...reporter.record('b'), status: 'skipped', skipReason: 'unchanged' }] });
    await reporter.commit();
    expect(journal.events.at(-1)?.data).toEqual({
      progressPercent: 33,
      totalStacks: 3,
      deployedStacks: 0,
      failedStacks: 0,
      skippedStacks: 1,
      currentLayer: 1,
      currentStack: 'a',
      estimatedTimeRemaining: 170,
    });
    await clock.sleep(300_000);
    reporter.tick();
    await reporter.commit();
    expect(journal.events.at(-1)?.data).toMatchObject({ estimatedTimeRemaining: 110 });
  });

  it.each([
    [0, 0, 50],
    [0, 10, 1],
    [5, 10, 50],
    [10, 10, 99],
    [1, 3, 33],
  ])('%i of %i resources are %i %%', (processed, total, percent) =>
    expect(stackPercent(processed, total)).toBe(percent),
  );
});
