import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Config } from '../../src/shared/config/config.js';
import { MINIMAL, TestApp, type Answer } from './app.harness.js';

describe('graph, configuration and history of a manifest', () => {
  let test: TestApp;
  let id: string;
  const get = (path: string): Promise<Answer> => test.get(`/api/v1/deployments/${id}/${path}`);

  beforeAll(async () => {
    test = await TestApp.start();
    id = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
    await test.put(`/api/v1/deployments/${id}`, { stacks: { network: { config: { vpcCidr: '10.60.0.0/16' } } } });
  });
  afterAll(() => test.stop());

  it('shows the graph of an environment', async () => {
    const { status, body } = await get('dependencies');
    expect(status).toBe(200);
    expect(body.data).toMatchObject({
      deploymentId: id,
      environment: 'dev',
      graph: { dns: [], network: [], security: ['network'] },
      layers: [['dns', 'network'], ['security']],
      cycles: [],
      missing: [],
      disabled: [],
    });
    expect(await get('dependencies?environment=prod')).toMatchObject({
      status: 404,
      body: { code: 'ENVIRONMENT_NOT_FOUND' },
    });
  });

  it('explains the tier and line of every value, and what a placeholder reads once it is there', async () => {
    const network = (await get('stacks/network/config/explain')).body.data['values'] as { path: string }[];
    expect(network.find(({ path }) => path === 'vpcCidr')).toMatchObject({
      value: '10.60.0.0/16',
      tier: '2a',
      source: { document: 'Deployment_Manifest.yaml', line: expect.any(Number) as number },
      overridden: [{ value: '10.0.0.0/16', tier: '1', source: { document: 'templates/config/network.yaml' } }],
    });
    const security = (await get('stacks/security/config/explain')).body.data['values'] as { path: string }[];
    expect(security.find(({ path }) => path === 'vpcId')).toMatchObject({
      value: '{{RUNTIME:network:vpcId}}',
      placeholders: [{ reads: 'output vpcId of network', status: 'unresolved' }],
    });
    expect(security.every((value) => 'source' in value)).toBe(true);
    expect((await get('stacks/ghost/config/explain')).body.code).toBe('STACK_NOT_IN_MANIFEST');
  });

  it('writes configuration files anew', async () => {
    const root = test.app.get(Config).paths.deploy;
    const config = join(root, String(readdirSync(root)[0]), 'config');
    rmSync(join(config, 'network.dev.yaml'));
    const { status, body } = await test.post(`/api/v1/deployments/${id}/config/generate`, {});
    expect(status).toBe(200);
    expect(body.data).toMatchObject({ configFiles: 3 });
    expect(body.data['files']).toContainEqual({
      path: 'config/network.dev.yaml',
      stack: 'network',
      environment: 'dev',
    });
    expect(existsSync(join(config, 'network.dev.yaml'))).toBe(true);
  });

  it('keeps every revision with author and changes, and compares any two', async () => {
    const list = (await get('manifest/revisions')).body.data['revisions'];
    expect(list).toMatchObject([
      { revision: 2, current: true, author: 'admin@demo.example', changes: [expect.stringContaining('vpcCidr')] },
      { revision: 1, current: false, changes: [] },
    ]);
    const { data } = (await get('manifest/revisions/1?diff=2')).body;
    expect(data).toMatchObject({
      revision: 1,
      manifest: { deployment: { id } },
      diff: { from: 2, to: 1, changes: [expect.stringContaining('"10.60.0.0/16" → (none)')] },
    });
  });

  it.each([
    ['manifest/revisions/9', 404, 'RESOURCE_NOT_FOUND'],
    ['manifest/revisions/1?diff=9', 404, 'RESOURCE_NOT_FOUND'],
    ['manifest/revisions/zero', 400, 'VALIDATION_INVALID_FORMAT'],
    ['dependencies?environment=staging', 400, 'VALIDATION_INVALID_FORMAT'],
    ['stacks/network/config/explain?colour=red', 400, 'VALIDATION_UNKNOWN_FIELD'],
  ])('%s is %i %s', async (path, status, code) => {
    expect(await get(path)).toMatchObject({ status, body: { code } });
  });
});
