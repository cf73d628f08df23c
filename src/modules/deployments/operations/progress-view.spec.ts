import type { StackRunRecord } from '../../orchestrator/run-request.js';
import type { Operation } from './operation.js';
import { remainingSeconds, toProgress } from './progress-view.js';

const NOW = new Date('2026-01-01T00:01:00Z');
const record = (name: string, change: Partial<StackRunRecord>): StackRunRecord => ({
  name,
  layer: 1,
  status: 'pending',
  action: 'deploy',
  reasons: [],
  explanation: [],
  attempt: 1,
  estimateSeconds: 100,
  progressPercent: 0,
  resources: { total: 0, processed: 0, created: 0, updated: 0, deleted: 0, failed: 0, current: null },
  ...change,
});
const operation = (stacks: readonly StackRunRecord[], change: Partial<Operation> = {}): Operation =>
  ({
    deploymentId: 'D1BRV40',
    environment: 'dev',
    operationId: 'op-1',
    phase: 'deploying',
    parameters: { parallel: 2 },
    plan: null,
    createdAt: new Date('2026-01-01T00:00:00Z'),
    startedAt: new Date('2026-01-01T00:00:00Z'),
    completedAt: null,
    estimatedDuration: 500,
    state: {
      phase: 'deploying',
      totalLayers: 2,
      startedAt: NOW,
      stacks: Object.fromEntries(stacks.map((s) => [s.name, s])),
    },
    ...change,
  }) as unknown as Operation;

describe('progress of an operation (api.md 5.6)', () => {
  const running = record('b', {
    status: 'deploying',
    startedAt: new Date('2026-01-01T00:00:30Z'),
    progressPercent: 40,
  });
  const done = record('a', { status: 'deployed' });
  const unchanged = record('c', { status: 'skipped', skipReason: 'unchanged' });
  const blocked = record('d', { status: 'skipped', skipReason: 'dependency_failed', layer: 2 });
  const waiting = record('e', { layer: 2 });

  it('counts deployed and unchanged stacks as done, other skips not', () => {
    const { summary } = toProgress(operation([done, running, unchanged, blocked, waiting]), NOW);
    expect(summary).toEqual({
      totalStacks: 5,
      deployedStacks: 1,
      failedStacks: 0,
      skippedStacks: 2,
      progressPercent: 40,
    });
  });

  it('names the lowest open layer and the first running stack by name', () => {
    const second = record('aa', { status: 'deploying', layer: 2, startedAt: NOW });
    expect(toProgress(operation([running, second]), NOW)).toMatchObject({ currentLayer: 1, currentStack: 'aa' });
    expect(toProgress(operation([done]), NOW)).not.toHaveProperty('currentLayer');
  });

  it.each([
    ['nothing known yet: the estimate', [], 500],
    ['a running stack: what is left of its estimate', [running], 70],
    [
      'a late one: a tenth of its estimate',
      [record('b', { status: 'deploying', startedAt: new Date('2025-12-31T00:00:00Z') })],
      10,
    ],
    ['several share the slots', [running, waiting, record('f', {})], 135],
    ['nothing left', [done, unchanged], 0],
  ])('remaining time, %s', (_name, stacks, seconds) => {
    expect(remainingSeconds(operation(stacks), NOW)).toBe(seconds);
  });
});
