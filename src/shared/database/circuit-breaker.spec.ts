import type { Connection } from 'mongoose';
import type { Config } from '../config/config.js';
import { Metrics } from '../metrics/metrics.js';
import { DatabaseCircuit } from './circuit-breaker.js';

describe('the circuit on the database', () => {
  let circuit: DatabaseCircuit;
  let ping: () => Promise<unknown>;
  const fail = (times: number): void => {
    for (let i = 0; i < times; i++) circuit.record(new Error('no server'));
  };
  const settled = async (): Promise<void> => {
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    circuit = new DatabaseCircuit({ db: { command: () => ping() } } as unknown as Connection, new Metrics(), {
      circuit: { failures: 5, windowMs: 60_000, openMs: 30_000 },
    } as Config);
  });
  afterEach(() => jest.useRealTimers());

  it('[5.2.e] opens at the fifth failure within a minute and says when to come back', async () => {
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

  it.each([
    ['lets requests through again when the ping succeeds', () => Promise.resolve({ ok: 1 }), 'closed'],
    ['goes on refusing when it fails', () => Promise.reject(new Error('still down')), 'open'],
  ])('asks the database itself after 30 s, and %s', async (_what, answer, state) => {
    let pings = 0;
    ping = () => {
      pings += 1;
      return answer();
    };
    fail(5);
    await settled();
    circuit.refusal();
    expect(pings).toBe(0);
    jest.advanceTimersByTime(30_000);
    expect(circuit.refusal()).not.toBeNull();
    expect(circuit.refusal()).not.toBeNull();
    await settled();
    expect([pings, circuit.state]).toEqual([1, state]);
  });
});
