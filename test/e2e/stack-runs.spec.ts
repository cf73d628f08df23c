import { MINIMAL, TestApp, type Answer, type Body } from './app.harness.js';

describe('runs of one stack', () => {
  let test: TestApp;
  let id: string;
  const post = (path: string, body: object = {}): Promise<Answer> =>
    test.post(`/api/v1/deployments/${id}/stacks/${path}`, { environment: 'dev', ...body });
  const ended = async (answer: Answer): Promise<Body['data']> => {
    expect(answer.body).toMatchObject({ success: true });
    return test.ended(id, String(answer.body.data['operationId']));
  };

  beforeAll(async () => {
    test = await TestApp.start();
    id = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
  });
  afterAll(() => test.stop());

  it('[PRE-002] wants its dependencies deployed, or deploys them with it', async () => {
    expect(await post('security/deploy')).toMatchObject({
      status: 422,
      body: { code: 'DEPENDENCY_NOT_DEPLOYED', details: { missing: { security: ['network'] } } },
    });
    const both = await ended(await post('security/deploy', { includeDependencies: true }));
    expect(both).toMatchObject({ type: 'deploy-stack', stack: 'security', status: 'success' });
    expect((both['completedStacks'] as { name: string }[]).map(({ name }) => name)).toEqual(['network', 'security']);
  });

  it('runs alone, is skipped when nothing changed, and names what is stale afterwards', async () => {
    expect((await ended(await post('network/deploy')))['skippedStacks']).toEqual([
      expect.objectContaining({ name: 'network', reason: 'unchanged' }),
    ]);
    await test.put(`/api/v1/deployments/${id}`, { stacks: { network: { config: { vpcCidr: '10.61.0.0/16' } } } });
    const alone = await ended(await post('network/deploy'));
    expect(alone).toMatchObject({ status: 'success', staleDependents: ['security'] });
    expect(alone['websocketChannel']).toMatch(new RegExp(`^deployments/${id}/stacks/network/operations/op-`));
  });

  it('is started from the side of the stack, too', async () => {
    const answer = await test.post('/api/v1/stacks/dns/deploy', { deploymentId: id, environment: 'dev' });
    expect(answer).toMatchObject({ status: 202, body: { data: { stack: 'dns', stackName: 'dns', deploymentId: id } } });
    expect(await ended(answer)).toMatchObject({ status: 'success' });
  });

  it('is not destroyed while deployed stacks need it', async () => {
    expect(await post('network/destroy', { confirm: true })).toMatchObject({
      status: 409,
      body: { code: 'HAS_DEPENDENTS', details: { stacks: ['security'] } },
    });
    expect(await post('network/destroy')).toMatchObject({ status: 422, body: { code: 'CONFIRMATION_REQUIRED' } });
    expect(await ended(await post('security/destroy', { confirm: true }))).toMatchObject({ status: 'success' });
    const { data } = (await test.get(`/api/v1/deployments/${id}`)).body;
    expect(data['status']).toBe('partial');
  });

  it.each([
    ['storage/deploy', {}, 404, 'STACK_NOT_IN_MANIFEST'],
    ['network/deploy', { environment: 'stage' }, 422, 'ENVIRONMENT_DISABLED'],
    ['network/deploy', { environment: 'staging' }, 400, 'VALIDATION_INVALID_FORMAT'],
    ['network/deploy', { environment: 'prod' }, 422, 'CONFIRMATION_REQUIRED'],
    ['network/deploy', { wrong: 1 }, 400, 'VALIDATION_UNKNOWN_FIELD'],
  ])('%s with %j is refused with %i %s', async (path, body, status, code) => {
    expect(await post(path, body)).toMatchObject({ status, body: { code } });
  });

  it('says STACK_DISABLED for a stack that the manifest switches off', async () => {
    await test.put(`/api/v1/deployments/${id}`, { stacks: { security: { enabled: false } } });
    expect(await post('security/deploy')).toMatchObject({ status: 422, body: { code: 'STACK_DISABLED' } });
  });
});
