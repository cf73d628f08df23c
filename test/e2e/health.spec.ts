import { TestApp } from './app.harness.js';

describe('health and metrics', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await TestApp.start();
  });
  afterAll(() => test.stop());
  const open = { authorization: '' };

  it.each(['/health', '/health?probe=1', '/api/health'])('%s is open and bare', async (path) => {
    const answer = await test.get(path, open);
    expect(answer).toMatchObject({ status: 200, body: { status: 'ok', uptime: expect.any(Number) } });
    expect(Object.keys(answer.body)).toEqual(['status', 'timestamp', 'uptime']);
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  it('/health lets allowed origins read it', async () => {
    const answer = await test.get('/health', { ...open, origin: 'http://localhost:3000' });
    expect(answer.headers.get('access-control-allow-origin')).toBe('http://localhost:3000');
  });

  it.each([
    ['/health/ready', { ready: true, database: 'connected' }],
    ['/health/live', { alive: true }],
    ['/api/v1/health', { success: true, data: { services: { api: 'ok', database: 'ok', pulumi: 'ok', aws: 'ok' } } }],
    ['/api/v1/info', { success: true, data: { apiVersion: 'v1' } }],
    ['/api/v1/version', { success: true, data: { platformVersion: expect.stringMatching(/^\d+\.\d+\.\d+$/) } }],
  ])('%s is open', async (path, body) => {
    expect(await test.get(path, open)).toMatchObject({ status: 200, body });
  });

  it.each(['/health/detailed', '/metrics', '/api/v1/metrics', '/api/v1/status'])(
    '%s needs a principal',
    async (path) => {
      expect(await test.call('GET', path, undefined, { authorization: '' })).toMatchObject({
        status: 401,
        body: { code: 'AUTH_REQUIRED' },
      });
    },
  );

  it('details every dependency', async () => {
    expect(await test.get('/health/detailed')).toMatchObject({
      status: 200,
      body: {
        status: 'ok',
        dependencies: {
          database: { status: 'ok', connected: true },
          circuit: { state: 'closed' },
          websocket: { connections: 0 },
        },
      },
    });
  });

  it('counts requests by route pattern, and refusals', async () => {
    await test.get('/api/v1/deployments/D0000000');
    await test.get('/metrics', open);
    const answer = await test.get('/metrics');
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = String(answer.body['text']);
    expect(text).toContain('api_requests_total{endpoint="/api/v1/deployments/:id",method="GET",status="404"} 1');
    expect(text).toMatch(/auth_failures_total\{reason="AUTH_REQUIRED"\} [1-9]/);
    expect(text).toMatch(/api_requests_total\{endpoint="\/health",method="GET",status="200"\} [1-9]/);
    expect(text).toContain('nodejs_version_info');
    expect((await test.get('/api/v1/metrics')).body.data['metrics']).toHaveProperty('api_requests_total');
  });

  it('shows the status', async () => {
    expect((await test.get('/api/v1/status')).body.data).toMatchObject({
      status: 'ok',
      counts: { activeDeployments: 0, runningOperations: 0 },
      circuitBreaker: 'closed',
    });
  });
});
