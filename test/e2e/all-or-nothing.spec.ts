/** What is refused late, or meets somebody who is faster, leaves nothing behind (deployments.md 7.11, 9.2, 9.3). */
import { MINIMAL, TestApp, type Answer, type Body } from './app.harness.js';

/** Between two requests that meet, in ms: from the same moment to when the first is done. */
const GAPS = [0, 5, 10, 20, 30, 45, 60, 80, 110, 150];

describe('requests that are refused late or meet others', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await TestApp.start();
  });
  afterAll(() => test.stop());

  const made = async (more: object = {}): Promise<string> =>
    String((await test.post('/api/v1/deployments', { ...MINIMAL, ...more })).body.data['deploymentId']);
  const post = (id: string, path: string, body: object = {}): Promise<Answer> =>
    test.post(`/api/v1/deployments/${id}/${path}`, body);
  const ended = (id: string, { body }: Answer): Promise<Body['data']> =>
    test.ended(id, String(body.data['operationId']));
  const revision = async (id: string): Promise<unknown> =>
    (await test.get(`/api/v1/deployments/${id}`)).body.data['revision'];
  const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  const codesOf = (...answers: readonly Answer[]): string[] =>
    answers.map(({ status, body }) => `${status} ${body['code'] ?? ''}`.trim());

  it('[9.2] neither switch nor revision stay of an enabling whose deployment cannot be planned', async () => {
    const id = await made();
    await post(id, 'environments/stage/enable', { account: '222222222222', stacks: ['dns'] });
    await post(id, 'environments/stage/disable');
    const off = { environments: { stage: { enabled: false } } };
    await test.put(`/api/v1/deployments/${id}`, { stacks: { dns: off } });
    expect(await revision(id)).toBe(4);
    const refused = await post(id, 'environments/stage/enable', { autoDeploy: true });
    expect(refused).toMatchObject({ status: 422, body: { code: 'NOTHING_TO_DEPLOY' } });
    expect(await revision(id)).toBe(4);
    const stage = (await test.get(`/api/v1/deployments/${id}/environments/stage`)).body.data;
    expect(stage).toMatchObject({ enabled: false, status: 'disabled' });
    const { events } = (await test.get(`/api/v1/deployments/${id}/events?type=environment_enabled`)).body.data;
    expect(events).toHaveLength(1);
    const started = await post(id, 'environments/stage/enable', { stacks: ['dns'], autoDeploy: true });
    expect(await ended(id, started)).toMatchObject({ status: 'success', environment: 'stage', manifestRevision: 5 });
    expect(await revision(id)).toBe(5);
  });

  it('[9.3] no revision stays of a promotion that cannot be planned', async () => {
    const id = await made();
    await post(id, 'environments/stage/enable', { account: '222222222222' });
    const environments = (block: object): object => ({ environments: block });
    await test.put(`/api/v1/deployments/${id}`, {
      stacks: {
        dns: environments({ dev: { enabled: false } }),
        // an edge that stage alone has: dns is not promoted, and not deployed there
        network: environments({
          dev: { config: { logRetentionDays: 30 } },
          stage: { config: { tags: { zone: '{{RUNTIME:dns:hostedZoneId}}' } } },
        }),
      },
    });
    expect(await ended(id, await post(id, 'deploy', { environment: 'dev' }))).toMatchObject({ status: 'success' });
    const before = await revision(id);
    const refused = await post(id, 'environments/stage/promote', { from: 'dev' });
    expect(refused).toMatchObject({ status: 422, body: { code: 'DEPENDENCY_NOT_DEPLOYED' } });
    expect(await revision(id)).toBe(before);
  });

  it('[7.11] of a deployment and the disabling of its environment one is refused, whichever is later', async () => {
    const id = await made();
    const account = '222222222222';
    const request = { environment: 'stage', stackFilter: ['dns'] };
    for (const gap of GAPS) {
      expect((await post(id, 'environments/stage/enable', { account })).status).toBe(200);
      const deploy = post(id, 'deploy', request);
      await after(gap);
      const [started, disabled] = await Promise.all([deploy, post(id, 'environments/stage/disable')]);
      const run = started.status === 202 ? await ended(id, started) : null;
      const disabledAt = String(disabled.body.data?.['disabledAt']);
      // a short run can have ended before the environment was asked for
      const isOneAfterTheOther = run !== null && String(run['completedAt']) <= disabledAt;
      expect([
        ['202', '409 OPERATION_IN_PROGRESS'],
        ['422 ENVIRONMENT_DISABLED', '200'],
        ...(isOneAfterTheOther ? [['202', '200']] : []),
      ]).toContainEqual(codesOf(started, disabled));
      expect(run?.['status'] ?? 'success').toBe('success');
    }
  });

  it('[7.10] of a deployment and its deletion one is refused, whichever is later', async () => {
    for (const gap of GAPS) {
      const id = await made({ project: `Shop ${gap}` });
      const deploy = post(id, 'deploy', { environment: 'dev', stackFilter: ['dns'], preview: gap % 2 === 1 });
      await after(gap);
      const [started, removed] = await Promise.all([deploy, test.call('DELETE', `/api/v1/deployments/${id}`)]);
      expect([
        ['202', '409 OPERATION_IN_PROGRESS'],
        ['404 RESOURCE_NOT_FOUND', '200'],
      ]).toContainEqual(codesOf(started, removed));
      if (started.status === 202) expect(await ended(id, started)).toMatchObject({ status: 'success', error: null });
    }
  });
});
