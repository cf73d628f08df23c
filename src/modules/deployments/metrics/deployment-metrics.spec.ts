import { NO_RESOURCES } from '../../orchestrator/resource-tally.js';
import type { StackError, StackRunRecord } from '../../orchestrator/run-request.js';
import { type EndedOperation, metricsOf } from './deployment-metrics.js';

const AT = new Date('2030-01-01T00:00:00Z');
const after = (seconds: number): Date => new Date(AT.getTime() + seconds * 1000);

const aRecord = (name: string, given: Partial<StackRunRecord> = {}): StackRunRecord => ({
  name,
  layer: 1,
  status: 'deployed',
  action: 'deploy',
  reasons: [],
  explanation: [],
  attempt: 1,
  estimateSeconds: 60,
  progressPercent: 100,
  resources: NO_RESOURCES,
  startedAt: AT,
  endedAt: after(10),
  ...given,
});
const anOperation = (stacks: readonly StackRunRecord[], given: Partial<EndedOperation> = {}): EndedOperation => ({
  type: 'deploy',
  environment: 'dev',
  status: 'success',
  startedAt: AT,
  completedAt: after(30),
  error: null,
  stacks,
  ...given,
});
const limit: StackError = { class: 'limit', code: 'SERVICE_LIMIT_EXCEEDED', message: '', retryable: false };
const skipped = { status: 'skipped', skipReason: 'unchanged' } as const;
const costs = { standing: new Set<string>(), monthly: () => 0 };

describe('metrics of a deployment', () => {
  it('have no rates and means where nothing has run', () => {
    expect(metricsOf([], costs)).toEqual({
      deployments: { total: 0, successful: 0, failed: 0, cancelled: 0, successRate: null, averageDuration: null },
      resources: { total: 0, created: 0, updated: 0, deleted: 0, failed: 0, successRate: null },
      skip: { stacks: 0, rate: null },
      errors: { byCode: {}, byClass: {} },
      costs: { estimatedMonthly: 0, change: 0, trend: 'stable' },
      stacks: [],
    });
  });

  it('take success, durations, skips and resources from operations; a cancelled one is no failure', () => {
    const { deployments, skip, resources, stacks } = metricsOf(
      [
        anOperation([aRecord('dns'), aRecord('network', { resources: { ...NO_RESOURCES, created: 9 } })]),
        anOperation(
          [
            aRecord('dns', skipped),
            aRecord('network', { status: 'failed', error: limit, resources: { ...NO_RESOURCES, failed: 1 } }),
          ],
          {
            status: 'failed',
            completedAt: after(60),
          },
        ),
        anOperation([aRecord('dns', { status: 'skipped', skipReason: 'cancelled' })], { status: 'cancelled' }),
        anOperation([aRecord('dns', { status: 'destroyed' })], { type: 'destroy' }),
      ],
      costs,
    );
    expect(deployments).toEqual({
      total: 3,
      successful: 1,
      failed: 1,
      cancelled: 1,
      successRate: 0.5,
      averageDuration: 40,
    });
    expect(skip).toEqual({ stacks: 1, rate: 0.25 });
    expect(resources).toMatchObject({ total: 10, created: 9, failed: 1, successRate: 0.9 });
    expect(stacks).toEqual([
      { name: 'dns', deployments: 1, averageDuration: 10, successRate: 1 },
      { name: 'network', deployments: 2, averageDuration: 10, successRate: 0.5 },
    ]);
  });

  it('count every failed stack once, and failures of no stack', () => {
    const failed = aRecord('network', { status: 'failed', error: limit });
    const { errors } = metricsOf(
      [
        anOperation([failed], { status: 'failed', error: { ...limit, stack: 'network' } }),
        anOperation([], { status: 'failed', error: { ...limit, class: 'validation', code: 'X', stack: null } }),
      ],
      costs,
    );
    expect(errors).toEqual({ byCode: { SERVICE_LIMIT_EXCEEDED: 1, X: 1 }, byClass: { limit: 1, validation: 1 } });
  });

  it.each<[string, readonly string[], EndedOperation[], object]>([
    [
      'a new stack',
      ['dev/dns', 'dev/network'],
      [anOperation([aRecord('dns', { reasons: ['never_deployed'] })])],
      { estimatedMonthly: 20, change: 10, trend: 'up' },
    ],
    [
      'a stack that is gone',
      ['dev/network'],
      [anOperation([aRecord('dns', { status: 'destroyed' })], { type: 'destroy' })],
      { estimatedMonthly: 10, change: -10, trend: 'down' },
    ],
    [
      'one that came and went',
      [],
      [
        anOperation([aRecord('dns', { reasons: ['never_deployed'] })]),
        anOperation([aRecord('dns', { status: 'destroyed' })], { type: 'destroy' }),
      ],
      { estimatedMonthly: 0, change: 0, trend: 'stable' },
    ],
    [
      'a stack that was changed',
      ['dev/dns'],
      [anOperation([aRecord('dns', { reasons: ['config_changed'] })])],
      { estimatedMonthly: 10, change: 0, trend: 'stable' },
    ],
    [
      'the same stack in another environment',
      ['dev/dns', 'prod/dns'],
      [anOperation([aRecord('dns', { reasons: ['never_deployed'] })], { environment: 'prod' })],
      { estimatedMonthly: 20, change: 10, trend: 'up' },
    ],
  ])('tell what %s does to the costs', (_what, standing, operations, told) => {
    expect(metricsOf(operations, { standing: new Set(standing), monthly: () => 10 }).costs).toEqual(told);
  });
});
