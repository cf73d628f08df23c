/** A server dies while it looks after what is deployed: the next start ends what it had begun, once (deployments.md 7.13, 10.3, 10.4). */
import type { Body } from './app.harness.js';
import { at, CrashRig, MINIMAL_RESOURCES, type Point } from './crash-rig.js';

// Each start of the server is a process of its own: slow where others want the cores too.
jest.setTimeout(300_000);

const ACCOUNT = '/api/v1/sandbox/accounts/111111111111/resources';
const VPC = 'aws:ec2/vpc:Vpc';

interface Resource {
  readonly id: string;
  readonly properties: { readonly tags: Readonly<Record<string, string>> };
}

describe('the death of a server in the middle of', () => {
  let rig: CrashRig;
  let versions = 0;
  beforeAll(async () => {
    rig = await CrashRig.start();
    await rig.ended(await rig.begin('deploy'));
    versions = (await rig.versions()).length;
  });
  afterAll(() => rig.close());

  const path = (rest: string): string => `/api/v1/deployments/${rig.deploymentId}/${rest}`;
  const begin = async (verb: string, body: object): Promise<string> =>
    String((await rig.server.data('POST', path(verb), { environment: 'dev', ...body }))['operationId']);
  const vpc = async (): Promise<Resource> => {
    const { resources } = (await rig.server.data('GET', `${ACCOUNT}?type=${VPC}`)) as { resources: Resource[] };
    expect(resources).toHaveLength(1);
    return resources[0] as Resource;
  };
  const byHand = async (): Promise<void> => {
    const { id, properties } = await vpc();
    const tags = { ...properties.tags, Owner: 'hand' };
    await rig.server.data('PATCH', `${ACCOUNT}/${id}`, { properties: { tags } });
  };

  /** The operation hangs at `operation` of the VPC, its server is killed there, and another start ends it. */
  const killedAt = async (
    operation: 'read' | 'update',
    point: Point,
    verb: string,
    body: object,
  ): Promise<Body['data']> => {
    await rig.setFaults([{ match: { type: VPC }, operation, nth: 1, hang: true }]);
    const operationId = await begin(verb, body);
    expect(await rig.reached(point, operationId)).toBe(true);
    await rig.setFaults([]); // what hangs goes on hanging until its process dies
    await rig.server.kill();
    await rig.restart();
    const end = await rig.ended(operationId); // also waits for its lock to be gone
    expect(end).toMatchObject({ status: 'success', error: null, takeovers: 1 });
    const events = await rig.events(operationId);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    for (const type of ['stack_deploying', 'stack_deployed']) {
      const stacks = events.filter((event) => event['type'] === type).map(({ stack }) => String(stack));
      expect([type, stacks]).toEqual([type, [...new Set(stacks)]]);
    }
    versions += 1;
    expect(await rig.versions()).toHaveLength(versions);
    expect(await rig.underWay()).toEqual([]);
    return end;
  };

  it('[10.3] a refresh, which is read anew; the next deploy puts back what it has taken over', async () => {
    await byHand();
    const end = await killedAt('read', at.event('stack_deploying'), 'state/refresh', { stacks: ['network'] });
    expect(end).toMatchObject({ type: 'refresh', completedStacks: [{ name: 'network' }] });
    const next = await rig.ended(await rig.begin('deploy'));
    expect(next['completedStacks']).toMatchObject([{ name: 'network' }]);
    expect((await vpc()).properties.tags).not.toHaveProperty('Owner');
    versions += 1;
  });

  it('[10.4] a drift-fix, which is applied once', async () => {
    await byHand();
    await rig.ended(await begin('drift-detect', {}));
    const end = await killedAt('update', at.underWay, 'drift-fix', { confirm: true });
    expect(end).toMatchObject({ type: 'drift-fix', completedStacks: [{ name: 'network' }] });
    expect((await vpc()).properties.tags).not.toHaveProperty('Owner');
    expect(await rig.inventory()).toEqual(await rig.recorded());
    const next = await rig.ended(await rig.begin('deploy'));
    expect(next).toMatchObject({ status: 'success', completedStacks: [] });
  });

  it('[10.3] an import of resources, which come in once, with one backup', async () => {
    const resources = [{ type: VPC, name: 'adopted', id: (await vpc()).id }];
    const body = { stack: 'dns', resources, confirm: true };
    const end = await killedAt('read', at.event('stack_deploying'), 'state/import-resources', body);
    expect(end).toMatchObject({ type: 'state-import', completedStacks: [{ name: 'dns' }] });
    const adopted = (await rig.recorded()).filter((line) => line === `${VPC} ${resources[0]?.id}`);
    expect(adopted).toHaveLength(2); // of network, and of dns
    expect(await rig.inventory()).toHaveLength(MINIMAL_RESOURCES);
    const { operationId } = end;
    expect(await rig.db.collection('state_backups').find({ operationId }).toArray()).toMatchObject([
      { reason: 'import' },
    ]);
  });
});
