/**
 * A run survives the death of its server at any point (deployments.md 7.13). The built server runs as a process of its own
 * and is killed as soon as something has been stored; another start on the same database and data folder takes the run over.
 */
import type { Body } from './app.harness.js';
import { at, CrashRig, expectWholeJournal, MINIMAL_RESOURCES, type Point } from './crash-rig.js';

interface Moment {
  readonly name: string;
  readonly point: Point;
}

/** Every kind of journal point of a deploy, in the order of the run. */
const DEPLOY: readonly Moment[] = [
  { name: 'is accepted', point: at.accepted },
  { name: 'is claimed', point: at.begun },
  { name: 'has told its start', point: at.event('deployment_started') },
  { name: 'has checked what it is to do', point: at.event('validation_complete') },
  { name: 'has started its first stack', point: at.event('stack_deploying') },
  { name: 'changes a first resource', point: at.underWay },
  { name: 'has made some resources', point: at.resources((count) => count >= 12) },
  { name: 'has made most resources', point: at.resources((count) => count >= MINIMAL_RESOURCES - 8) },
  { name: 'has ended a stack', point: at.event('stack_deployed') },
  { name: 'has ended a layer', point: at.event('layer_complete') },
  { name: 'has started its last stack', point: at.event('stack_deploying', 3) },
  { name: 'has ended its last stack', point: at.event('stack_deployed', 3) },
  { name: 'has told its end', point: at.event('deployment_complete') },
];
/** One for each destroy. */
const DESTROY: readonly Moment[] = [
  { name: 'has started its first stack', point: at.event('stack_destroying') },
  { name: 'has removed some resources', point: at.resources((count) => count <= MINIMAL_RESOURCES - 12) },
  { name: 'has ended a stack', point: at.event('stack_destroyed') },
  { name: 'has ended its last stack', point: at.event('stack_destroyed', 3) },
];
/** A deploy is killed early and late, and nowhere twice in a row. */
const CYCLES = DESTROY.map((destroy, first) => {
  const deploys = DEPLOY.filter((_, index) => index % DESTROY.length === first);
  return {
    deploys: deploys.map(({ name }) => name).join(', then when it '),
    destroys: destroy.name,
    deployPoints: deploys.map(({ point }) => point),
    destroyPoints: [destroy.point],
  };
});
/** Further points, as shares of the events of a run; other ones each time. */
const RANDOM_SHARES = Array.from({ length: 3 }, () => Math.round(Math.random() * 1000) / 1000).sort((a, b) => a - b);

// Each start of the server is a process of its own: slow where others want the cores too.
jest.setTimeout(300_000);

describe('a run whose server is killed', () => {
  let rig: CrashRig;
  let versions = 0;
  let eventsOfARun = 100;
  beforeAll(async () => {
    rig = await CrashRig.start();
  });
  afterAll(() => rig.close());

  /** Runs once; each point in turn kills the server that runs it then. */
  const killedAt = async (verb: 'deploy' | 'destroy', points: readonly Point[]): Promise<Body['data']> => {
    const operationId = await rig.begin(verb);
    for (const point of points) {
      await rig.reached(point, operationId);
      await rig.server.kill();
      await rig.restart();
    }
    const end = await rig.ended(operationId);
    await expectWholeJournal(rig, operationId);
    versions += 1;
    expect(await rig.versions()).toHaveLength(versions);
    expect(await rig.inventory()).toEqual(await rig.recorded());
    return end;
  };
  const cycle = async (deploy: readonly Point[], destroy: readonly Point[]): Promise<void> => {
    expect(await killedAt('deploy', deploy)).toMatchObject({ status: 'success', phase: 'deployed', error: null });
    expect(await rig.inventory()).toHaveLength(MINIMAL_RESOURCES);
    expect(await rig.resourceCount()).toBe(MINIMAL_RESOURCES);
    expect(await killedAt('destroy', destroy)).toMatchObject({ status: 'success', phase: 'destroyed', error: null });
    expect(await rig.inventory()).toEqual([]);
  };

  it.each(CYCLES)('when a deploy $deploys, and when its destroy $destroys, ends well', async (points) => {
    await cycle(points.deployPoints, points.destroyPoints);
    const counters = await rig.db.collection('event_counters').find().toArray();
    const counts = counters
      .filter(({ _id }) => String(_id).startsWith('seq/operation/'))
      .map(({ value }) => Number(value));
    eventsOfARun = Math.min(...counts);
  });

  it(`when ${RANDOM_SHARES.join(' and ')} of the events of a deploy are stored ends well`, async () => {
    const points = RANDOM_SHARES.map((share) => at.events(Math.ceil(share * eventsOfARun)));
    await cycle(points, []);
  });

  it.each([
    {
      name: 'has decided to, and when it has removed some resources to',
      points: [at.event('rollback_started'), at.resources((count) => count < 30)],
    },
    {
      name: 'has begun to, and when it has removed a stack to',
      points: [at.event('stack_rolling_back'), at.event('stack_rolled_back')],
    },
  ])('when it $name roll back a failure goes on rolling back', async ({ points }) => {
    const error = { code: 'LimitExceededException', message: 'You have reached the limit of keys' };
    await rig.setFaults([{ match: { type: 'aws:kms/key:Key' }, operation: 'create', nth: 2, times: 99, error }]);
    const end = await killedAt('deploy', points);
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
