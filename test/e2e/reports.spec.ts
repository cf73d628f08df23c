import { OPERATION_REPORT, type OperationReport } from '../../src/modules/deployments/reports/operation-report.js';
import { parseXml } from '../fakes/xml-tree.js';
import { MINIMAL, TestApp, type Answer } from './app.harness.js';

describe('the report of an operation', () => {
  let test: TestApp;
  let id: string;
  const at = (path: string): string => `/api/v1/deployments/${id}/${path}`;
  const start = async (path: string, body: object = {}): Promise<string> => {
    const started = await test.post(at(path), { environment: 'dev', ...body });
    expect(started).toMatchObject({ status: 202 });
    return String(started.body.data['operationId']);
  };
  const run = async (path: string, body: object = {}): Promise<string> => {
    const operationId = await start(path, body);
    await test.ended(id, operationId);
    return operationId;
  };
  const ask = (operationId: string, query = ''): Promise<Answer> =>
    test.get(at(`operations/${operationId}/report${query}`));
  /** As JSON, held to the published definition; the other two forms must be there for it as well. */
  const report = async (operationId: string): Promise<OperationReport> => {
    const { status, body } = await ask(operationId);
    expect(status).toBe(200);
    const markdown = await ask(operationId, '?format=markdown');
    expect(markdown.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    expect(String(markdown.body['text'])).toContain(id);
    const junit = await ask(operationId, '?format=junit');
    expect(junit.headers.get('content-type')).toBe('application/xml; charset=utf-8');
    expect(parseXml(String(junit.body['text'])).name).toBe('testsuites');
    return OPERATION_REPORT.parse(body.data);
  };
  const results = ({ stacks }: OperationReport): Record<string, string> =>
    Object.fromEntries(stacks.map(({ name, result, reason }) => [name, `${result} ${reason}`]));

  beforeAll(async () => {
    test = await TestApp.start();
    id = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
  });
  afterAll(() => test.stop());

  it('follows a deployment from its preview to the end', async () => {
    const preview = await report(await run('deploy', { preview: true }));
    expect(preview).toMatchObject({ preview: true, result: 'success', resources: { created: 0 } });
    expect(preview.stacks.find(({ name }) => name === 'network')?.planned?.create).toBeGreaterThan(5);
    const first = await report(await run('deploy', { message: 'first one' }));
    expect(first).toMatchObject({ isFinal: true, result: 'success', message: 'first one', totals: { succeeded: 3 } });
    expect(first.resources.created).toBeGreaterThan(20);
    expect(first.times.durationSeconds).toBeGreaterThan(0);
    const endpoints = { 'dns.domainName': 'dev.shop.example.com' };
    expect(first.endpoints).toEqual(endpoints);
    const deployment = (await test.get(`/api/v1/deployments/${id}`)).body.data;
    expect(deployment['environments']).toContainEqual(expect.objectContaining({ name: 'dev', endpoints }));
    expect((await test.get(at('environments/dev'))).body.data).toMatchObject({ endpoints });
    expect((await test.get(at('status?environment=dev'))).body.data).toMatchObject({ endpoints });
    const second = await report(await run('deploy'));
    expect(results(second)).toEqual({
      dns: 'skipped unchanged',
      network: 'skipped unchanged',
      security: 'skipped unchanged',
    });
    expect(second.stacks[0]?.decision.join()).toMatch(/\w+ \w+/);
  });

  it('says of a running operation how far it has come', async () => {
    const rule = { match: { type: 'aws:kms/key:Key' }, operation: 'update', nth: 1, times: 99, hang: true };
    await test.put('/api/v1/sandbox/faults', { rules: [rule] });
    await test.put(`/api/v1/deployments/${id}`, { tags: { round: 'two' } });
    const operationId = await start('deploy', { stackFilter: ['security'], force: true, rollbackOnError: false });
    for (;;) {
      const running = await report(operationId);
      if (running.stacks.some(({ result }) => result === 'running')) {
        expect(running).toMatchObject({ isFinal: false, result: 'running', times: { endedAt: null } });
        break;
      }
      expect(running.isFinal).toBe(false);
    }
    await test.post(at(`operations/${operationId}/cancel`), { reason: 'seen enough', force: true });
    await test.ended(id, operationId);
    await test.put('/api/v1/sandbox/faults', { rules: [] });
    const ended = await report(operationId);
    expect(ended).toMatchObject({ isFinal: true, result: 'cancelled' });
    expect(ended.reason).toContain('seen enough');
    expect(ended.byHand.join()).toContain('/retry');
  });

  it('explains a failure and the rollback that follows it', async () => {
    const other = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
    const mine = id;
    id = other;
    const error = { code: 'LimitExceededException', message: 'You have reached the limit of <keys>' };
    const rule = { match: { type: 'aws:kms/key:Key' }, operation: 'create', nth: 2, times: 99, error };
    await test.put('/api/v1/sandbox/faults', { rules: [rule] });
    const failed = await report(await run('deploy'));
    await test.put('/api/v1/sandbox/faults', { rules: [] });
    id = mine;
    expect(failed).toMatchObject({
      result: 'failed',
      cause: { stack: 'security', class: 'limit', code: 'SERVICE_LIMIT_EXCEEDED', cloudCode: 'LimitExceededException' },
      rollback: { state: 'done', trigger: 'auto', toVersion: 0, done: ['security', 'network', 'dns'] },
    });
    expect(results(failed)).toEqual({
      dns: 'rolled_back rolled_back',
      network: 'rolled_back rolled_back',
      security: 'failed limit',
    });
    expect(failed.byHand.join()).toContain('quota');
  });

  it('covers drift, upkeep, rollback and destroy', async () => {
    expect(await report(await run('drift-detect'))).toMatchObject({ type: 'drift-detect', preview: false });
    expect(await report(await run('state/refresh'))).toMatchObject({ type: 'refresh', result: 'success' });
    await test.put(`/api/v1/deployments/${id}`, { stacks: { dns: { config: { enableHealthCheck: true } } } });
    await run('deploy');
    const back = await report(await run('rollback', { toVersion: 1, force: true }));
    expect(back).toMatchObject({ type: 'rollback', rollback: { trigger: 'manual', toVersion: 1 } });
    const gone = await report(await run('destroy', { confirm: true }));
    expect(gone).toMatchObject({ type: 'destroy', result: 'success', totals: { succeeded: 3 } });
    expect(gone.resources.deleted).toBeGreaterThan(20);
  });

  it.each([
    ['op-4f0c8m2x1q9z', '', 404, 'RESOURCE_NOT_FOUND', undefined],
    ['nothing', '', 400, 'VALIDATION_INVALID_FORMAT', 'op'],
    ['op-4f0c8m2x1q9z', '?format=pdf', 400, 'VALIDATION_INVALID_FORMAT', 'format'],
    ['op-4f0c8m2x1q9z', '?formt=json', 400, 'VALIDATION_UNKNOWN_FIELD', 'formt'],
  ])('refuses %s%s with %i %s', async (operationId, query, status, code, field) => {
    const refused = await ask(operationId, query);
    expect(refused).toMatchObject({ status, body: { code } });
    if (field) expect(refused.body.details).toEqual([expect.objectContaining({ field })]);
  });
});
