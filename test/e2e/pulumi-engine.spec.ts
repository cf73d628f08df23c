import { COMMAND_LINE, WHY_SKIPPED } from '../fakes/pulumi-rig.js';
import { MINIMAL, TestApp } from './app.harness.js';

const ACCOUNT = '/api/v1/sandbox/accounts/111111111111/resources';
const VPC = 'aws:ec2/vpc:Vpc';

interface Resource {
  readonly id: string;
  readonly properties: { readonly tags: Readonly<Record<string, string>> };
}

const describeHere = COMMAND_LINE === undefined ? describe.skip : describe;

describeHere(
  `the whole server on the Pulumi command line${COMMAND_LINE === undefined ? ` (${WHY_SKIPPED})` : ''}`,
  () => {
    let test: TestApp;
    let id: string;
    beforeAll(async () => {
      test = await TestApp.start({ ENGINE: 'pulumi', PULUMI_CLI: COMMAND_LINE ?? '' });
      id = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
    });
    afterAll(() => test.stop());

    const run = async (verb: string, body: object = {}): Promise<Record<string, unknown>> => {
      const started = await test.post(`/api/v1/deployments/${id}/${verb}`, { environment: 'dev', ...body });
      expect(started.body).toMatchObject({ success: true });
      return test.ended(id, String(started.body.data['operationId']));
    };
    const vpc = async (): Promise<Resource> => {
      const { resources } = (await test.get(`${ACCOUNT}?type=${VPC}`)).body.data as { resources: Resource[] };
      expect(resources).toHaveLength(1);
      return resources[0] as Resource;
    };
    const byHand = async (properties: object): Promise<void> => {
      await test.call('PATCH', `${ACCOUNT}/${(await vpc()).id}`, { properties });
    };
    const inventory = async (): Promise<number> => {
      const { data } = (await test.get('/api/v1/sandbox/accounts/111111111111/resources?limit=100')).body;
      return (data['pagination'] as { total: number }).total;
    };

    it('deploys the minimal template, and deploys it again without a change', async () => {
      expect(await run('deploy')).toMatchObject({
        status: 'success',
        phase: 'deployed',
        error: null,
        engine: 'pulumi',
      });
      expect(await inventory()).toBe(5 + 29 + 22); // stacks.md section 11, minimal
      expect(await run('deploy', { force: true })).toMatchObject({ status: 'success' });
      expect(await inventory()).toBe(5 + 29 + 22);
    });

    it('[10.4] finds what somebody changed by hand, and puts it right', async () => {
      const before = await vpc();
      await byHand({ tags: { ...before.properties.tags, Owner: 'hand' } });
      const found = await run('drift-detect');
      expect(found).toMatchObject({ status: 'success', result: { summary: { totalStacks: 3, driftDetected: 1 } } });
      const { stacks } = found['result'] as { stacks: { name: string; resources: object[] }[] };
      expect(stacks.find(({ name }) => name === 'network')?.resources).toEqual([
        expect.objectContaining({ property: 'tags.Owner', expected: null, actual: 'hand', repair: 'update' }),
      ]);
      expect(await run('drift-fix', { confirm: true })).toMatchObject({ status: 'success' });
      expect((await vpc()).properties).toEqual(before.properties);
    });

    it('[10.3] takes over with a refresh what is there, and the next deploy puts it back', async () => {
      const before = await vpc();
      await byHand({ tags: { ...before.properties.tags, Owner: 'hand' } });
      expect(await run('state/refresh', { stacks: ['network'] })).toMatchObject({ status: 'success' });
      const next = await run('deploy');
      expect(next).toMatchObject({ status: 'success', completedStacks: [{ name: 'network' }] });
      expect((await vpc()).properties).toEqual(before.properties);
    });

    it('[10.3] adopts what exists already, and finds it there when it is asked again', async () => {
      const resources = [{ type: VPC, name: 'adopted', id: (await vpc()).id }];
      const adopt = { stack: 'dns', resources, confirm: true };
      expect(await run('state/import-resources', adopt)).toMatchObject({
        status: 'success',
        completedStacks: [{ name: 'dns', resourcesCreated: 1 }],
      });
      expect(await run('state/import-resources', adopt)).toMatchObject({
        status: 'success',
        completedStacks: [{ name: 'dns', resourcesCreated: 0 }],
      });
      const { backups } = (await test.get(`/api/v1/deployments/${id}/state/backups?environment=dev&stack=dns`)).body
        .data as { backups: { backupId: string; reason: string }[] };
      expect(backups.map(({ reason }) => reason)).toEqual(['import', 'import']);
      const first = backups.at(-1)?.backupId;
      const back = { environment: 'dev', stack: 'dns', confirm: true, backupId: first };
      expect(await test.post(`/api/v1/deployments/${id}/state/import`, back)).toMatchObject({ status: 200 });
    });

    it('takes everything away', async () => {
      expect(await run('destroy', { confirm: true })).toMatchObject({ status: 'success' });
      expect(await inventory()).toBe(0);
    });
  },
);
