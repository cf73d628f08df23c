import { MINIMAL, TestApp } from './app.harness.js';
import { type Frame, LiveClient } from './live-client.js';

describe('following a run over WebSocket', () => {
  let test: TestApp;
  let id: string;
  let operationId: string;
  let all: Frame[];
  beforeAll(async () => {
    test = await TestApp.start({ SANDBOX_SPEED: '0.01' });
    id = String((await test.post('/api/v1/deployments', MINIMAL)).body.data['deploymentId']);
  });
  afterAll(() => test.stop());

  const isLast = (client: LiveClient): boolean => client.frames.at(-1)?.type === 'deployment_complete';
  const stored = async (): Promise<Frame[]> =>
    (await test.get(`/api/v1/deployments/${id}/events?operationId=${operationId}&limit=1000`)).body.data[
      'events'
    ] as unknown as Frame[];

  it('a client that is cut off and comes back with `since` has every event once, in order, without a gap in seq', async () => {
    const started = await test.post(`/api/v1/deployments/${id}/deploy`, { environment: 'dev' });
    operationId = String(started.body.data['operationId']);
    const channel = String(started.body.data['websocketChannel']);
    const first = await LiveClient.open(test.url, test.token);
    first.subscribe(channel, 0);
    await first.until((client) => client.frames.length >= 12);
    first.cut();
    const seen = first.frames.slice(0, 12);
    const second = await LiveClient.open(test.url, test.token);
    second.subscribe(channel, seen.at(-1)?.cursor);
    await second.until((client) => client.frames.length >= 20);
    second.cut();
    const more = second.frames.slice(0, 20);
    const third = await LiveClient.open(test.url, test.token);
    third.subscribe(channel, more.at(-1)?.seq);
    await third.until(isLast);
    third.cut();
    all = [...seen, ...more, ...third.frames];
    const kept = all.filter((frame) => frame.type !== 'deployment_progress' && frame.type !== 'stack_progress');
    const truth = (await stored()).filter(
      (frame) => frame.type !== 'deployment_progress' && frame.type !== 'stack_progress',
    );
    expect(kept.map((frame) => [frame.seq, frame.type, frame.id])).toEqual(
      truth.map((frame) => [frame.seq, frame.type, frame.id]),
    );
  });

  it('stored events, a replay from the start and the list agree to the last frame', async () => {
    const truth = await stored();
    expect(truth.map((frame) => frame.seq)).toEqual(truth.map((_, index) => index + 1));
    const late = await LiveClient.open(test.url, test.token);
    late.subscribe(`deployments/${id}/operations/${operationId}`, 0);
    await late.until(isLast);
    late.cut();
    expect(late.frames.map((frame) => frame.id)).toEqual(truth.map((frame) => frame.id));
    expect(late.frames.map((frame) => frame.data)).toEqual(truth.map((frame) => frame.data));
  });

  it('events stand in the documented order', () => {
    const at = (type: string, stack?: string): number =>
      all.findIndex((frame) => frame.type === type && (stack === undefined || frame.data['stack'] === stack));
    expect(all[0]?.type).toBe('deployment_started');
    expect(at('stack_deployed', 'network')).toBeLessThan(at('stack_deploying', 'security'));
    expect(at('layer_started')).toBeLessThan(at('stack_deploying'));
    expect(all.filter((frame) => frame.type === 'resource_created')).toHaveLength(56);
    expect(JSON.stringify(all)).not.toContain('pulumi:pulumi:Stack');
  });
});
