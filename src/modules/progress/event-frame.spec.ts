import { aLog, aStackEnd, aStackStart, stored } from '../../../test/factories/events.js';
import { MAX_FRAME_BYTES, SharedFrame, toFrame } from './event-frame.js';

const CHANNEL = 'deployments/D1BRV40';
const read = (frame: SharedFrame, channel = CHANNEL): Record<string, never> =>
  JSON.parse(frame.text(channel, 'underscore').toString()) as Record<string, never>;

describe('event frames', () => {
  it('carry both spellings, numbers, cursor and the common fields', () => {
    expect(toFrame(stored(aStackStart('network'), 12, 3), CHANNEL)).toEqual({
      type: 'stack_destroying',
      event: 'stack.started',
      timestamp: '2030-01-01T00:00:00.000Z',
      channel: CHANNEL,
      id: 'event-12',
      seq: 3,
      cursor: Buffer.from('acme:12').toString('base64url'),
      data: {
        deploymentId: 'D1BRV40',
        environment: 'dev',
        operationId: 'op-000000000001',
        operationType: 'deploy',
        correlationId: 'c-1',
        stack: 'network',
        stackName: 'network',
        layer: 1,
      },
    });
  });

  it('swap the spellings for a client that wants dots', () => {
    expect(toFrame(stored(aStackStart('network'), 1), CHANNEL, 'dotted')).toMatchObject({
      type: 'stack.started',
      event: 'stack_destroying',
    });
  });

  it('are the same text on the socket as in a list', () => {
    const event = stored(aStackEnd({ vpcId: 'vpc-1' }), 4);
    expect(read(new SharedFrame(event))).toEqual(toFrame(event, CHANNEL));
  });

  it('are made once for all subscribers of a channel', () => {
    const frame = new SharedFrame(stored(aLog('x'), 1));
    expect(frame.text(CHANNEL, 'underscore')).toBe(frame.text(CHANNEL, 'underscore'));
    expect(read(frame, 'deployments/D1BRV40-dev')['channel']).toBe('deployments/D1BRV40-dev');
  });

  it('never carry an output that the engine marked as secret', () => {
    const secret = { '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270', value: 'hunter2' };
    const frame = toFrame(stored(aStackEnd({ plain: 'a', nested: { password: secret } }), 1), CHANNEL);
    expect(frame.data['outputs']).toEqual({ plain: 'a', nested: { password: '***' } });
  });

  it.each([
    [
      'big outputs give way, the rest stays',
      aStackEnd({ big: 'x'.repeat(300_000) }),
      { outputs: { truncated: true }, stack: 'network' },
    ],
    ['another big payload keeps its short fields', aLog('x'.repeat(300_000)), { truncated: true, level: 'info' }],
  ])('%s', (_what, event, data) => {
    const frame = new SharedFrame(stored(event, 1));
    expect(frame.text(CHANNEL, 'underscore').length).toBeLessThanOrEqual(MAX_FRAME_BYTES);
    expect(read(frame)['data']).toMatchObject(data);
  });
});
