/** The log of a deployment from its initialisation to its end (deployments.md 11): read, filtered, followed, downloaded, mirrored. */
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Body, MINIMAL, TestApp } from './app.harness.js';
import { LiveClient } from './live-client.js';

jest.setTimeout(600_000);

interface Line {
  readonly timestamp: string;
  readonly level: string;
  readonly environment: string | null;
  readonly stack: string | null;
  readonly component: string;
  readonly operation: string;
  readonly operationId: string | null;
  readonly message: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly cursor: string;
}
interface File {
  readonly name: string;
  readonly type: string;
  readonly stack: string | null;
  readonly path: string;
  readonly sizeBytes: number;
}

const PASSWORD = 'Quiet-Lantern-42';
const SECRET = 'hunter2-of-the-logs';

describe('the log of a deployment', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'cloud-logs-e2e-'));
  let test: TestApp;
  let id: string;
  let first: string;
  let failed: string;
  let follower: LiveClient | undefined;

  const base = (): string => `/api/v1/deployments/${id}/logs`;
  const data = async (path: string): Promise<Body['data']> => {
    const { status, body } = await test.get(path);
    expect([status, body.message]).toEqual([200, undefined]);
    return body.data;
  };
  const page = (query: string): Promise<Body['data']> => data(`${base()}?${query}`);
  const lines = async (query: string): Promise<readonly Line[]> =>
    (await page(`limit=1000&${query}`))['logs'] as unknown as Line[];
  const files = async (query = ''): Promise<readonly File[]> =>
    (await data(`${base()}/files?limit=100&${query}`))['files'] as unknown as File[];
  const text = async (name: string): Promise<string> => {
    const answer = await test.get(`${base()}/files/${name}`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="${name}"`);
    return String((answer.body as unknown as { text: string }).text);
  };
  const run = async (kind: string, body: object): Promise<string> => {
    const started = await test.post(`/api/v1/deployments/${id}/${kind}`, { environment: 'dev', ...body });
    const operationId = String(started.body.data['operationId']);
    await test.ended(id, operationId);
    return operationId;
  };
  const aMember = async (assignment: object): Promise<Record<string, string>> => {
    const email = `reader${Math.random().toString(36).slice(2)}@demo.example`;
    const assignments = [{ organization: 'demo', role: 'viewer', ...assignment }];
    const made = await test.post('/api/v1/admin/users', { email, password: PASSWORD, name: 'Reader', assignments });
    expect([made.status, made.body.message]).toEqual([201, undefined]);
    const { body } = await test.post('/api/v1/auth/login', { username: email, password: PASSWORD });
    return { authorization: `Bearer ${String(body.data['accessToken'])}` };
  };

  beforeAll(async () => {
    test = await TestApp.start({
      DATA_DIR: dataDir,
      DEPLOY_ROOT: join(dataDir, 'deploy'),
      RATE_LIMIT_EXPORT_PER_MINUTE: '1000',
    });
    const variables = { VPC_CIDR_DEV: '10.9.0.0/16' };
    const { body } = await test.post('/api/v1/deployments', { ...MINIMAL, variables });
    id = String(body.data['deploymentId']);
    await test.put('/api/v1/sandbox/parameters', { ssm: {}, secrets: { 'app/tag': SECRET } });
    const tags = { extraTags: { Owner: '{{SECRET:app/tag}}' } };
    await test.put(`/api/v1/deployments/${id}`, { stacks: { network: { config: tags } } });
    const [last] = (await page('order=desc&limit=1'))['logs'] as unknown as Line[];
    follower = await LiveClient.open(test.url, test.token);
    follower.send({
      action: 'subscribe',
      channel: `deployments/${id}`,
      events: ['log'],
      minLevel: 'info',
      since: last?.cursor,
    });
    first = await run('deploy', {});
    const error = { code: 'VpcLimitExceeded', message: `No more of ${SECRET}` };
    const rule = { match: { type: 'aws:kms/key:Key' }, operation: 'update', nth: 1, times: 9, error };
    await test.put('/api/v1/sandbox/faults', { rules: [rule] });
    const config = { extraTags: { Changed: 'yes', Owner: '{{SECRET:app/tag}}' } };
    await test.put(`/api/v1/deployments/${id}`, { stacks: { security: { config } } });
    failed = await run('deploy', { rollbackOnError: false });
    await test.put('/api/v1/sandbox/faults', { rules: [] });
  });
  afterAll(async () => {
    follower?.cut();
    await test.stop();
  });

  it('begins with its initialisation: template, variables, environments, layers, validation', async () => {
    const init = await lines('type=init');
    expect(init.map(({ component, message }) => `[${component}] ${message}`)).toEqual(
      expect.arrayContaining([
        expect.stringContaining(`[init] deployment ${id} of demo / Web Shop (shop.example.com)`),
        expect.stringMatching(/^\[init\] template minimal \d/),
        '[init] variables: VPC_CIDR_DEV = 10.9.0.0/16',
        '[resolve] layer 1: dns, network',
        '[validate] validation: passed up to level config',
      ]),
    );
    expect(init.every((line) => line.operation === 'init' && line.environment === null)).toBe(true);
  });

  it('tells a run in order: start, plan with reasons, resolved values, every resource, end', async () => {
    const told = await lines(`operationId=${first}`);
    const messages = told.map(({ message }) => message);
    expect(messages[0]).toContain('deploy of dev started by admin@demo.example: 3 stacks in 2 layers');
    expect(messages).toContain('network (layer 1) deploy: It is not deployed.');
    expect(told.filter(({ component }) => component === 'plan').map(({ stack }) => stack)).toEqual([
      'dns',
      'network',
      'security',
    ]);
    expect(told.filter(({ component }) => component === 'resolve').map(({ message }) => message)).toEqual([
      expect.stringMatching(/^network: \{\{RUNTIME:aws:secret:app\/tag\}\} = \*\*\*, .*availabilityZones/),
      expect.stringMatching(/^security: \{\{RUNTIME:network:vpcId\}\} = vpc-/),
    ]);
    expect(messages.filter((message) => message.startsWith('created '))).toHaveLength(56);
    expect(messages.at(-1)).toMatch(/^complete after \d+ s, deployed: 3 done.* resources 56 created/);
    const times = told.map(({ timestamp }) => timestamp);
    expect(times).toEqual([...times].sort());
    expect(new Set(told.map(({ operation }) => operation))).toEqual(new Set(['deploy']));
  });

  it('holds configuration for diagnosis, and no secret at any level', async () => {
    const all = await lines('level=debug');
    const [config] = await lines('level=debug&stack=network&search=configuration:');
    expect(config).toMatchObject({ level: 'debug', component: 'network' });
    expect(config?.message).toContain('vpcCidr = 10.9.0.0/16');
    expect(config?.message).toContain('extraTags = ***');
    expect(JSON.stringify(all)).not.toContain(SECRET);
    expect((await lines('')).some(({ level }) => level === 'debug')).toBe(false);
  });

  it.each([
    ['stack', 'stack=dns', (line: Line) => line.stack === 'dns'],
    ['several stacks', 'stack=dns,network', (line: Line) => ['dns', 'network'].includes(line.stack ?? '')],
    ['lowest level', 'level=warn', (line: Line) => ['warn', 'error'].includes(line.level)],
    ['environment', 'environment=dev', (line: Line) => line.environment === 'dev'],
    ['type', 'type=deploy', (line: Line) => line.operation === 'deploy'],
    ['text, in any case', 'search=AWS:EC2%2FVPC', (line: Line) => line.message.includes('aws:ec2/vpc')],
    ['text, literally', 'search=(vpc)', (line: Line) => line.message.includes('(vpc)')],
    ['duration', 'since=1h', () => true],
    ['moment', 'since=2020-01-01T00:00:00Z&until=2100-01-01', () => true],
  ])('is filtered by %s', async (_what, query, fits) => {
    const all = await lines('');
    const found = await page(`limit=1000&${query}`);
    expect(found['logs']).toEqual(all.filter(fits));
    expect(found['total']).toBe((found['logs'] as unknown[]).length);
    expect(found['returned']).toBeGreaterThan(0);
  });

  it.each(['environment=stage', 'until=2020-01-01', 'search=.*', 'type=rollback', 'operationId=op-none', 'since=0s'])(
    'is empty for %s',
    async (query) => {
      expect(await page(query)).toMatchObject({ logs: [], total: 0, returned: 0, nextCursor: null });
    },
  );

  it.each(['asc', 'desc'])('is read page by page without gap or repetition (%s)', async (order) => {
    const all = (await lines('')).map(({ cursor }) => cursor);
    const read: string[] = [];
    for (let cursor = ''; ;) {
      const { logs, nextCursor } = await page(`limit=37&order=${order}${cursor && `&cursor=${cursor}`}`);
      read.push(...(logs as unknown as Line[]).map((line) => line.cursor));
      if (nextCursor === null) break;
      cursor = String(nextCursor);
    }
    expect(read).toEqual(order === 'asc' ? all : [...all].reverse());
  });

  it('is followed live by asking for log events alone: the same lines, once each', async () => {
    const wanted = (await lines('')).filter(({ operation }) => operation !== 'init');
    await follower?.until((client) => client.frames.length >= wanted.length);
    const seen = follower?.frames.map(({ type, cursor, data: { message } }) => ({ type, cursor, message }));
    expect(seen).toEqual(wanted.map(({ cursor, message }) => ({ type: 'log', cursor, message })));
  });

  it('tells a failure with its cause, its class and the way out', async () => {
    const errors = await lines(`operationId=${failed}&level=error`);
    expect(errors.map(({ component }) => component)).toEqual(expect.arrayContaining(['security', 'deploy']));
    expect(errors.at(-1)?.message).toMatch(/^failed after \d+ s at security: /);
    const [file] = (await files('type=error')).map(({ name }) => name);
    expect(file).toMatch(/^error-deploy-\d{8}-\d{6}\.log$/);
    const content = await text(String(file));
    expect(content).toMatch(/\[ERROR\] \[security\] failed: .*No more of \*\*\*/);
    expect(content).toContain(`Operation: ${failed} (deploy)`);
    expect(content).toMatch(/\[ERROR\] \[security\] {3}Solution: \S/);
    expect(content).not.toContain(SECRET);
  });

  it('is there as files of the specified names, whose text is the lines', async () => {
    const all = await files();
    const kinds = all.map(({ name, type }) => `${type} ${name.replace(/\d{8}-\d{6}/, 'STAMP')}`);
    expect(new Set(kinds)).toEqual(
      new Set([
        'init init.log',
        'deploy deploy-dev-STAMP.log',
        'stack dns-dev-STAMP.log',
        'stack network-dev-STAMP.log',
        'stack security-dev-STAMP.log',
        'error error-deploy-STAMP.log',
      ]),
    );
    for (const { name, path, sizeBytes } of all) {
      const content = await text(name);
      expect(Buffer.byteLength(content)).toBe(sizeBytes);
      expect(path).toContain(`${id}-demo-web-shop/logs/${name}`);
      for (const row of content.trimEnd().split('\n')) {
        expect(row).toMatch(/^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] \[(DEBUG|INFO|WARN|ERROR)\] \[[a-z0-9-]+\] ./);
      }
    }
    const network = all.filter(({ stack }) => stack === 'network').at(-1);
    const told = await lines(`operationId=${first}&stack=network&level=debug`);
    const own = told.filter(({ component }) => component === 'network');
    expect((await text(String(network?.name))).trimEnd().split('\n')).toHaveLength(own.length);
    expect((await files('stack=dns&environment=dev')).every(({ stack }) => stack === 'dns')).toBe(true);
  });

  it('is mirrored into the folder of the deployment, byte for byte', async () => {
    const folder = join(dataDir, 'deploy', `${id}-demo-web-shop`, 'logs');
    const names = (await files()).map(({ name }) => name).sort();
    while (readdirSync(folder).filter((name) => name.endsWith('.log')).length < names.length) {
      await new Promise((resolve) => setTimeout(resolve, 100)); // written after the end, without keeping it waiting
    }
    expect(
      readdirSync(folder)
        .filter((name) => name.endsWith('.log'))
        .sort(),
    ).toEqual(names);
    for (const name of names) expect(readFileSync(join(folder, name), 'utf8')).toBe(await text(name));
  });

  it('shows its last lines in the operation and its stacks', async () => {
    const operation = await data(`/api/v1/deployments/${id}/operations/${failed}`);
    const last = (await lines(`operationId=${failed}`)).slice(-50).map(({ message }) => message);
    expect((operation['logs'] as Line[]).map(({ message }) => message)).toEqual(last);
    const { stacks } = await data(`/api/v1/deployments/${id}/progress?environment=dev`);
    const security = (stacks as Record<string, { logs: Line[] }>)['security'];
    expect(security?.logs.at(-1)?.message).toContain('failed: ');
  });

  it.each([
    ['environment=qa', 'environment'],
    ['stack=No%20Stack', 'stack'],
    ['type=everything', 'type'],
    ['level=loud', 'level'],
    ['since=yesterday', 'since'],
    ['until=later', 'until'],
    ['since=2030-01-02&until=2030-01-01', 'since'],
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=ten', 'limit'],
    ['order=up', 'order'],
    ['cursor=bm90LWEtY3Vyc29y', 'cursor'],
    ['cursor=%24', 'cursor'],
    [`search=${'x'.repeat(201)}`, 'search'],
    ['lvl=warn', 'lvl'],
  ])('refuses %s naming the field', async (query, field) => {
    const { status, body } = await test.get(`${base()}?${query}`);
    expect([status, body.code]).toEqual([
      400,
      field === 'lvl' ? 'VALIDATION_UNKNOWN_FIELD' : 'VALIDATION_INVALID_FORMAT',
    ]);
    expect(body.details).toEqual([{ field, messages: expect.any(Array) }]);
  });

  it.each([
    ['deploy.log', 400, 'VALIDATION_INVALID_FORMAT'],
    ['..%2F..%2Fsecret.log', 400, 'VALIDATION_INVALID_FORMAT'],
    ['deploy-qa-20300101-120000.log', 400, 'VALIDATION_INVALID_FORMAT'],
    ['deploy-dev-20300101-120000.log', 404, 'RESOURCE_NOT_FOUND'],
    ['destroy-dev-20300101-120000.log', 404, 'RESOURCE_NOT_FOUND'],
  ])('has no file %s', async (name, status, code) => {
    const answer = await test.get(`${base()}/files/${name}`);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it.each(['?type=nothing', '?page=0', '?limit=101', '?environment=qa', '?stack=A'])(
    'lists no files for %s',
    async (query) => {
      expect((await test.get(`${base()}/files${query}`)).status).toBe(400);
    },
  );

  it('is open to those who may read it: another organization finds nothing, one environment is not another', async () => {
    const routes = ['', '/files', '/files/init.log'];
    await test.post('/api/v1/admin/organizations', { name: 'elsewhere' });
    const stranger = await aMember({ organization: 'elsewhere' });
    const onlyStage = await aMember({ environments: ['stage'] });
    const viewer = await aMember({});
    for (const route of routes) {
      expect((await test.get(`${base()}${route}`, stranger)).status).toBe(404);
      expect((await test.get(`${base()}${route}`, viewer)).status).toBe(200);
      expect((await test.get(`${base()}${route}`, { authorization: '' })).status).toBe(401);
      expect((await test.get(`/api/v1/deployments/D00000${route && '/logs'}${route}`, viewer)).status).toBe(404);
    }
    const seen = (await test.get(`${base()}?limit=1000&level=debug`, onlyStage)).body.data['logs'] as unknown as Line[];
    expect(new Set(seen.map(({ operation }) => operation))).toEqual(new Set(['init']));
    expect((await test.get(`${base()}?environment=dev`, onlyStage)).status).toBe(403);
    const [file] = await files('type=deploy');
    expect((await test.get(`${base()}/files/${file?.name}`, onlyStage)).status).toBe(404);
  });

  it('says in the metrics of the deployment what its operations came to', async () => {
    const { metrics } = await data(`/api/v1/deployments/${id}/metrics?environment=dev&period=1h`);
    expect(metrics).toMatchObject({
      deployments: { total: 2, successful: 1, failed: 1, successRate: 0.5 },
      resources: { created: 56, deleted: 0 },
      skip: { stacks: 2 },
      stacks: [
        { name: 'dns', deployments: 1, successRate: 1 },
        { name: 'network', deployments: 1, successRate: 1 },
        { name: 'security', deployments: 2, successRate: 0.5 },
      ],
    });
  });

  it.each([
    ['period=2h', 'period'],
    ['environment=qa', 'environment'],
    ['days=3', 'days'],
  ])('refuses metrics with %s naming the field', async (query, field) => {
    const { status, body } = await test.get(`/api/v1/deployments/${id}/metrics?${query}`);
    expect([status, body.details]).toEqual([400, [{ field, messages: expect.any(Array) }]]);
  });

  it('stays after a destroy, which has a log of its own', async () => {
    const before = await lines('');
    const destroyed = await run('destroy', { confirm: true });
    const after = await lines('');
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after.at(-1)).toMatchObject({ operationId: destroyed, component: 'destroy' });
    expect((await files('type=destroy'))[0]?.name).toMatch(/^destroy-dev-\d{8}-\d{6}\.log$/);
  });
});

it('is there without the mirror too, with paths that are only names', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'cloud-logs-e2e-'));
  const root = join(dataDir, 'deploy');
  const test = await TestApp.start({ DATA_DIR: dataDir, DEPLOY_ROOT: root, DEPLOY_MIRROR: 'false' });
  try {
    const id = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
    const { body } = await test.get(`/api/v1/deployments/${id}/logs/files`);
    expect(body.data['files']).toMatchObject([
      { name: 'init.log', type: 'init', path: `./cloud/deploy/${id}-demo-web-shop/logs/init.log` },
    ]);
    const { body: file } = await test.get(`/api/v1/deployments/${id}/logs/files/init.log`);
    expect(file['text']).toContain(`[INFO] [init] deployment ${id} of demo / Web Shop`);
    expect(existsSync(root)).toBe(false);
  } finally {
    await test.stop();
  }
});
