/**
 * No secret leaves its place (stacks.md X11 on the running server): every stack gets a secret by a look-up, one is typed into the
 * cloud for a program to read, passwords are made at random, and runs fail over them. All is searched afterwards.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { SandboxCloud } from '../../tools/sandbox-cloud/sandbox-cloud.js';
import { TestApp, testSettings, type Body } from './app.harness.js';
import { ACCOUNTS, STACKS } from './default-story.js';
import { SecretSearch } from './secret-search.js';
import { ServerProcess } from './server-process.js';

// Sixteen programs in a server that writes down everything.
jest.setTimeout(900_000);

const canary = (name: string): string => `canary-${name}-${randomBytes(9).toString('hex')}`;

describe('a secret of any of the sixteen stacks', () => {
  const settings: Record<string, string> = {
    ...testSettings(mkdtempSync(join(tmpdir(), 'cloud-canary-e2e-'))),
    LOG_LEVEL: 'debug',
    RATE_LIMIT_EXPORT_PER_MINUTE: '1000',
  };
  const secrets: Record<string, string> = Object.fromEntries(
    STACKS.map((stack) => [`look-up of ${stack}`, canary(stack)]),
  );
  /** What the sandbox is told to have, by its id there. */
  const entered: Record<string, string> = Object.fromEntries(
    STACKS.map((stack) => [`canary/${stack}`, secrets[`look-up of ${stack}`] ?? '']),
  );
  const printed: string[] = [];
  const answers: string[] = [];
  let server: ServerProcess;
  let client: MongoClient;
  /** Opens what is sealed; runs nothing. */
  let twin: TestApp;
  let id: string;
  let search: SecretSearch;

  const enter = (id: string, value: string): Promise<unknown> =>
    server.data('PUT', '/api/v1/sandbox/parameters', { ssm: {}, secrets: Object.assign(entered, { [id]: value }) });
  const edit = (stacks: Readonly<Record<string, object>>): Promise<unknown> =>
    server.data('PUT', `/api/v1/deployments/${id}`, {
      stacks: Object.fromEntries(Object.entries(stacks).map(([stack, config]) => [stack, { config }])),
    });
  const deploy = async (): Promise<Body['data']> => {
    const body = { environment: 'dev', rollbackOnError: false };
    const { operationId } = await server.data('POST', `/api/v1/deployments/${id}/deploy`, body);
    for (;;) {
      const operation = await server.data('GET', `/api/v1/deployments/${id}/operations/${String(operationId)}`);
      if (['success', 'failed', 'cancelled'].includes(String(operation['status']))) return operation;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  };
  const read = async (path: string): Promise<void> => {
    answers.push(JSON.stringify((await server.call('GET', path)).body));
  };
  const account = async () => {
    const scope = { organization: 'demo', account: ACCOUNTS.dev };
    const { resources } = await twin.app
      .get(SandboxCloud, { strict: false })
      .inventory(scope, {}, { skip: 0, limit: 1000 });
    return resources;
  };

  beforeAll(async () => {
    server = await ServerProcess.start(settings, undefined, (text) => printed.push(text));
    twin = await TestApp.start({ ...settings, LOG_LEVEL: 'silent', ROLES: 'api', ENGINE_RUNNERS: '0' });
    client = await MongoClient.connect(settings['MONGODB_URI'] ?? '');
    const made = await server.data('POST', '/api/v1/deployments', {
      organization: 'demo',
      project: 'Web Shop',
      domain: 'shop.example.com',
      template: 'default',
      accounts: ACCOUNTS,
    });
    id = String(made['deploymentId']);
    await enter('canary/none', canary('none'));
    await edit(
      Object.fromEntries(STACKS.map((stack) => [stack, { extraTags: { Canary: `{{SECRET:canary/${stack}}}` } }])),
    );
    expect(await deploy()).toMatchObject({ status: 'success', phase: 'deployed', error: null });
  });
  afterAll(async () => {
    await server.stop();
    await client.db().dropDatabase();
    await client.close();
    await twin.stop();
  });

  it('reaches the cloud', async () => {
    const tags = new Set(
      (await account()).map(({ properties }) => (properties['tags'] as Record<string, string>)?.['Canary']),
    );
    for (const stack of STACKS) expect(tags).toContain(secrets[`look-up of ${stack}`]);
  });

  it('may be typed into the cloud and read by a program', async () => {
    const holder = (await account()).find(({ properties }) => String(properties['name']).endsWith('oauth-providers'));
    secrets['typed in'] = canary('google');
    await enter(String(holder?.properties['name']), JSON.stringify({ googleClientSecret: secrets['typed in'] }));
    await edit({ authentication: { enableGoogle: true, googleClientId: '{{RUNTIME:calculate:randomPassword:40}}' } });
    expect(await deploy()).toMatchObject({ status: 'success', error: null });
    const provider = (await account()).find(({ type }) => type === 'aws:cognito/identityProvider:IdentityProvider');
    const details = provider?.properties['providerDetails'] as Record<string, string>;
    expect(details['client_secret']).toBe(secrets['typed in']);
    secrets['made by calculate'] = String(details['client_id']);
  });

  it('may be named by a cloud that refuses it', async () => {
    const error = {
      code: 'InvalidParameterValueException',
      message: `Bad tag ${secrets['look-up of compute-lambda']}`,
    };
    const rule = { match: { type: 'aws:lambda/function:Function' }, operation: 'update', nth: 1, times: 99, error };
    await server.data('PUT', '/api/v1/sandbox/faults', { rules: [rule] });
    await edit({ 'compute-lambda': { dataProcessorMemory: 768 } });
    const operation = await deploy();
    expect(operation).toMatchObject({ status: 'failed', error: { stack: 'compute-lambda' } });
    expect(JSON.stringify(operation['error'])).toContain('Bad tag ***');
    await server.data('PUT', '/api/v1/sandbox/faults', { rules: [] });
    expect(await deploy()).toMatchObject({ status: 'success' });
  });

  it('may be one that a program cannot read', async () => {
    const holder = (await account()).find(({ properties }) => String(properties['name']).endsWith('oauth-providers'));
    secrets['typed in wrongly'] = canary('no-json');
    await enter(String(holder?.properties['name']), secrets['typed in wrongly']);
    await edit({ authentication: { accessTokenMinutes: 30 } });
    expect(await deploy()).toMatchObject({ status: 'failed', error: { stack: 'authentication' } });
  });

  it('is known by name to this test', async () => {
    for (const { type, urn, properties } of await account()) {
      for (const key of ['secretString', 'password', 'masterPassword']) {
        const value = properties[key];
        if (typeof value === 'string' && value.length >= 12)
          secrets[`${key} of ${type} ${urn.split('::').at(-1)}`] = value;
      }
    }
    expect(Object.keys(secrets).filter((name) => name.startsWith('secretString')).length).toBeGreaterThanOrEqual(3);
    expect(secrets['made by calculate']).toHaveLength(40);
    search = new SecretSearch(secrets);
    expect(search.in(Buffer.from(`x${secrets['typed in']}y`).toString('base64'))).toEqual(['typed in']);
  });

  it('stands in no line of the log', () => {
    expect(printed.join('').split('\n').length).toBeGreaterThan(100);
    const lines = printed
      .join('')
      .split('\n')
      .filter((line) => search.in(line).length > 0);
    expect(lines).toEqual([]);
  });

  it('stands in no document in clear', async () => {
    expect(await search.inDatabase(client.db())).toEqual({});
  });

  it('stands in no file of the data folder', () => {
    expect(search.inFolder(settings['DATA_DIR'] ?? '')).toEqual({});
  });

  it('stands in no answer', async () => {
    const base = `/api/v1/deployments/${id}`;
    await read(base);
    await read(`${base}/manifest`);
    await read(`${base}/status?environment=dev`);
    await read(`${base}/versions?environment=dev`);
    await read(`${base}/operations?limit=100`);
    await read(`${base}/resources?environment=dev&limit=100`);
    await read(`${base}/state?environment=dev`);
    await read('/api/v1/sandbox/faults');
    for (const stack of STACKS) {
      await read(`${base}/stacks/${stack}/config/explain?environment=dev`);
      await read(`${base}/stacks/${stack}/export?environment=dev`);
      await read(`${base}/state/export?environment=dev&stack=${stack}`);
    }
    for (let cursor = '', more = true; more;) {
      const { body } = await server.call('GET', `${base}/events?limit=1000${cursor}`);
      answers.push(JSON.stringify(body));
      const next = body.data['nextCursor'];
      more = typeof next === 'string' && (body.data['events'] as unknown[]).length === 1000;
      cursor = `&cursor=${String(next)}`;
    }
    expect(answers.filter((answer) => search.in(answer).length > 0).map((answer) => answer.slice(0, 300))).toEqual([]);
  });

  it('stands in no line and no file of the logs of the deployment, where *** stands for it', async () => {
    const base = `/api/v1/deployments/${id}/logs`;
    const told: string[] = [];
    for (let cursor = '', more = true; more;) {
      const { logs, nextCursor } = await server.data('GET', `${base}?level=debug&limit=1000${cursor}`);
      told.push(...(logs as unknown[]).map((line) => JSON.stringify(line)));
      more = nextCursor !== null;
      cursor = `&cursor=${String(nextCursor)}`;
    }
    for (const stack of STACKS) {
      const isResolved = (line: string): boolean => line.includes(`{{RUNTIME:aws:secret:canary/${stack}}} = ***`);
      expect([stack, told.some(isResolved)]).toEqual([stack, true]);
    }
    expect(told.some((line) => line.includes('Bad tag ***'))).toBe(true);
    const { files, pagination } = await server.data('GET', `${base}/files?limit=100`);
    expect((pagination as { total: number }).total).toBe((files as unknown[]).length);
    expect((files as { name: string }[]).length).toBeGreaterThan(STACKS.length);
    for (const { name } of files as { name: string }[]) {
      const { status, body } = await server.call('GET', `${base}/files/${name}`);
      expect([name, status]).toEqual([name, 200]);
      told.push(JSON.stringify(body));
    }
    expect(told.filter((text) => search.in(text).length > 0).map((text) => text.slice(0, 300))).toEqual([]);
  });

  it('stands in no user data', async () => {
    const texts = (await account()).flatMap(({ properties }) =>
      typeof properties['userData'] === 'string' ? [Buffer.from(properties['userData'], 'base64').toString()] : [],
    );
    expect(texts.length).toBeGreaterThanOrEqual(2);
    expect(texts.flatMap((text) => search.in(text))).toEqual([]);
  });
});
