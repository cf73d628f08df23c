import { COMMAND_LINE, WHY_SKIPPED } from '../fakes/pulumi-rig.js';
import { MINIMAL, TestApp } from './app.harness.js';

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
    const inventory = async (): Promise<number> => {
      const { data } = (await test.get('/api/v1/sandbox/accounts/111111111111/resources?limit=100')).body;
      return (data['pagination'] as { total: number }).total;
    };

    it('deploys the minimal template, deploys it again without a change, and takes it away', async () => {
      expect(await run('deploy')).toMatchObject({
        status: 'success',
        phase: 'deployed',
        error: null,
        engine: 'pulumi',
      });
      expect(await inventory()).toBe(5 + 29 + 22); // stacks.md section 11, minimal
      expect(await run('deploy', { force: true })).toMatchObject({ status: 'success' });
      expect(await inventory()).toBe(5 + 29 + 22);
      expect(await run('destroy', { confirm: true })).toMatchObject({ status: 'success' });
      expect(await inventory()).toBe(0);
    });
  },
);
