import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';
import { MINIMAL, TestApp, type Answer, type Body } from './app.harness.js';

const OUTPUT = '{{RUNTIME:network:flowLogsLogGroupName}}';
const PARAMETER = '{{RUNTIME:aws:ssmParameter:/app/image}}';

interface Case {
  readonly what: string;
  /** Of the preview; default: everything. */
  readonly plan?: object;
  readonly change: () => Promise<unknown>;
  readonly told: readonly object[];
}

describe('a plan that was reviewed before somebody else changed something', () => {
  const sources = mkdtempSync(join(tmpdir(), 'cloud-stale-plans-'));
  let test: TestApp;
  let id: string;
  beforeAll(async () => {
    cpSync(join(PROJECT_ROOT, 'stacks'), sources, {
      recursive: true,
      filter: (path) => !path.includes('node_modules'),
    });
    test = await TestApp.start({ STACKS_ROOT: sources });
    id = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
    await parameter('v1');
    await edit({ security: { config: { note: OUTPUT, image: PARAMETER } } });
    await run();
  });
  afterAll(async () => {
    await test.stop();
    rmSync(sources, { recursive: true, force: true });
  });

  const deploy = (body: object): Promise<Answer> =>
    test.post(`/api/v1/deployments/${id}/deploy`, { environment: 'dev', ...body });
  const edit = (stacks: object): Promise<Answer> => test.put(`/api/v1/deployments/${id}`, { stacks });
  const parameter = (value: string): Promise<Answer> =>
    test.put('/api/v1/sandbox/parameters', { ssm: { '/app/image': value }, secrets: {} });
  const run = async (body: object = {}): Promise<Body['data']> => {
    const started = await deploy(body);
    expect(started.body).toMatchObject({ success: true });
    const end = await test.ended(id, String(started.body.data['operationId']));
    expect(end).toMatchObject({ status: 'success' });
    return end;
  };

  it.each<Case>([
    {
      what: 'the manifest',
      change: () => edit({ dns: { priority: 11 } }),
      told: [{ what: 'manifest', from: 2, to: 3 }],
    },
    {
      what: 'the code of a program',
      change: async () => appendFileSync(join(sources, 'network', 'src', 'index.ts'), '\n// another line\n'),
      told: [{ what: 'fingerprint', stack: 'network', parts: ['code'] }],
    },
    {
      what: 'what stands there',
      change: () => run({ stackFilter: ['dns'], force: true }),
      told: [expect.objectContaining({ what: 'stack_version', stack: 'dns' }) as object],
    },
    {
      what: 'an output that one of its stacks reads',
      plan: { stackFilter: ['security'] },
      change: () => run({ stackFilter: ['network'], overrides: { network: { enableFlowLogs: false } } }),
      told: [{ what: 'fingerprint', stack: 'security', parts: [OUTPUT] }],
    },
    {
      what: 'a value in the cloud that one of its stacks reads',
      change: () => parameter('v2'),
      told: [{ what: 'fingerprint', stack: 'security', parts: [PARAMETER] }],
    },
    {
      what: 'which stacks there are',
      change: () => edit({ dns: { enabled: false } }),
      told: [
        { what: 'manifest', from: 3, to: 4 },
        { what: 'stack_removed', stack: 'dns' },
      ],
    },
  ])('is refused after a change of $what, which the answer names', async ({ plan = {}, change, told }) => {
    await run(); // so that everything is known and nothing is due
    const planId = String((await run({ preview: true, ...plan }))['operationId']);
    await change();
    const versions = (await test.get(`/api/v1/deployments/${id}/versions?environment=dev`)).body.data;
    const refused = await deploy({ planId });
    expect(refused).toMatchObject({ status: 409, body: { code: 'PLAN_STALE', details: { planId, changes: told } } });
    expect(refused.body.message).toContain(`Plan ${planId} is stale: `);
    expect((await test.get(`/api/v1/deployments/${id}/versions?environment=dev`)).body.data).toEqual(versions);
  });
});
