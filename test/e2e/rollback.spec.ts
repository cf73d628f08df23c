import { MINIMAL, TestApp, type Answer, type Body } from './app.harness.js';

describe('going back to an earlier version', () => {
  let test: TestApp;
  let id: string;
  const run = async (path: string, body: object): Promise<Body['data']> => {
    const started = await test.post(`/api/v1/deployments/${id}/${path}`, { environment: 'dev', ...body });
    expect(started.body).toMatchObject({ success: true });
    return test.ended(id, String(started.body.data['operationId']));
  };
  const vpcs = async (): Promise<unknown[]> => {
    const { body } = await test.get('/api/v1/sandbox/accounts/111111111111/resources?type=aws:ec2/vpc:Vpc');
    return (body.data['resources'] as { properties: { cidrBlock: string } }[]).map((vpc) => vpc.properties.cidrBlock);
  };
  const refused = (body: object): Promise<Answer> =>
    test.post(`/api/v1/deployments/${id}/rollback`, { environment: 'dev', ...body });

  beforeAll(async () => {
    test = await TestApp.start();
    id = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
  });
  afterAll(() => test.stop());

  it('is impossible before there is one', async () => {
    expect(await refused({})).toMatchObject({ status: 404, body: { code: 'NO_PREVIOUS_VERSION' } });
    await run('deploy', {});
    expect(await refused({})).toMatchObject({ status: 404, body: { code: 'NO_PREVIOUS_VERSION' } });
  });

  it('shows its plan first and changes nothing in a preview', async () => {
    await test.put(`/api/v1/deployments/${id}`, { stacks: { network: { config: { vpcCidr: '10.60.0.0/16' } } } });
    await run('deploy', {});
    const preview = await refused({ preview: true });
    expect(preview).toMatchObject({
      status: 202,
      body: {
        data: {
          type: 'rollback',
          preview: true,
          fromVersion: 2,
          toVersion: 1,
          manifestDiverged: true,
          irreversible: [],
        },
      },
    });
    const planned = preview.body.data['stacksToRollback'] as { name: string; action: string }[];
    expect(planned.map(({ name, action }) => [name, action])).toEqual([
      ['network', 'rollback'],
      ['security', 'conditional'],
    ]);
    await test.ended(id, String(preview.body.data['operationId']));
    expect(await vpcs()).toEqual(['10.60.0.0/16']);
  });

  it('re-applies the configuration of then as a version of its own, and the next deploy would change it again', async () => {
    const ended = await run('rollback', {});
    expect(ended).toMatchObject({ status: 'success', phase: 'rolled_back', type: 'rollback' });
    expect(await vpcs()).toEqual(['10.0.0.0/16']);
    const { versions } = (await test.get(`/api/v1/deployments/${id}/versions?environment=dev`)).body.data as {
      versions: { version: number; kind: string; rolledBackTo: number | null; current: boolean }[];
    };
    expect(versions[0]).toMatchObject({ version: 3, kind: 'rollback', rolledBackTo: 1, current: true });
    const next = await test.post(`/api/v1/deployments/${id}/deploy`, { environment: 'dev', preview: true });
    expect(next.body.data['stacksToDeploy']).toEqual([
      expect.objectContaining({ name: 'network', reasons: ['config_changed'] }),
      expect.objectContaining({ name: 'security', action: 'conditional' }),
    ]);
    await test.ended(id, String(next.body.data['operationId']));
  });

  it.each([
    [{ toVersion: 99 }, 422, 'ROLLBACK_TARGET_INVALID'],
    [{ toVersion: 3 }, 422, 'ROLLBACK_TARGET_INVALID'],
    [{ toVersion: 1, stack: 'storage' }, 422, 'ROLLBACK_TARGET_INVALID'],
    [{ toVersion: 1 }, 409, 'RESOURCE_CONFLICT'],
    [{ toVersion: 0 }, 400, 'VALIDATION_INVALID_FORMAT'],
    [{ toVersion: 1, extra: true }, 400, 'VALIDATION_UNKNOWN_FIELD'],
    [{ environment: 'prod' }, 422, 'CONFIRMATION_REQUIRED'],
  ])('refuses %j with %i %s', async (body, status, code) => {
    expect(await refused(body)).toMatchObject({ status, body: { code } });
  });

  it('rolls one stack back and leaves the others alone', async () => {
    await test.put(`/api/v1/deployments/${id}`, {
      stacks: { dns: { config: { enableHealthCheck: true } }, network: { config: { vpcCidr: '10.60.0.0/16' } } },
    });
    await run('deploy', {});
    expect(await vpcs()).toEqual(['10.60.0.0/16']);
    const ended = await run('rollback', { toVersion: 1, stack: 'network', force: true });
    expect(ended).toMatchObject({ status: 'success', stack: 'network' });
    expect(await vpcs()).toEqual(['10.0.0.0/16']);
  });
});
