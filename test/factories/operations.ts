import type { Operation } from '../../src/modules/deployments/operations/operation.js';
import type { StackRunRecord } from '../../src/modules/orchestrator/run-request.js';
import { OPTIONS } from './run-request.js';

const START = new Date('2026-03-01T12:00:00.000Z');

/** One stack of a run, one second after the start until 11 seconds after it. */
export function aStackRecord(name: string, fields: Partial<StackRunRecord> = {}): StackRunRecord {
  return {
    name,
    layer: 1,
    status: 'deployed',
    action: 'deploy',
    reasons: ['never_deployed'],
    explanation: ['It is not deployed.'],
    attempt: 1,
    startedAt: new Date('2026-03-01T12:00:01.000Z'),
    endedAt: new Date('2026-03-01T12:00:11.000Z'),
    estimateSeconds: 60,
    progressPercent: 100,
    resources: { total: 3, processed: 3, created: 3, updated: 0, deleted: 0, failed: 0, current: null },
    ...fields,
  };
}

/** A deployment of dev that has succeeded, unless the fields say otherwise. */
export function anOperation(stacks: readonly StackRunRecord[], fields: Partial<Operation> = {}): Operation {
  return {
    operationId: 'op-4f0c8m2x1q9z',
    organization: 'demo',
    project: 'Web Shop',
    deploymentId: 'DT85S00',
    environment: 'dev',
    stack: null,
    type: 'deploy',
    preview: false,
    status: 'success',
    phase: 'deployed',
    engine: 'embedded',
    cloud: 'sandbox',
    manifestRevision: 1,
    parameters: {
      ...OPTIONS,
      stackFilter: null,
      skipStacks: [],
      includeDependencies: false,
      skipDependencies: false,
      skipValidation: false,
      waitForLock: false,
      message: null,
      toVersion: null,
    },
    selectedStacks: null,
    overrides: {},
    plan: null,
    before: null,
    state: {
      phase: fields.phase ?? 'deployed',
      totalLayers: Math.max(0, ...stacks.map(({ layer }) => layer)),
      startedAt: START,
      stacks: Object.fromEntries(stacks.map((stack) => [stack.name, stack])),
    },
    active: false,
    createdAt: new Date('2026-03-01T11:59:58.000Z'),
    activeAt: START,
    startedAt: START,
    completedAt: new Date('2026-03-01T12:00:48.000Z'),
    startedBy: 'ada@example.com',
    startedById: 'user-1',
    correlationId: 'c-1',
    estimatedDuration: 120,
    cancel: null,
    paused: null,
    report: null,
    error: null,
    resumable: false,
    resumedFrom: null,
    planId: null,
    staleDependents: [],
    executor: null,
    takeovers: 0,
    ...fields,
  };
}
