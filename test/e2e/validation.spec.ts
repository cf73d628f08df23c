import { DeploymentValues } from '../../src/modules/deployments/deployment-values.js';
import { MINIMAL, TestApp, type Answer, type Body } from './app.harness.js';

interface Check {
  readonly name: string;
  readonly status: string;
  readonly message: string;
}

describe('validation and verification of a deployment', () => {
  let test: TestApp;
  let id: string;
  const post = (path: string, body: object = {}): Promise<Answer> =>
    test.post(`/api/v1/deployments/${id}/${path}`, body);
  const get = (path: string): Promise<Answer> => test.get(`/api/v1/deployments/${id}/${path}`);
  const statuses = (data: Body['data']): Record<string, string> =>
    Object.fromEntries((data['checks'] as Check[]).map(({ name, status }) => [name, status]));
  const rules = (data: Body['data'], list: 'errors' | 'warnings'): string[] =>
    (data[list] as { ruleId: string }[]).map(({ ruleId }) => ruleId);
  const configure = (config: object): Promise<Answer> =>
    test.put(`/api/v1/deployments/${id}`, { stacks: { network: { config } } });

  beforeAll(async () => {
    test = await TestApp.start();
    id = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
  });
  afterAll(() => test.stop());

  it('[AWS-001] [PUL-001] passes a sound deployment; with embedded engine and sandbox the outside is skipped', async () => {
    const { status, body } = await post('validate');
    expect(status).toBe(200);
    expect(body.data).toMatchObject({
      deploymentId: id,
      environment: null,
      valid: true,
      level: 'full',
      errors: [],
      fixed: [],
      fixesSaved: false,
      revision: 1,
      info: { totalStacks: 3, dependencyLayers: 2, layers: [['dns', 'network'], ['security']] },
    });
    expect(statuses(body.data)).toEqual({
      manifest: 'passed',
      dependencies: 'passed',
      configuration: 'passed',
      'runtime-placeholders': 'passed',
      'stack-code': 'passed',
      'aws-credentials': 'skipped',
      'pulumi-state': 'skipped',
    });
  });

  it('looks as far as the level says, and at what is chosen', async () => {
    const upTo = (await post('validate', { level: 'dependencies' })).body.data;
    expect(statuses(upTo)).toMatchObject({ dependencies: 'passed', configuration: 'skipped', 'stack-code': 'skipped' });
    const strict = (await post('validate', { checks: ['stack-code'], strict: true })).body.data;
    expect({ valid: strict['valid'], checks: statuses(strict) }).toEqual({
      valid: true,
      checks: { 'stack-code': 'passed' },
    });
    const chosen = (await post('validate', { checks: ['dependencies'], environment: 'dev' })).body.data;
    expect(statuses(chosen)).toEqual({ dependencies: 'passed' });
  });

  it('[PH-012] finds at level full what saving does not ask for', async () => {
    expect((await configure({ note: '{{RUNTIME:aws:ssmParameter:/none}}' })).status).toBe(200);
    const data = (await post('validate')).body.data;
    expect(data).toMatchObject({
      valid: false,
      errors: [
        {
          ruleId: 'PH-012',
          code: 'PLACEHOLDER_RESOLUTION',
          stack: 'network',
          environment: 'dev',
          location: 'stacks.network.config.note',
          field: 'note',
        },
      ],
    });
    expect(rules(data, 'warnings')).toContain('CFG-W01');
    expect((await post('validate', { level: 'config' })).body.data['valid']).toBe(true);
    const stack = (await post('stacks/network/validate')).body.data;
    expect(statuses(stack)).toMatchObject({ 'code-exists': 'passed', 'runtime-placeholders': 'failed' });
    const started = await post('deploy', { environment: 'dev' });
    const end = await test.ended(id, String(started.body.data['operationId']));
    expect(end).toMatchObject({
      status: 'failed',
      error: { code: 'VALIDATION_UNRESOLVABLE_PLACEHOLDER' },
      completedStacks: [],
    });
    await configure({ note: null });
  });

  it('[PH-W01] repairs what has one reading, first as a list, then as a revision', async () => {
    await configure({ note: 'in {{env.name}}' });
    const before = (await post('validate', { fix: 'preview' })).body.data;
    expect(before).toMatchObject({
      fixesSaved: false,
      fixed: [{ ruleId: 'PH-W01' }],
      warnings: expect.any(Array) as [],
    });
    const { data } = (await post('validate', { fix: true })).body;
    expect(data).toMatchObject({ valid: true, fixesSaved: true, revision: Number(before['revision']) + 1 });
    expect(rules(data, 'warnings')).not.toContain('PH-W01');
    const { manifest } = (await get('manifest')).body.data as unknown as {
      manifest: { spec: { stacks: { network: { config: object } } } };
    };
    expect(manifest.spec.stacks.network.config).toEqual({ note: 'in ${env.name}' });
    expect((await post('validate', { fix: true })).body.data).toMatchObject({ fixed: [], fixesSaved: false });
    await configure({ note: null });
  });

  it('validates one stack and says what is not deployed yet', async () => {
    const { status, body } = await post('stacks/security/validate');
    expect(status).toBe(200);
    expect(body.data).toMatchObject({ valid: true, errors: [] });
    expect(body.data['checks']).toContainEqual({
      name: 'dependencies',
      status: 'passed',
      message: 'not deployed yet: network',
    });
  });

  it('[POST-001] [POST-002] [POST-003] verifies what is deployed, and nothing before', async () => {
    expect(await get('verify?environment=dev')).toMatchObject({ status: 409, body: { code: 'RESOURCE_CONFLICT' } });
    const started = await post('deploy', { environment: 'dev', strict: true });
    const ended = await test.ended(id, String(started.body.data['operationId']));
    expect(ended).toMatchObject({ status: 'success', parameters: { strict: true, validateCode: true } });
    const { data } = (await get('verify?environment=dev')).body;
    expect(data).toMatchObject({ overallStatus: 'HEALTHY' });
    const stacks = data['stacks'] as { name: string; checks: Check[] }[];
    expect(stacks.map(({ name }) => name)).toEqual(['dns', 'network', 'security']);
    expect(stacks[1]?.checks).toMatchObject([
      { name: 'resources', status: 'passed', message: '29 resources' },
      { name: 'references', status: 'passed', message: 'read by security' },
      { name: 'health', status: 'skipped' },
    ]);
    const one = (await get('verify?environment=dev&stack=dns')).body.data['stacks'] as unknown[];
    expect(one).toHaveLength(1);
  });

  it('[POST-002] warns at the end of a run that a deployed stack reads what is not there, and does not fail it', async () => {
    const tags = { zone: '{{RUNTIME:dns:nameServers.99}}' };
    const saved = await test.put(`/api/v1/deployments/${id}`, { stacks: { security: { config: { tags } } } });
    expect(saved.status).toBe(200);
    const started = await post('stacks/dns/deploy', { environment: 'dev', force: true });
    const ended = await test.ended(id, String(started.body.data['operationId']));
    expect(ended).toMatchObject({ status: 'success', error: null });
    const warnings = ended['warnings'] as { code: string; stack: string; message: string }[];
    expect(warnings).toMatchObject([{ code: 'POST-002', stack: 'dns' }]);
    expect(warnings[0]?.message).toMatch(/^dns: security: \{\{RUNTIME:dns:nameServers\.99\}\}/);
    await test.put(`/api/v1/deployments/${id}`, { stacks: { security: { config: { tags: null } } } });
    const again = await post('stacks/dns/deploy', { environment: 'dev', force: true });
    expect((await test.ended(id, String(again.body.data['operationId'])))['warnings']).toEqual([]);
  });

  it('[5.8] gives code the outputs and tagged resources of an environment', async () => {
    const values = await test.app.get(DeploymentValues).of(id, 'dev');
    const vpcId = await values.get('network', 'vpcId');
    expect(vpcId).toMatch(/^vpc-/);
    expect(await values.queryAwsResource('vpc', 'DeploymentId', id)).toBe(vpcId);
    expect(Object.keys(await values.getAll('dns'))).toContain('hostedZoneId');
  });

  it('[5.7] keeps random values over deployments until they are asked to be made anew', async () => {
    const idAfter = async (body: object): Promise<unknown> => {
      const started = await post('deploy', { environment: 'dev', stackFilter: ['network'], ...body });
      expect(started.body).toMatchObject({ success: true });
      await test.ended(id, String(started.body.data['operationId']));
      const values = (await get('stacks/network/config/explain')).body.data['values'] as {
        path: string;
        value: string;
      }[];
      return values.find(({ path }) => path === 'runId')?.value;
    };
    await configure({ runId: '{{RUNTIME:calculate:uuid}}' });
    const first = await idAfter({});
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(await idAfter({ force: true })).toBe(first);
    const second = await idAfter({ regenerate: ['network.runId'] });
    expect(second).toMatch(/^[0-9a-f-]{36}$/);
    expect(second).not.toBe(first);
    expect(await post('deploy', { environment: 'dev', regenerate: ['network.other'] })).toMatchObject({
      status: 422,
      body: { code: 'INVALID_OPTIONS', details: { unknown: ['network.other'], kept: ['network.runId'] } },
    });
  });

  it('[AWS-001] [PUL-001] answers for the outside alone, where there is one', async () => {
    const aws = await test.post('/api/v1/validation/aws', { region: 'eu-west-1' });
    expect(aws).toMatchObject({
      status: 200,
      body: { data: { valid: true, region: 'eu-west-1', accountId: null, skipped: expect.any(String) as string } },
    });
    const pulumi = await test.post('/api/v1/validation/pulumi', {});
    expect(pulumi).toMatchObject({ status: 200, body: { data: { valid: true, cliInstalled: false } } });
    const wrong = await test.post('/api/v1/validation/aws', { region: 'mars-1' });
    expect(wrong).toMatchObject({ status: 400, body: { code: 'INVALID_REGION' } });
  });

  it.each([
    ['validate', { level: 'deep' }, 400, 'VALIDATION_INVALID_FORMAT'],
    ['validate', { checks: ['everything'] }, 400, 'VALIDATION_INVALID_FORMAT'],
    ['validate', { fix: 'maybe' }, 400, 'VALIDATION_INVALID_FORMAT'],
    ['validate', { colour: 'red' }, 400, 'VALIDATION_UNKNOWN_FIELD'],
    ['validate', { environment: 'prod' }, 404, 'ENVIRONMENT_NOT_FOUND'],
    ['stacks/storage/validate', {}, 404, 'STACK_NOT_IN_MANIFEST'],
  ])('%s with %j is refused with %i %s', async (path, body, status, code) => {
    expect(await post(path, body)).toMatchObject({ status, body: { code } });
  });
});
