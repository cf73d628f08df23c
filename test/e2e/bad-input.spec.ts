import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';
import { MINIMAL, TestApp } from './app.harness.js';

/** Programs of the minimal template alone. */
function fewPrograms(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cloud-programs-'));
  for (const name of ['dns', 'network', 'security', 'shared', 'package.json']) {
    symlinkSync(join(PROJECT_ROOT, 'dist', 'stacks', name), join(folder, name));
  }
  return folder;
}

describe('bad input', () => {
  let test: TestApp;
  const programs = fewPrograms();
  beforeAll(async () => {
    test = await TestApp.start({ STACKS_BUILD_ROOT: programs });
  });
  afterAll(async () => {
    await test.stop();
    rmSync(programs, { recursive: true });
  });

  it.each([
    ['an unknown template', { ...MINIMAL, template: 'maximal' }, 422, 'VALIDATION_INVALID_TEMPLATE', 'maximal'],
    [
      '[PRE-003] [COD-001] a template whose programs are not there',
      { ...MINIMAL, template: 'microservices' },
      422,
      'VALIDATION_INVALID_TEMPLATE',
      'services-api',
    ],
    ['a domain of one label', { ...MINIMAL, domain: 'localhost' }, 400, 'VALIDATION_INVALID_FORMAT', 'domain'],
    ['a short account id', { ...MINIMAL, accounts: { dev: '123' } }, 400, undefined, 'accounts.dev'],
    ['a missing account', { ...MINIMAL, accounts: {} }, 400, 'VALIDATION_REQUIRED_FIELD', 'accounts.dev'],
    ['an unknown field', { ...MINIMAL, colour: 'red' }, 400, 'VALIDATION_UNKNOWN_FIELD', 'colour'],
    ['a wrong type', { ...MINIMAL, project: 7 }, 400, 'VALIDATION_INVALID_FORMAT', 'project'],
    ['a bad id', { ...MINIMAL, deploymentId: 'X1' }, 400, 'INVALID_DEPLOYMENT_ID', 'deploymentId'],
    [
      'a cyclic override',
      { ...MINIMAL, overrides: { stacks: { network: { dependencies: ['security'] } } } },
      422,
      'VALIDATION_CIRCULAR_DEPENDENCY',
      'network',
    ],
    ['malformed JSON', '{"organization":', 400, 'VALIDATION_MALFORMED_JSON', 'JSON'],
    ['a body over 1 MiB', { ...MINIMAL, description: 'x'.repeat(1_100_000) }, 413, 'PAYLOAD_TOO_LARGE', 'body'],
  ])('%s is refused with its code and named, and leaves nothing behind', async (_name, body, status, code, named) => {
    const answer = await test.post('/api/v1/deployments', body);
    expect({ status: answer.status, body: answer.body }).toMatchObject({
      status,
      body: { success: false, statusCode: status, ...(code ? { code } : {}) },
    });
    expect(JSON.stringify(answer.body)).toContain(named);
    expect(answer.body['request_id']).toBe(answer.headers.get('x-request-id'));
    const list = await test.get('/api/v1/deployments?all=true');
    expect((list.body.data['pagination'] as { total: number }).total).toBe(0);
  });

  it.each([
    ['GET', '/api/v1/deployments/DZZZZZZ', 404, 'RESOURCE_NOT_FOUND'],
    ['GET', '/api/v1/deployments/nonsense', 400, 'INVALID_DEPLOYMENT_ID'],
    ['GET', '/api/v1/nothing', 404, 'ROUTE_NOT_FOUND'],
    ['PATCH', '/api/v1/deployments', 405, 'METHOD_NOT_ALLOWED'],
    ['GET', '/api/v1/deployments?colour=red', 400, 'VALIDATION_UNKNOWN_FIELD'],
  ])('%s %s answers %i %s', async (method, path, status, code) => {
    const answer = await test.call(method, path);
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
  });

  it('[PRE-003] a stack whose program has gone is not deployed, and nothing of the others is', async () => {
    const made = await test.post('/api/v1/deployments', MINIMAL);
    const id = String(made.body.data['deploymentId']);
    const folder = join(programs, 'dns');
    rmSync(folder);
    try {
      expect(await test.post(`/api/v1/deployments/${id}/deploy`, { environment: 'dev' })).toMatchObject({
        status: 422,
        body: { code: 'STACK_CODE_NOT_FOUND', details: { stacks: ['dns'] } },
      });
      expect((await test.get('/api/v1/operations')).body.data['operations']).toEqual([]);
    } finally {
      symlinkSync(join(PROJECT_ROOT, 'dist', 'stacks', 'dns'), folder);
    }
  });

  it('[PRE-001] an environment that is not enabled is 422 and an unknown one 400', async () => {
    const made = await test.post('/api/v1/deployments', MINIMAL);
    const id = String(made.body.data['deploymentId']);
    const disabled = await test.post(`/api/v1/deployments/${id}/deploy`, { environment: 'stage' });
    expect(disabled).toMatchObject({
      status: 422,
      body: { code: 'ENVIRONMENT_DISABLED', details: { environment: 'stage' } },
    });
    const unknown = await test.post(`/api/v1/deployments/${id}/deploy`, { environment: 'staging' });
    expect(unknown).toMatchObject({ status: 400, body: { details: [{ field: 'environment' }] } });
    expect((await test.get('/api/v1/operations')).body.data['operations']).toEqual([]);
  });
});
