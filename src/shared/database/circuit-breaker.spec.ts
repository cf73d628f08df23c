import type { Connection } from 'mongoose';
import { Metrics } from '../metrics/metrics.js';
import { DatabaseCircuit } from './circuit-breaker.js';

describe('the circuit on the database', () => {
  let circuit: DatabaseCircuit;
  const fail = (times: number): void => {
    for (let i = 0; i < times; i++) circuit.record(new Error('no server'));
  };
  const settled = async (): Promise<void> => {
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    circuit = new DatabaseCircuit(undefined as unknown as Connection, new Metrics());
  });
  afterEach(() => jest.useRealTimers());

  it('opens at the fifth failure within a minute and says when to come back', async () => {
    fail(4);
    await settled();
    expect(circuit.refusal()).toBeNull();
    fail(1);
    await settled();
    expect(circuit.state).toBe('open');
    jest.advanceTimersByTime(10_000);
    expect(circuit.refusal()).toMatchObject({
      status: 503,
      code: 'SERVICE_UNAVAILABLE',
      details: { reason: 'circuit_open' },
      headers: { 'Retry-After': '20' },
    });
  });

  it('forgets failures older than a minute', async () => {
    fail(4);
    await settled();
    jest.advanceTimersByTime(60_000);
    fail(1);
    await settled();
    expect(circuit.state).toBe('closed');
  });

  it.each([
    ['closes when the probe succeeds', null, 'closed'],
    ['stays open when it fails', new Error('still down'), 'open'],
  ])('after 30 s %s', async (_what, probe, state) => {
    fail(5);
    await settled();
    jest.advanceTimersByTime(29_000);
    circuit.record(null);
    await settled();
    expect(circuit.state).toBe('open');
    jest.advanceTimersByTime(1_000);
    circuit.record(probe);
    await settled();
    expect(circuit.state).toBe(state);
  });
});
