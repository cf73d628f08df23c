import { stringify } from 'yaml';
import { type Answer, MINIMAL, TestApp } from './app.harness.js';

const YAML = { 'content-type': 'application/yaml' };

describe('formats of request bodies', () => {
  let test: TestApp;
  let path: string;
  beforeAll(async () => {
    test = await TestApp.start();
    const made = await test.post('/api/v1/deployments', MINIMAL);
    path = `/api/v1/deployments/${String(made.body.data['deploymentId'])}`;
  });
  afterAll(() => test.stop());

  const manifest = async (): Promise<string> => String((await test.get(`${path}/manifest?format=yaml`)).body['text']);

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'application/yaml'])(
    '%s is 415 where JSON is expected',
    async (type) => {
      const answer = await test.post(`${path}/deploy`, 'environment: dev', { 'content-type': type });
      expect(answer).toMatchObject({ status: 415, body: { code: 'UNSUPPORTED_MEDIA_TYPE' } });
    },
  );

  it.each(['application/yaml', 'text/yaml; charset=utf-8'])('a manifest goes out and comes in as %s', async (type) => {
    const text = (await manifest()).replace(/description: .*/, `description: as ${type.split(';')[0] ?? ''}`);
    const answer = await test.put(path, text, { 'content-type': type });
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.body.data['changes']).toEqual([expect.stringContaining(type.split(';')[0] ?? '')]);
  });

  it('[SYN-001] a manifest that is no YAML is refused with the line, and nothing changes', async () => {
    const before = await manifest();
    const answer = await test.put(path, `${before}\ndeployment: {}\n`, YAML);
    expect(answer).toMatchObject({ status: 422, body: { code: 'MANIFEST_INVALID' } });
    expect(JSON.stringify(answer.body.details)).toContain('"line":');
    expect(await manifest()).toBe(before);
  });

  it('a state comes in as YAML of the same shape, and its mistakes name line or field', async () => {
    const state = { version: 3, deployment: { manifest: { time: '2026-01-01T00:00:00Z' }, resources: [] } };
    const given = { environment: 'dev', stack: 'network', confirm: true, state };
    const send = (text: string): Promise<Answer> => test.post(`${path}/state/import`, text, YAML);
    expect(await send('environment: dev\nenvironment: prod\n')).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_MALFORMED_JSON', message: expect.stringContaining('line 2, column 1') },
    });
    expect(await send(stringify({ ...given, colour: 'red' }))).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_UNKNOWN_FIELD' },
    });
    expect(await send(stringify({ ...given, state: { version: 2 } }))).toMatchObject({
      status: 422,
      body: { code: 'STATE_INVALID' },
    });
    const whole = await send(stringify(given));
    expect({ status: whole.status, stack: whole.body.data['stack'] }).toEqual({ status: 200, stack: 'network' });
  });
});
