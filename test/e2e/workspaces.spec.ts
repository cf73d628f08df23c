import { CLIENT_KEY, TestApp } from './app.harness.js';

describe('workspaces', () => {
  let app: TestApp;
  const key = { 'X-API-Key': CLIENT_KEY };
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  it('keep desired and running workers, sum them up and tell changes', async () => {
    const unknown = await app.get('/api/orchestration/workspace/w%2F1', key);
    expect(unknown.body).toEqual({
      workspace: { workspace_id: 'w/1', running: 0, desired: 0 },
      global: { running: 0, desired: 0 },
    });
    expect((await app.get('/api/orchestration/workspaces', key)).body).toEqual([]);
    await app.put('/api/orchestration/workspace/w%2F1/desired', { desired: 3 }, key);
    const set = await app.put('/api/orchestration/workspace/other/running', { running: 2 }, key);
    expect(set.body).toMatchObject({ workspace: { running: 2, desired: 0 }, global: { running: 2, desired: 3 } });
    expect((await app.get('/api/orchestration/global', key)).body).toEqual({ running: 2, desired: 3 });
  });

  it.each([
    [{ desired: 21 }, 'VALIDATION_INVALID_FORMAT'],
    [{}, 'VALIDATION_REQUIRED_FIELD'],
    [{ desired: 1, extra: 1 }, 'VALIDATION_UNKNOWN_FIELD'],
  ])('refuse %j', async (body, code) => {
    const answer = await app.put('/api/orchestration/workspace/w/desired', body, key);
    expect(answer).toMatchObject({ status: 400, body: { code, success: false } });
  });

  it('want a credential', async () => {
    const response = await fetch(`${app.url}/api/orchestration/global`);
    expect(await response.json()).toMatchObject({ statusCode: 401, message: 'API key required' });
  });
});
