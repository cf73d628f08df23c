/** The log of a deployment from its initialisation to its end (deployments.md 11): read, filtered, followed, downloaded, mirrored. */
import { TestApp, MINIMAL, type Body } from './app.harness.js';

jest.setTimeout(300_000);

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

describe('the log of a deployment', () => {
  let test: TestApp;
  let id: string;
  let operationId: string;

  const base = (): string => `/api/v1/deployments/${id}/logs`;
  const data = async (path: string): Promise<Body['data']> => {
    const answer = await test.get(path);
    expect([answer.status, answer.body.message]).toEqual([200, undefined]);
    return answer.body.data;
  };
  const lines = async (query: string): Promise<readonly Line[]> =>
    (await data(`${base()}?limit=1000&${query}`))['logs'] as Line[];

  beforeAll(async () => {
    test = await TestApp.start();
    id = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
    const { body } = await test.post(`/api/v1/deployments/${id}/deploy`, { environment: 'dev' });
    operationId = String(body.data['operationId']);
    expect(await test.ended(id, operationId)).toMatchObject({ status: 'success' });
  });
  afterAll(() => test.stop());

  it('tells a run in order, from its start over every resource to its end', async () => {
    const run = await lines(`operationId=${operationId}`);
    expect(run[0]?.message).toContain('deploy of dev started by admin@demo.example: 3 stacks in 2 layers');
    expect(run.at(-1)?.message).toMatch(/^complete after \d+ s, deployed: 3 done.* resources 56 created/);
    expect(run.filter(({ message }) => message.startsWith('created '))).toHaveLength(56);
    const times = run.map(({ timestamp }) => timestamp);
    expect(times).toEqual([...times].sort());
  });
});
