import { aStackRecord, anOperation } from '../../../../test/factories/operations.js';
import type { RunReport, RunState, StackError } from '../../orchestrator/run-request.js';
import type { Operation } from '../operations/operation.js';
import { composeReport } from './compose-report.js';
import { OPERATION_REPORT, type OperationReport } from './operation-report.js';

const ENDPOINTS = { 'dns.domainName': 'shop.example.com' };
const NOW = new Date('2026-03-01T12:01:00.000Z');
const LIMIT: StackError = {
  class: 'limit',
  code: 'SERVICE_LIMIT_EXCEEDED',
  message: 'The maximum number of VPCs has been reached',
  urn: 'urn:pulumi:DT85S00-network-dev::shop::aws:ec2/vpc:Vpc::vpc',
  resourceType: 'aws:ec2/vpc:Vpc',
  resourceName: 'vpc',
  cloudCode: 'VpcLimitExceeded',
  retryable: false,
  remediation: 'Request a quota increase.',
  details: { config: { password: 'hunter22' } },
};

/** Every report is held to its published definition. */
function reported(operation: Operation, queuePosition: number | null = null): OperationReport {
  const report = composeReport(operation, { now: NOW, queuePosition, endpoints: ENDPOINTS });
  const wire = JSON.parse(JSON.stringify(report)) as unknown;
  expect(OPERATION_REPORT.parse(wire)).toEqual(wire);
  return report;
}

const ended = (fields: Partial<RunReport>): Operation['report'] => ({
  outcome: 'success',
  phase: 'deployed',
  durationSeconds: 48,
  resources: { created: 0, updated: 0, deleted: 0 },
  warnings: [],
  rolledBack: false,
  rollbackAvailable: false,
  manualInterventionRequired: false,
  changed: true,
  ...fields,
});
const failed = (fields: Partial<Operation> = {}): Partial<Operation> => ({
  status: 'failed',
  phase: 'failed',
  error: { ...LIMIT, stack: 'network' },
  report: ended({ outcome: 'failed' }),
  ...fields,
});
const NETWORK_FAILED = aStackRecord('network', { status: 'failed', error: LIMIT });

describe('report of an operation', () => {
  it('tells result, times, decisions and resources of a deployment that succeeded', () => {
    const unchanged = aStackRecord('dns', {
      status: 'skipped',
      action: 'skip',
      skipReason: 'unchanged',
      reasons: [],
      explanation: ['Configuration, program and 2 values read are the same.'],
      resources: { ...aStackRecord('').resources, created: 0 },
    });
    const report = reported(anOperation([aStackRecord('security', { layer: 2 }), unchanged, aStackRecord('network')]));
    expect(report).toMatchObject({
      isFinal: true,
      result: 'success',
      reason: 'Deployment succeeded after 48 s: 2 stacks done, 1 unchanged.',
      cause: null,
      times: { waitedSeconds: 2, durationSeconds: 48, estimatedSeconds: 120 },
      totals: { stacks: 3, succeeded: 2, unchanged: 1, skipped: 1, failed: 0, open: 0 },
      resources: { created: 6, updated: 0, deleted: 0 },
      errors: [],
      rollback: null,
      endpoints: ENDPOINTS,
      byHand: [],
    });
    expect(
      report.stacks.map(({ name, result, reason, durationSeconds }) => [name, result, reason, durationSeconds]),
    ).toEqual([
      ['dns', 'skipped', 'unchanged', 10],
      ['network', 'succeeded', 'never_deployed', 10],
      ['security', 'succeeded', 'never_deployed', 10],
    ]);
    expect(report.stacks[0]?.decision).toEqual(['Configuration, program and 2 values read are the same.']);
  });

  it.each([
    ['dependency_failed', 'network', 'network, which it needs, has failed.'],
    ['run_stopped', null, 'The run stopped before its turn.'],
    ['cancelled', null, 'The operation was cancelled before its turn.'],
    ['not_deployed', null, 'There is nothing of it to work on.'],
  ] as const)('says %s in words, and who is to blame', (skipReason, culprit, words) => {
    const skipped = aStackRecord('security', {
      status: 'skipped',
      skipReason,
      explanation: ['It is not deployed.'],
      ...(culprit ? { culprit } : {}),
    });
    const report = reported(anOperation([NETWORK_FAILED, skipped], failed()));
    expect(report.stacks[1]).toMatchObject({
      result: 'skipped',
      reason: skipReason,
      cause: culprit,
      decision: [words],
    });
  });

  it('carries class, code, resource and remedy of a failure, and none of its details', () => {
    const report = reported(anOperation([NETWORK_FAILED], failed()));
    expect(report.cause).toEqual({
      stack: 'network',
      class: 'limit',
      code: 'SERVICE_LIMIT_EXCEEDED',
      message: 'The maximum number of VPCs has been reached',
      remediation: 'Request a quota increase.',
      retryable: false,
      resource: { urn: LIMIT.urn, type: 'aws:ec2/vpc:Vpc', name: 'vpc' },
      cloudCode: 'VpcLimitExceeded',
    });
    expect(report.errors).toEqual([report.cause]);
    expect(report.stacks[0]).toMatchObject({ result: 'failed', reason: 'limit', cause: 'SERVICE_LIMIT_EXCEEDED' });
    expect(report.byHand).toContain('network: Request a quota increase.');
    expect(JSON.stringify(report)).not.toContain('hunter22');
  });

  it('lists what a rollback has done, cannot restore and left broken', () => {
    const rollback: RunState['rollback'] = {
      trigger: 'auto',
      reason: 'security failed',
      fromVersion: 2,
      toVersion: 2,
      stacks: ['security', 'database-rds', 'network'],
      irreversible: [{ stack: 'database-rds', urn: 'urn:db', why: 'its data is gone' }],
      done: ['security', 'network'],
      failed: ['database-rds'],
    };
    const stacks = [
      aStackRecord('network', { status: 'rolled_back' }),
      aStackRecord('security', { status: 'rolled_back', error: LIMIT, layer: 2 }),
      aStackRecord('database-rds', { status: 'failed', error: { ...LIMIT, remediation: 'Restore it.' }, layer: 3 }),
    ];
    const operation = anOperation(
      stacks,
      failed({ error: { ...LIMIT, stack: 'security' }, report: ended({ outcome: 'failed', rolledBack: false }) }),
    );
    const state = { ...(operation.state as RunState), rollback };
    const report = reported({ ...operation, state });
    expect(report.rollback).toMatchObject({ state: 'failed', trigger: 'auto', failed: ['database-rds'] });
    expect(report.stacks.map(({ result, cause }) => [result, cause])).toEqual([
      ['rolled_back', 'security'],
      ['failed', 'SERVICE_LIMIT_EXCEEDED'],
      ['failed', 'SERVICE_LIMIT_EXCEEDED'],
    ]);
    expect(report.reason).toContain('failed at security after 48 s');
    expect(report.reason).toContain('rollback failed');
    expect(report.byHand.slice(0, 2)).toEqual([
      'Put database-rds right by hand: its rollback failed, and what it needs was left untouched.',
      'Not restored in database-rds: urn:db (its data is gone)',
    ]);
    const running = reported({ ...operation, state, status: 'in_progress', completedAt: null, report: null });
    expect(running.rollback?.state).toBe('running');
  });

  it('offers the way back where nothing was rolled back', () => {
    const report = reported(
      anOperation([NETWORK_FAILED], failed({ report: ended({ outcome: 'failed', rollbackAvailable: true }) })),
    );
    expect(report.rollback?.state).toBe('offered');
    expect(report.byHand.at(-1)).toContain('POST /api/v1/deployments/DT85S00/rollback');
  });

  it('says of a running operation that it is, and how far it has come', () => {
    const running = aStackRecord('security', { status: 'deploying', layer: 2 });
    const { endedAt: _open, ...open } = running;
    const report = reported(
      anOperation([aStackRecord('network'), open], { status: 'in_progress', phase: 'deploying', completedAt: null }),
    );
    expect(report).toMatchObject({
      isFinal: false,
      result: 'running',
      reason: 'Deployment runs: 1 of 2 stacks have ended after 1 min 0 s.',
      times: { endedAt: null, durationSeconds: 60 },
      totals: { open: 1 },
    });
    expect(report.stacks[1]).toMatchObject({ result: 'running', endedAt: null, durationSeconds: null });
  });

  it('tells a paused one how to go on', () => {
    const paused = { at: NOW, by: 'bob@example.com' };
    const report = reported(anOperation([], { status: 'in_progress', completedAt: null, paused }));
    expect(report.reason).toContain('runs, paused');
    expect(report.byHand).toEqual([expect.stringContaining('/resume (paused by bob@example.com)')]);
  });

  it('shows the plan of one that waits, with its place in the queue', () => {
    const planned = {
      ...{ name: 'network', layer: 1, priority: 20, dependencies: [], action: 'deploy' as const },
      ...{ reasons: ['config_changed' as const], explanation: ['vpcCidr changed.'] },
      ...{ estimatedDuration: 90, lastDeployedAt: null },
    };
    const plan = { layers: [{ layer: 1, stacks: [planned] }] } as unknown as Operation['plan'];
    const waiting = anOperation([], { status: 'pending', startedAt: null, completedAt: null, state: null, plan });
    const report = reported(waiting, 2);
    expect(report).toMatchObject({
      result: 'pending',
      queuePosition: 2,
      reason: 'Deployment waits for its environment; place in the queue: 2.',
      times: { startedAt: null, durationSeconds: null, waitedSeconds: 62 },
    });
    expect(report.stacks[0]).toMatchObject({
      result: 'pending',
      reason: 'config_changed',
      decision: ['vpcCidr changed.'],
    });
  });

  it('counts of a preview what is planned, and nothing as done', () => {
    const planned = { create: 3, update: 0, replace: 1, delete: 0, same: 4, unresolved: ['{{RUNTIME:dns:zoneId}}'] };
    const report = reported(anOperation([aStackRecord('network', { planned })], { preview: true }));
    expect(report).toMatchObject({ preview: true, resources: { created: 0 }, totals: { succeeded: 1 } });
    expect(report.reason).toMatch(/^Preview: deployment succeeded/);
    expect(report.stacks[0]).toMatchObject({ result: 'planned', planned });
  });

  it.each([
    [
      'update',
      [{ property: 'tags.Owner', expected: null, actual: 'hand' }],
      'POST /api/v1/deployments/DT85S00/drift-fix',
    ],
    ['create', [], 'Review the drift'],
    ['replace', [{ property: 'cidrBlock', expected: '10.0.0.0/16', actual: '10.9.0.0/16' }], 'Review the drift'],
  ] as const)('lists of a drift detection what differs, and what can be done about %s', (repair, properties, way) => {
    const drift = [{ urn: 'urn:vpc', type: 'aws:ec2/vpc:Vpc', name: 'vpc', id: 'vpc-1', repair, properties }];
    const detect = anOperation([aStackRecord('network', { drift })], { type: 'drift-detect', preview: true });
    const report = reported(detect);
    expect(report).toMatchObject({ preview: false, type: 'drift-detect', resources: { updated: 0 } });
    expect(report.reason).toContain('1 drifted');
    const [row] = properties;
    const property = row ?? { property: 'id', expected: 'vpc-1', actual: null };
    expect(report.stacks[0]?.drift).toEqual([expect.objectContaining({ repair, ...property })]);
    expect(report.byHand).toEqual([expect.stringContaining(way)]);
  });

  it.each([
    ['destroy', 'destroyed', 'Destroy succeeded'],
    ['rollback', 'rolled_back', 'Rollback succeeded'],
    ['refresh', 'deployed', 'Refresh succeeded'],
    ['state-import', 'deployed', 'State import succeeded'],
    ['drift-fix', 'deployed', 'Repair of drift succeeded'],
    ['clone', 'deployed', 'Promotion succeeded'],
  ] as const)('counts a stack of a %s as done when it is %s', (type, status, words) => {
    const report = reported(anOperation([aStackRecord('network', { status, action: 'deploy' })], { type }));
    expect(report.reason).toContain(words);
    expect(report.stacks[0]?.result).toBe('succeeded');
  });

  it('tells a cancelled one by whom, why, and how to go on', () => {
    const cancel = { at: NOW, by: 'bob@example.com', reason: 'wrong account', force: false, rollback: false };
    const report = reported(anOperation([], { status: 'cancelled', phase: 'failed', cancel }));
    expect(report.reason).toBe('Deployment was cancelled by bob@example.com after 48 s: wrong account.');
    expect(report.byHand).toEqual([expect.stringContaining('/op-4f0c8m2x1q9z/retry')]);
  });

  it('knows a failure that is no stack’s, and one that ended before it began', () => {
    const error = { class: 'state_conflict' as const, code: 'LOCK_TIMEOUT', message: 'not free', retryable: false };
    const report = reported(
      anOperation([], { status: 'failed', startedAt: null, state: null, error: { ...error, stack: null } }),
    );
    expect(report.errors).toEqual([expect.objectContaining({ stack: null, code: 'LOCK_TIMEOUT' })]);
    expect(report.times.durationSeconds).toBeNull();
  });
});
