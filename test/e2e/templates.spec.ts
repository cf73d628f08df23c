import { TestApp, type Body } from './app.harness.js';

/** A platform engineer makes the house standard, changes it, and starts deployments from it. */
describe('custom templates', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const TEMPLATES = '/api/v1/templates';
  const data = (answer: { readonly body: Body }): Body['data'] => answer.body.data;

  it('lives from creation over versions to deletion, and deployments stay', async () => {
    const made = await app.post(TEMPLATES, {
      name: 'house',
      description: 'House standard',
      stacks: ['network', { name: 'security', required: true, config: { workloads: [] } }],
      defaultConfig: { network: { azCount: 3 } },
      environments: { prod: { region: 'eu-central-1', enabled: false } },
    });
    expect([made.status, made.headers.get('location')]).toEqual([201, '/api/v1/templates/house']);
    expect(data(made)).toMatchObject({ version: '1.0.0', type: 'custom', status: 'active', organization: 'demo' });

    const file = await app.get(`${TEMPLATES}/custom:house?format=yaml`);
    expect(String(file.body['text'])).toContain('azCount: 3');

    const changed = await app.put(
      `${TEMPLATES}/house`,
      { enableStacks: ['dns'], stacks: { network: { config: { azCount: 2 } } } },
      { 'if-match': '"1"' },
    );
    expect([changed.status, data(changed)['version'], data(changed)['revision']]).toEqual([200, '1.1.0', 2]);
    expect(data(changed)['changes']).toEqual([
      'stacks: added dns',
      'stacks.network.config.azCount updated',
      'version: 1.0.0 → 1.1.0',
    ]);
    expect((await app.put(`${TEMPLATES}/house`, { description: 'x' }, { 'if-match': '"1"' })).status).toBe(412);
    expect((await app.post(`${TEMPLATES}/house/validate`, {})).body.data).toMatchObject({ valid: true, errors: [] });
    expect(data(await app.get(`${TEMPLATES}/house/versions`))['versions']).toMatchObject([
      { version: '1.1.0' },
      { version: '1.0.0' },
    ]);

    const order = {
      organization: 'demo',
      project: 'Shop',
      domain: 'shop.example.com',
      template: 'custom:house',
      accounts: { dev: '111111111111' },
    };
    const stacksOf = (answer: { readonly body: Body }): unknown =>
      (data(answer)['stacks'] as { name: string }[]).map((stack) => stack.name);
    const now = await app.post('/api/v1/deployments', order);
    const old = await app.post('/api/v1/deployments', { ...order, templateVersion: '1.0.0' });
    expect([now.status, old.status]).toEqual([201, 201]);
    expect([stacksOf(now), stacksOf(old)]).toEqual([
      ['dns', 'network', 'security'],
      ['network', 'security'],
    ]);
    expect(await app.post('/api/v1/deployments', { ...order, templateVersion: '9.0.0' })).toMatchObject({
      status: 422,
      body: { code: 'VALIDATION_INVALID_TEMPLATE' },
    });

    const deleted = await app.call('DELETE', `${TEMPLATES}/house`);
    expect([deleted.status, data(deleted)['name']]).toEqual([200, 'house']);
    expect((await app.get(`${TEMPLATES}/house`)).status).toBe(404);
    const id = String(data(now)['deploymentId']);
    expect(data(await app.get(`/api/v1/deployments/${id}`))).toMatchObject({
      template: 'house',
      templateVersion: '1.1.0',
    });
    expect((await app.put(`/api/v1/deployments/${id}`, { description: 'still editable' })).status).toBe(200);
  });

  it('is made from a deployment without what is its own', async () => {
    const deployment = await app.post('/api/v1/deployments', {
      organization: 'demo',
      project: 'Web Shop',
      domain: 'shop.example.com',
      template: 'minimal',
      accounts: { dev: '111111111111' },
      region: 'eu-west-1',
      overrides: { stacks: { dns: { config: { comment: 'shop.example.com' } } } },
    });
    expect(deployment.status).toBe(201);
    const made = await app.post(TEMPLATES, {
      name: 'from-shop',
      fromDeployment: data(deployment)['deploymentId'],
      description: 'As the shop has it',
    });
    expect(made.status).toBe(201);
    const content = String(data(made)['content']);
    for (const own of ['shop.example.com', '111111111111', 'eu-west-1', String(data(deployment)['deploymentId'])]) {
      expect(content).not.toContain(own);
    }
    expect(data(made)).toMatchObject({
      environments: { dev: { enabled: true, account: '{{AWS_ACCOUNT_DEV}}', region: '{{PRIMARY_REGION}}' } },
      defaultConfig: { dns: { comment: '{{DOMAIN}}' } },
    });
    const again = await app.post('/api/v1/deployments', {
      organization: 'demo',
      project: 'Other',
      domain: 'other.example.com',
      template: 'from-shop',
      accounts: { dev: '222222222222' },
    });
    expect(again.status).toBe(201);
    expect((await app.post(TEMPLATES, { name: 'ghostly', fromDeployment: 'D9NOWHERE' })).status).toBe(404);
  });

  it.each<[string, Record<string, unknown>, number, string, string]>([
    ['without a source', { name: 'x' }, 400, 'VALIDATION_REQUIRED_FIELD', 'stacks'],
    [
      'with two sources',
      { name: 'x', fromTemplate: 'minimal', fromDeployment: 'DT85S00' },
      400,
      'VALIDATION_INVALID_FORMAT',
      'fromTemplate',
    ],
    ['with a bad name', { name: 'No Name', stacks: [] }, 400, 'VALIDATION_INVALID_FORMAT', 'name'],
    ['with an unknown field', { name: 'x', stacks: [], colour: 'red' }, 400, 'VALIDATION_UNKNOWN_FIELD', 'colour'],
    ['with a nameless stack', { name: 'x', stacks: [{}] }, 400, 'VALIDATION_INVALID_FORMAT', 'stacks[0]'],
    [
      'with a foreign environment',
      { name: 'x', stacks: ['network'], environments: { staging: {} } },
      400,
      'VALIDATION_INVALID_FORMAT',
      'environments',
    ],
    ['with the name of a built-in one', { name: 'minimal', stacks: ['network'] }, 409, 'RESOURCE_ALREADY_EXISTS', ''],
    ['with an unregistered stack', { name: 'x', stacks: ['ghost'] }, 422, 'VALIDATION_INVALID_TEMPLATE', ''],
    ['without a needed stack', { name: 'x', stacks: ['security'] }, 422, 'VALIDATION_INVALID_TEMPLATE', ''],
    ['from a template nobody has', { name: 'x', fromTemplate: 'ghost' }, 404, 'RESOURCE_NOT_FOUND', ''],
  ])('is refused %s', async (_what, body, status, code, field) => {
    const answer = await app.post(TEMPLATES, body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    if (field) expect(answer.body.details).toMatchObject([{ field }]);
    expect((await app.get(`${TEMPLATES}/x`)).status).toBe(404);
  });

  it('leaves built-in templates alone', async () => {
    for (const method of ['PUT', 'DELETE']) {
      const answer = await app.call(
        method,
        `${TEMPLATES}/default`,
        method === 'PUT' ? { description: 'x' } : undefined,
      );
      expect([answer.status, answer.body.code]).toEqual([403, 'TEMPLATE_IMMUTABLE']);
    }
  });
});
