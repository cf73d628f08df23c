import { MINIMAL, TestApp, type Answer, type Body } from './app.harness.js';

const ACCOUNT = '/api/v1/sandbox/accounts/111111111111/resources';

interface Row {
  readonly name: string;
  readonly property: string;
  readonly expected: unknown;
  readonly actual: unknown;
  readonly repair: string;
}

describe('state and drift', () => {
  let test: TestApp;
  let id: string;
  const at = (path: string): string => `/api/v1/deployments/${id}/${path}`;
  const ended = async (started: Answer): Promise<Body['data']> => {
    expect(started).toMatchObject({ status: 202 });
    return test.ended(id, String(started.body.data['operationId']));
  };
  const run = async (path: string, body: object): Promise<Body['data']> =>
    ended(await test.post(at(path), { environment: 'dev', ...body }));
  const vpc = async (): Promise<{ id: string; properties: Record<string, unknown> }> => {
    const { body } = await test.get(`${ACCOUNT}?type=aws:ec2/vpc:Vpc`);
    const [first] = body.data['resources'] as { id: string; properties: Record<string, unknown> }[];
    if (!first) throw new TypeError('no VPC');
    return first;
  };
  const byHand = async (properties: object): Promise<void> => {
    await test.call('PATCH', `${ACCOUNT}/${(await vpc()).id}`, { properties });
  };
  const flags = async (): Promise<Record<string, boolean>> => {
    const { stacks } = (await test.get(at('drift?environment=dev'))).body.data as {
      stacks: { name: string; driftDetected: boolean }[];
    };
    return Object.fromEntries(stacks.map(({ name, driftDetected }) => [name, driftDetected]));
  };
  const versions = async (): Promise<{ kind: string }[]> =>
    (await test.get(at('versions?environment=dev'))).body.data['versions'] as { kind: string }[];

  beforeAll(async () => {
    test = await TestApp.start();
    id = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
  });
  afterAll(() => test.stop());

  it('has nothing to look at before the first deployment', async () => {
    const detect = await test.post(at('drift-detect'), { environment: 'dev' });
    expect(detect).toMatchObject({ status: 409, body: { code: 'RESOURCE_CONFLICT' } });
    expect(await test.post(at('drift-detect'), {})).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_REQUIRED_FIELD' },
    });
    expect(await test.get(at('state/export?environment=dev'))).toMatchObject({ status: 404 });
    expect((await test.get(at('resources'))).body.data).toMatchObject({ total: 0, byType: [] });
  });

  it('[10.5] lists what there is, counted by type and stack', async () => {
    await run('deploy', {});
    const all = (await test.get(at('resources?limit=100'))).body.data;
    expect(all['byType']).toContainEqual({ type: 'aws:ec2/vpc:Vpc', count: 1, stack: 'network' });
    const { resources, total } = (await test.get(at('resources?type=aws:ec2/vpc:Vpc'))).body.data;
    expect(total).toBe(1);
    expect(resources).toEqual([
      expect.objectContaining({ id: (await vpc()).id, stack: 'network', arn: expect.stringContaining('arn:aws:ec2') }),
    ]);
    const { environments } = (await test.get(at('state?environment=dev'))).body.data as {
      environments: { dev: { stacks: { name: string; version: number }[]; lock: null } };
    };
    expect(environments.dev.lock).toBeNull();
    expect(environments.dev.stacks).toContainEqual(
      expect.objectContaining({ name: 'network', pulumiStack: `${id}-network-dev`, status: 'deployed' }),
    );
  });

  it('[10.4] tells what somebody changed by hand, flags the stack, and holds nobody up', async () => {
    await byHand({ tags: { ...((await vpc()).properties['tags'] as object), Owner: 'hand' } });
    const before = await versions();
    const operation = await ended(await test.post(at('drift-detect?environment=dev'), {}));
    expect(operation).toMatchObject({
      type: 'drift-detect',
      preview: false,
      status: 'success',
      result: { summary: { totalStacks: 3, noDrift: 2, driftDetected: 1 } },
    });
    const { stacks } = operation['result'] as { stacks: { name: string; drifted: boolean; resources: Row[] }[] };
    expect(stacks.find(({ name }) => name === 'network')?.resources).toEqual([
      expect.objectContaining({ property: 'tags.Owner', expected: null, actual: 'hand', repair: 'update' }),
    ]);
    expect(await flags()).toMatchObject({ network: true, security: false });
    expect(await versions()).toEqual(before);
    const { events } = (await test.get(at(`events?operationId=${String(operation['operationId'])}&limit=200`))).body
      .data as { events: { type: string; data: object }[] };
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'drift_detected',
        data: expect.objectContaining({ stacks: ['network'], resourceCount: 1 }),
      }),
    );
  });

  it('[7.4] lets a flagged stack run in the next plan', async () => {
    const plan = await test.post(at('deploy'), { environment: 'dev', preview: true });
    expect(plan.body.data['stacksToDeploy']).toContainEqual(
      expect.objectContaining({ name: 'network', reasons: ['drift_detected'] }),
    );
    await ended(plan);
  });

  it('[10.4] puts simple differences right, after a confirmation', async () => {
    expect(await test.post(at('drift-fix'), { environment: 'dev' })).toMatchObject({
      status: 422,
      body: { code: 'CONFIRMATION_REQUIRED' },
    });
    const preview = await run('drift-fix', { preview: true });
    expect(preview['result']).toMatchObject({ stacks: { network: { update: 1, replace: 0, create: 0 } } });
    const fixed = await run('drift-fix', { confirm: true });
    expect(fixed).toMatchObject({ type: 'drift-fix', status: 'success', completedStacks: [{ name: 'network' }] });
    expect((await vpc()).properties['tags']).not.toHaveProperty('Owner');
    expect(await flags()).toMatchObject({ network: false });
    const again = await test.post(at('drift-fix'), { environment: 'dev', confirm: true });
    expect(again).toMatchObject({ status: 409, body: { code: 'RESOURCE_CONFLICT' } });
    const next = await run('deploy', {});
    expect((next['skippedStacks'] as unknown[]).length).toBe(3);
  });

  it('[10.4] leaves to a person what would be replaced or made anew', async () => {
    await byHand({ cidrBlock: '10.99.0.0/16' });
    await run('drift-detect', {});
    expect(await test.post(at('drift-fix'), { environment: 'dev', confirm: true })).toMatchObject({
      status: 422,
      body: { code: 'MANUAL_REVIEW_REQUIRED', details: { resources: [{ stack: 'network', repair: 'replace' }] } },
    });
  });

  it('[10.3] a refresh takes over what is there; the next deploy puts it back', async () => {
    const refreshed = await run('state/refresh', { stacks: ['network'] });
    expect(refreshed).toMatchObject({ type: 'refresh', status: 'success' });
    expect(await flags()).toMatchObject({ network: false });
    expect((await versions())[0]).toMatchObject({ kind: 'partial' });
    await byHand({ cidrBlock: '10.0.0.0/16' });
    await run('state/refresh', { stacks: ['network'] });
    const next = await test.post(at('deploy'), { environment: 'dev' });
    expect(next.body.data['stacksToDeploy']).toContainEqual(
      expect.objectContaining({ name: 'network', reasons: ['drift_detected'] }),
    );
    expect(await ended(next)).toMatchObject({ status: 'success' });
  });

  it('[10.4] keeps a schedule for each environment, off until somebody sets one', async () => {
    const set = (body: object, environment = 'dev'): Promise<Answer> =>
      test.put(at(`environments/${environment}/drift-schedule`), body);
    expect((await test.get(at('drift?environment=dev'))).body.data['schedule']).toBeNull();
    expect(await set({ cron: 'daily' })).toMatchObject({ status: 400, body: { code: 'VALIDATION_INVALID_FORMAT' } });
    expect(await set({ cron: 5 })).toMatchObject({ status: 400 });
    expect(await set({ cron: '0 2 * * *' }, 'moon')).toMatchObject({ status: 400 });
    expect(await set({ cron: '0 2 * * *' })).toMatchObject({
      status: 200,
      body: { data: { schedule: { cron: '0 2 * * *', nextAt: expect.stringContaining('T02:00:00') } } },
    });
    expect((await test.get(at('drift?environment=dev'))).body.data['schedule']).toMatchObject({ cron: '0 2 * * *' });
    expect((await set({ cron: null })).body.data['schedule']).toMatchObject({ cron: null, nextAt: null });
    expect((await set({})).body.data['schedule']).toBeNull();
  });

  it('[10.3] hands states out and keeps backups of them', async () => {
    const { state } = (await test.get(at('state/export?environment=dev&stack=network'))).body.data as {
      state: { version: number; deployment: { resources: unknown[] } };
    };
    expect(state.version).toBe(3);
    const yaml = await test.get(at('state/export?environment=dev&stack=network&format=yaml'));
    expect(yaml.headers.get('content-type')).toContain('yaml');
    const kept = await test.post(at('state/export'), { environment: 'dev', label: 'by hand' });
    expect(kept).toMatchObject({ status: 201, body: { data: { reason: 'manual', label: 'by hand' } } });
    const backup = await test.get(String(kept.body.data['downloadUrl']));
    expect(Object.keys(backup.body.data['states'] as object).sort()).toEqual(['dns', 'network', 'security']);
    expect(backup.body.data['checksum']).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('[10.3] imports a state of this stack that is not older, with a backup of what was there', async () => {
    const exported = (await test.get(at('state/export?environment=dev&stack=network'))).body.data['state'] as {
      deployment: { manifest: { time: string } };
    };
    const send = (body: object): Promise<Answer> =>
      test.post(at('state/import'), { environment: 'dev', stack: 'network', confirm: true, ...body });
    expect(await send({ state: exported, confirm: false })).toMatchObject({
      status: 422,
      body: { code: 'CONFIRMATION_REQUIRED' },
    });
    expect(await send({ state: { version: 2 } })).toMatchObject({ status: 422, body: { code: 'STATE_INVALID' } });
    expect(await send({ state: exported, stack: 'security' })).toMatchObject({
      status: 422,
      body: { code: 'STATE_INVALID' },
    });
    expect(await send({ state: exported, stack: 'nowhere' })).toMatchObject({ status: 404 });
    const old = { ...exported, deployment: { ...exported.deployment, manifest: { time: '2020-01-01T00:00:00Z' } } };
    expect(await send({ state: old })).toMatchObject({ status: 422, body: { code: 'STATE_VERSION_CONFLICT' } });
    const imported = await send({ state: exported });
    expect(imported).toMatchObject({ status: 200, body: { data: { stack: 'network' } } });
    const { previousVersion, version, backupId } = imported.body.data as Record<string, number>;
    expect(version).toBeGreaterThan(previousVersion ?? Infinity);
    expect((await versions())[0]).toMatchObject({ kind: 'import' });
    const restored = await send({ backupId });
    expect(restored).toMatchObject({ status: 200 });
    const next = await run('deploy', {});
    expect(next['completedStacks']).toEqual([expect.objectContaining({ name: 'network', resourcesCreated: 0 })]);
  });

  it('[10.3] a sync finds stacks whose status contradicts the backend, and corrects them on demand', async () => {
    const plain = await test.post(at('state/sync'), { environment: 'dev' });
    expect(plain).toMatchObject({ status: 200, body: { data: { stacksSynced: 3, conflicts: 0 } } });
    const empty = { version: 3, deployment: { manifest: { time: new Date().toISOString() }, resources: [] } };
    const kept = await test.post(at('state/export'), { environment: 'dev', stack: 'dns' });
    const into = { environment: 'dev', stack: 'dns', confirm: true, force: true };
    expect(await test.post(at('state/import'), { ...into, state: empty })).toMatchObject({ status: 200 });
    const gone = await test.get(at('state?environment=dev'));
    expect(JSON.stringify(gone.body.data)).toContain('"status":"destroyed"');
    await test.post(at('state/import'), { ...into, backupId: kept.body.data['backupId'] });
    expect((await test.post(at('state/sync'), { environment: 'dev', force: true })).body.data).toMatchObject({
      conflicts: 0,
    });
  });

  it('[10.3] adopts what exists already, protected', async () => {
    const { resources } = (await test.get(at('resources?stack=network&limit=100'))).body.data as {
      resources: { type: string; name: string; id: string; protect: boolean }[];
    };
    const [first] = resources.filter(({ type }) => type === 'aws:ec2/vpc:Vpc');
    const wanted = [{ type: 'aws:ec2/vpc:Vpc', name: 'adopted', id: first?.id }];
    const preview = await run('state/import-resources', { stack: 'dns', resources: wanted, preview: true });
    expect(preview['result']).toMatchObject({ stacks: { dns: { create: 1 } } });
    const missing = [{ type: 'aws:ec2/vpc:Vpc', name: 'adopted', id: 'vpc-00000000000000000' }];
    const failed = await run('state/import-resources', { stack: 'dns', resources: missing, confirm: true });
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'RESOURCE_IMPORT_FAILED' } });
    expect(await run('state/import-resources', { stack: 'dns', resources: wanted, confirm: true })).toMatchObject({
      status: 'success',
      type: 'state-import',
    });
    const after = (await test.get(at('resources?stack=dns&limit=100'))).body.data['resources'];
    expect(after).toContainEqual(expect.objectContaining({ name: 'adopted', protect: true }));
    const look = await run('state/import-resources', { stack: 'dns', resources: wanted, preview: true });
    expect(look['result']).toMatchObject({ stacks: { dns: { create: 0, same: 1 } } });
    const again = await run('state/import-resources', { stack: 'dns', resources: wanted, confirm: true });
    expect(again).toMatchObject({ status: 'success', completedStacks: [{ name: 'dns', resourcesCreated: 0 }] });
    expect((await test.get(at('resources?stack=dns&limit=100'))).body.data['resources']).toEqual(after);
    const [other] = resources.filter(({ type }) => type === 'aws:ec2/subnet:Subnet');
    const taken = [{ type: 'aws:ec2/vpc:Vpc', name: 'adopted', id: other?.id }];
    expect(await run('state/import-resources', { stack: 'dns', resources: taken, confirm: true })).toMatchObject({
      status: 'failed',
      error: { code: 'RESOURCE_IMPORT_FAILED', message: expect.stringContaining('in the state already') },
    });
  });

  it('[10.3] keeps a backup of the states that an automatic rollback replaces', async () => {
    const error = { code: 'UnauthorizedOperation', message: 'You are not authorized to perform this operation.' };
    const fail = { match: { type: 'aws:cloudwatch/logGroup:LogGroup' }, operation: 'update', error };
    const backupsOf = async (): Promise<{ reason: string; backupId: string; operationId: string | null }[]> =>
      (await test.get(at('state/backups?environment=dev'))).body.data['backups'] as never;
    await test.put(`/api/v1/deployments/${id}`, { stacks: { network: { config: { logRetentionDays: 30 } } } });
    await test.put('/api/v1/sandbox/faults', { rules: [fail] });
    const failed = await run('deploy', { stackFilter: ['network', 'security'] });
    await test.put('/api/v1/sandbox/faults', { rules: [] });
    expect(failed).toMatchObject({ status: 'failed', phase: 'rolled_back' });
    const [backup] = (await backupsOf()).filter(({ operationId }) => operationId === failed['operationId']);
    expect(backup).toMatchObject({ reason: 'rollback' });
    const states = (await test.get(at(`state/backups/${backup?.backupId}`))).body.data['states'];
    expect(Object.keys(states as object)).toEqual(['network']); // security never began
  });

  it('keeps a backup of every state before a destroy', async () => {
    await test.post(at('state/import'), { environment: 'dev', stack: 'dns', confirm: true, backupId: await lastDns() });
    await run('destroy', { confirm: true });
    const { backups } = (await test.get(at('state/backups?environment=dev'))).body.data as {
      backups: { reason: string; backupId: string }[];
    };
    expect(backups[0]).toMatchObject({ reason: 'destroy' });
    const states = (await test.get(at(`state/backups/${backups[0]?.backupId}`))).body.data['states'];
    expect(Object.keys(states as object).sort()).toEqual(['dns', 'network', 'security']);
  });

  /** Before anything was adopted. */
  async function lastDns(): Promise<string> {
    const { backups } = (await test.get(at('state/backups?environment=dev&stack=dns'))).body.data as {
      backups: { reason: string; backupId: string; stack: string | null }[];
    };
    return backups.find(({ reason, stack }) => reason === 'manual' && stack === 'dns')?.backupId ?? '';
  }
});
