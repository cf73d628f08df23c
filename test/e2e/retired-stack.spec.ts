import { MINIMAL, TestApp } from './app.harness.js';

/** A stack leaves the registry while it is deployed: nothing new is made from it, what is there can be taken down. */
describe('an unregistered stack that is deployed', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  it('can be destroyed, not deployed', async () => {
    const made = await app.post('/api/v1/deployments', { ...MINIMAL, stacksEnabled: ['network'] });
    const id = String(made.body.data['deploymentId']);
    const path = `/api/v1/deployments/${id}`;
    const run = await app.post(`${path}/deploy`, { environment: 'dev' });
    expect((await app.ended(id, String(run.body.data['operationId'])))['status']).toBe('success');

    const used = await app.call('DELETE', '/api/v1/stacks/network');
    expect(used).toMatchObject({
      status: 409,
      body: {
        code: 'STACK_IN_USE',
        details: { deployments: [id], templates: expect.arrayContaining(['minimal']) as unknown },
      },
    });
    const gone = await app.call('DELETE', '/api/v1/stacks/network?force=true');
    expect([gone.status, gone.body.data['affectedDeployments']]).toEqual([200, [id]]);

    const again = await app.post(`${path}/deploy`, { environment: 'dev', force: true });
    const deployed = again.status === 202 ? await app.ended(id, String(again.body.data['operationId'])) : again.body;
    expect(JSON.stringify(deployed)).toContain('network is not registered');

    const destroy = await app.post(`${path}/destroy`, { environment: 'dev', confirm: id });
    expect(destroy.status).toBe(202);
    expect((await app.ended(id, String(destroy.body.data['operationId'])))['status']).toBe('success');
  });
});
