/**
 * A run survives the death of its server at any point (deployments.md 7.13). The built server runs as a process of its own
 * and is killed as soon as something has been stored; another start on the same database and data folder takes the run over.
 */
import type { Body } from './app.harness.js';
import { at, CrashRig, MINIMAL_RESOURCES, type Point } from './crash-rig.js';

/** Kill points of a cycle of deploy and destroy, in the order of the run. */
const POINTS: readonly { readonly name: string; readonly deploy: Point; readonly destroy: Point }[] = [
  { name: 'is accepted', deploy: at.accepted, destroy: at.accepted },
  { name: 'is claimed', deploy: at.begun, destroy: at.begun },
  { name: 'has told its start', deploy: at.event('deployment_started'), destroy: at.event('destroy_started') },
  { name: 'has started its first stack', deploy: at.event('stack_deploying'), destroy: at.event('stack_destroying') },
  { name: 'changes a first resource', deploy: at.underWay, destroy: at.underWay },
  {
    name: 'has changed some resources',
    deploy: at.resources((count) => count >= 12),
    destroy: at.resources((count) => count <= MINIMAL_RESOURCES - 12),
  },
  {
    name: 'has changed most resources',
    deploy: at.resources((count) => count >= MINIMAL_RESOURCES - 8),
    destroy: at.resources((count) => count <= 8),
  },
  { name: 'has ended a stack', deploy: at.event('stack_deployed'), destroy: at.event('stack_destroyed') },
  { name: 'has ended a layer', deploy: at.event('layer_complete'), destroy: at.event('layer_complete') },
  {
    name: 'has started its last stack',
    deploy: at.event('stack_deploying', 3),
    destroy: at.event('stack_destroying', 3),
  },
  { name: 'has ended its last stack', deploy: at.event('stack_deployed', 3), destroy: at.event('stack_destroyed', 3) },
  { name: 'has told its end', deploy: at.event('deployment_complete'), destroy: at.event('destroy_complete') },
];
/** Further points between the first and the last event, as shares of a run's events; other ones each time. */
const RANDOM_POINTS = Array.from({ length: 4 }, () => Math.round(Math.random() * 1000) / 1000);

describe('a run whose server is killed', () => {
  let rig: CrashRig;
  let versions = 0;
  let eventsOfARun = 100;
  beforeAll(async () => {
    rig = await CrashRig.start();
  });
  afterAll(() => rig.close());

  const killedAt = async (verb: 'deploy' | 'destroy', point: Point): Promise<Body['data']> => {
    const operationId = await rig.begin(verb);
    await rig.reached(point, operationId);
    await rig.server.kill();
    await rig.restart();
    const end = await rig.ended(operationId);
    await expectWholeJournal(rig, operationId);
    versions += 1;
    expect(await rig.versions()).toHaveLength(versions);
    expect(await rig.inventory()).toEqual(await rig.recorded());
    return end;
  };
  const cycle = async (deploy: Point, destroy: Point): Promise<void> => {
    expect(await killedAt('deploy', deploy)).toMatchObject({ status: 'success', phase: 'deployed', error: null });
    expect(await rig.inventory()).toHaveLength(MINIMAL_RESOURCES);
    expect(await rig.resourceCount()).toBe(MINIMAL_RESOURCES);
    expect(await killedAt('destroy', destroy)).toMatchObject({ status: 'success', phase: 'destroyed', error: null });
    expect(await rig.inventory()).toEqual([]);
  };

  it.each(POINTS)('when it $name is continued and ends well', async ({ deploy, destroy }) => {
    await cycle(deploy, destroy);
    const last = await rig.db
      .collection('event_counters')
      .find({ _id: /^seq\/operation/ as never })
      .toArray();
    eventsOfARun = Math.min(...last.map(({ value }) => Number(value)));
  });

  it.each(RANDOM_POINTS)('when %d of its events are stored is continued and ends well', async (share) => {
    const point = at.events(Math.ceil(share * eventsOfARun));
    await cycle(point, point);
  });

  it.each([
    { name: 'has decided to', point: at.event('rollback_started') },
    { name: 'has begun to', point: at.event('stack_rolling_back') },
    { name: 'has removed some resources to', point: at.resources((count) => count > 0 && count < 30) },
    { name: 'has removed a stack to', point: at.event('stack_rolled_back') },
  ])('when it $name roll back a failure goes on rolling back', async ({ point }) => {
    const error = { code: 'LimitExceededException', message: 'You have reached the limit of keys' };
    await rig.setFaults([{ match: { type: 'aws:kms/key:Key' }, operation: 'create', nth: 2, times: 99, error }]);
    const afterFailure: Point = async (db, operationId) =>
      (await at.event('stack_failed')(db, operationId)) && (await point(db, operationId));
    const end = await killedAt('deploy', afterFailure);
    expect(end).toMatchObject({ status: 'failed', phase: 'rolled_back', rolledBack: true });
    expect(end['error']).toMatchObject({ code: 'SERVICE_LIMIT_EXCEEDED', stack: 'security' });
    expect(await rig.inventory()).toEqual([]);
    await rig.setFaults([]);
  });

  it('is continued by the next start when it was told to stop', async () => {
    const operationId = await rig.begin('deploy');
    await rig.reached(at.underWay, operationId);
    await rig.server.stop();
    await rig.restart();
    expect(await rig.ended(operationId)).toMatchObject({ status: 'success', phase: 'deployed', error: null });
    await expectWholeJournal(rig, operationId);
    expect(await rig.inventory()).toEqual(await rig.recorded());
    expect(await rig.inventory()).toHaveLength(MINIMAL_RESOURCES);
  });
});

/** Events are 1..n; every stack has started at most once and ended once, after its start. */
async function expectWholeJournal(rig: CrashRig, operationId: string): Promise<void> {
  const events = await rig.events(operationId);
  expect(events.map((event) => event['seq'])).toEqual(events.map((_, index) => index + 1));
  const of = (type: RegExp, stack: unknown): number[] =>
    events
      .filter((event) => type.test(String(event['type'])) && event['stack'] === stack)
      .map(({ seq }) => Number(seq));
  for (const stack of new Set(events.map((event) => event['stack']).filter((name) => name !== null))) {
    const started = of(/^stack_(deploying|destroying)$/, stack);
    const ended = of(/^stack_(deployed|destroyed|failed|skipped)$/, stack);
    expect({ stack, started: started.length, ended: ended.length }).toEqual({ stack, started: 1, ended: 1 });
    expect(Number(started[0])).toBeLessThan(Number(ended[0]));
  }
  const last = ['deployment_complete', 'destroy_complete', 'rollback_complete', 'deployment_failed'];
  expect(last).toContain(events.at(-1)?.['type']);
}
