import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { TestApp, type Body } from './app.harness.js';

/** A platform team brings its own stacks, and takes one away again. */
describe('the stack registry', () => {
  let app: TestApp;
  const root = mkdtempSync(join(tmpdir(), 'registry-'));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const program = (name: string, source: string): void => {
    write(`${name}/src/index.ts`, source);
    write(`${name}/src/Pulumi.yaml`, `name: ${name}\nruntime: nodejs\ndescription: The ${name}\n`);
    write(`${name}/src/package.json`, '{}');
    write(`${name}/src/tsconfig.json`, '{}');
  };
  beforeAll(async () => {
    program(
      'queue',
      `const config = new pulumi.Config();
const days = config.getNumber('retentionDays') ?? 4; // how long messages stay
const vpc = config.require('vpcId');
export const queueUrl = queue.url;
`,
    );
    program('billing', 'export const topicArn = topic.arn;\n');
    write('billing/src/stack.yaml', 'name: billing\ndependencies: [queue]\n');
    write('broken/index.ts', '');
    write('broken/stack.yaml', 'name: [\n');
    app = await TestApp.start({ STACKS_ROOT: root });
  });
  afterAll(async () => {
    await app.stop();
    rmSync(root, { recursive: true });
  });
  const data = (answer: { readonly body: Body }): Body['data'] => answer.body.data;
  const STACKS = '/api/v1/stacks';
  const queue = { name: 'queue', description: 'Message queues', dependencies: ['network'], priority: 65 };

  it('knows what is there before it is registered', async () => {
    expect(data(await app.get(`${STACKS}/discover`))['unregistered']).toEqual(['billing', 'broken', 'queue']);
    const dry = await app.post(`${STACKS}/register-all`, { includeDependencies: true, dryRun: true });
    expect(data(dry)).toMatchObject({ registered: 0, failed: 1, total: 3, dryRun: true });
    expect(data(dry)['results']).toEqual([
      expect.objectContaining({ name: 'broken', status: 'failed' }),
      expect.objectContaining({ name: 'queue', status: 'valid', dependencies: [] }),
      expect.objectContaining({ name: 'billing', status: 'valid', dependencies: ['queue'] }),
    ]);
    expect((await app.get(`${STACKS}/queue`)).status).toBe(404);
  });

  it('registers a stack, reads its parameters from the source, and tells where both differ', async () => {
    const made = await app.post(STACKS, {
      ...queue,
      configuration: {
        vpcId: { type: 'string', required: true, default: '{{RUNTIME:network:vpcId}}' },
        retentionDays: { type: 'number', maximum: 14 },
      },
      defaults: { retentionDays: 7 },
      resources: [{ type: 'aws:sqs/queue:Queue', description: 'The queue' }],
      validate: true,
    });
    expect([made.status, made.headers.get('location')]).toEqual([201, '/api/v1/stacks/queue']);
    expect(data(made)).toMatchObject({ name: 'queue', displayName: 'Queue', status: 'active', revision: 1 });
    // a program without the common parameters of stacks/shared: a report, no refusal
    expect((data(made)['validation'] as { ruleId: string }[]).map(({ ruleId }) => ruleId)).toContain('COD-R3');
    expect(data(await app.get(`${STACKS}/queue`))).toMatchObject({
      layer: 2,
      priority: 65,
      configuration: {
        retentionDays: {
          type: 'number',
          required: false,
          default: 7,
          maximum: 14,
          description: 'how long messages stay',
        },
      },
      outputs: { queueUrl: { type: 'string', secret: false } },
      resources: [{ type: 'aws:sqs/queue:Queue' }],
      codePath: 'queue/src/index.ts',
      revision: 1,
    });
    const check = data(await app.post(`${STACKS}/queue/validate`, {}));
    expect(check).toMatchObject({ valid: false, comparison: { missingInTemplate: [], synchronized: false } });
    expect((await app.post(STACKS, queue)).body.code).toBe('RESOURCE_ALREADY_EXISTS');
    const alias = await app.post(`${STACKS}/register`, { ...queue, overwrite: true });
    expect([alias.status, alias.headers.get('deprecation'), data(alias)['revision']]).toEqual([201, 'true', 2]);
  });

  it('changes a registration and tells what changed', async () => {
    const changed = await app.put(
      `${STACKS}/queue`,
      { priority: 66, addParams: [{ name: 'delaySeconds', type: 'number', default: 0 }], removeParams: ['vpcId'] },
      { 'if-match': '"2"' },
    );
    expect([changed.status, data(changed)['revision'], data(changed)['changes']]).toEqual([
      200,
      3,
      ['parameters.inputs.delaySeconds updated', 'parameters.inputs.vpcId updated', 'priority updated'],
    ]);
    expect((await app.put(`${STACKS}/queue`, { priority: 1 }, { 'if-match': '"2"' })).status).toBe(412);
    const builtIn = await app.put(`${STACKS}/storage`, { estimatedDuration: 200 });
    expect([builtIn.status, data(builtIn)['changes']]).toEqual([200, ['estimatedDuration updated']]);
  });

  it.each<[string, string, Record<string, unknown>, number, string]>([
    ['a taken name', 'POST', { ...queue, name: 'network' }, 409, 'RESOURCE_ALREADY_EXISTS'],
    ['a reserved name', 'POST', { ...queue, name: 'discover' }, 400, 'VALIDATION_INVALID_FORMAT'],
    ['no description', 'POST', { name: 'other' }, 400, 'VALIDATION_REQUIRED_FIELD'],
    ['a program that is not there', 'POST', { ...queue, name: 'ghost' }, 422, 'STACK_CODE_NOT_FOUND'],
    ['an unknown dependency', 'PUT', { dependencies: ['ghost'] }, 422, 'VALIDATION_MISSING_DEPENDENCY'],
    ['itself as dependency', 'PUT', { dependencies: ['queue'] }, 422, 'VALIDATION_INVALID_TEMPLATE'],
    ['a layer below its own', 'PUT', { layer: 1 }, 422, 'VALIDATION_INVALID_TEMPLATE'],
    ['a priority out of range', 'PUT', { priority: 1000 }, 400, 'VALIDATION_INVALID_FORMAT'],
    ['a default of the wrong type', 'PUT', { defaults: { delaySeconds: 'long' } }, 422, 'VALIDATION_INVALID_TEMPLATE'],
    [
      'an output nobody has',
      'PUT',
      { defaults: { delaySeconds: '{{RUNTIME:network:ghost}}' } },
      422,
      'VALIDATION_INVALID_TEMPLATE',
    ],
    ['a parameter to remove that is not there', 'PUT', { removeParams: ['ghost'] }, 400, 'VALIDATION_INVALID_FORMAT'],
    [
      'a definition that says otherwise',
      'PUT',
      { priority: 5, stackDefinition: 'name: queue\npriority: 6\n' },
      400,
      'VALIDATION_INVALID_FORMAT',
    ],
    ['a definition that is none', 'PUT', { stackDefinition: 'name: [' }, 400, 'VALIDATION_INVALID_FORMAT'],
  ])('refuses %s', async (_what, method, body, status, code) => {
    const answer = await app.call(method, method === 'POST' ? STACKS : `${STACKS}/queue`, body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it('[STK-011] refuses a cycle through the whole registry, with its path', async () => {
    const answer = await app.put(`${STACKS}/network`, { dependencies: ['queue'] });
    expect(answer).toMatchObject({
      status: 422,
      body: {
        code: 'VALIDATION_CIRCULAR_DEPENDENCY',
        details: { affectedStacks: expect.arrayContaining(['network', 'queue']) as unknown },
      },
    });
    expect(data(await app.get(`${STACKS}/network`))['dependencies']).toEqual([]);
  });

  it('lets a stack go only when nothing needs it, or by force', async () => {
    expect((await app.post('/api/v1/templates', { name: 'queues', stacks: ['network', 'queue'] })).status).toBe(201);
    const used = await app.call('DELETE', `${STACKS}/queue`);
    expect(used).toMatchObject({
      status: 409,
      body: { code: 'STACK_IN_USE', details: { templates: ['queues'], deployments: [] } },
    });
    const gone = await app.call('DELETE', `${STACKS}/queue?force=true`);
    expect([gone.status, data(gone)['affectedDeployments']]).toEqual([200, []]);
    expect((await app.get(`${STACKS}/queue`)).status).toBe(404);
    expect(data(await app.get(`${STACKS}?status=disabled`))['stacks']).toMatchObject([{ name: 'queue' }]);
    expect(data(await app.post('/api/v1/templates/queues/validate', {}))).toMatchObject({
      valid: false,
      errors: [{ ruleId: 'TPL-007', stack: 'queue' }],
    });
    expect((await app.call('DELETE', `${STACKS}/queue`)).status).toBe(404);
    expect(data(await app.post(STACKS, queue))['revision']).toBe(5);
  });

  it('registers all that is found, needed ones first', async () => {
    const all = data(await app.post(`${STACKS}/register-all`, { includeDependencies: true }));
    expect(all).toMatchObject({ registered: 1, failed: 1, total: 2 });
    expect(data(await app.get(`${STACKS}/billing`))).toMatchObject({
      dependencies: ['queue'],
      description: 'The billing',
    });
  });
});
