import { LiveView, render } from './live-view.js';
import { applied, type Frame, lineOf, newRun, type RunView } from './run-view.js';

let seq = 0;
const frame = (type: string, data: Frame['data']): Frame => ({
  type,
  seq: (seq += 1),
  timestamp: '2026-01-01T00:00:00.000Z',
  data,
});
const PLAN = [
  { name: 'network', layer: 1 },
  { name: 'dns', layer: 1 },
  { name: 'security', layer: 2 },
];
const resource = (stack: string, name: string): Frame['data'] => ({
  stack,
  resource: { type: 'aws:ec2/vpc:Vpc', name },
});

/** The block after these events, without colours, 100 wide. */
function picture(...frames: readonly Frame[]): readonly string[] {
  return render(runAfter(...frames), { width: 100, colour: false, tick: 0 });
}
function runAfter(...frames: readonly Frame[]): RunView {
  return frames.reduce(applied, newRun('D1 → dev', PLAN));
}

beforeEach(() => {
  seq = 0;
});

describe('live view of a run', () => {
  it('shows the plan before anything has happened, by layer and name', () => {
    expect(picture()).toEqual([
      '  D1 → dev  ┄┄┄┄┄┄┄┄┄┄┄┄  0 %',
      '  layer 1',
      '    · dns       waits',
      '    · network   waits',
      '  layer 2',
      '    · security  waits',
    ]);
  });

  it('shows percent, layer, counts, time left, and every stack as it goes', () => {
    const lines = picture(
      frame('deployment_started', { totalLayers: 2, estimatedDuration: 300 }),
      frame('stack_deploying', { stack: 'network', layer: 1, reasons: ['never_deployed'] }),
      frame('stack_skipped', { stack: 'dns', layer: 1, reason: 'unchanged', reasons: ['unchanged'] }),
      frame('stack_progress', { stack: 'network', progressPercent: 50, resourcesProcessed: 2, resourcesTotal: 4 }),
      frame('resource_created', resource('network', 'vpc')),
      frame('resource_creating', resource('network', 'second')),
      frame('deployment_progress', { progressPercent: 33, currentLayer: 1, estimatedTimeRemaining: 90 }),
    );
    expect(lines).toEqual([
      '  D1 → dev  ━━━━┄┄┄┄┄┄┄┄  33 %  layer 1 of 2  1 created  about 1 min 30 s left',
      '  layer 1',
      '    ↷ dns       skipped: nothing it depends on has changed since it was deployed',
      '    ⠋ network   ━━━━━━┄┄┄┄┄┄ 2/4  aws:ec2/vpc:Vpc (second)',
      '  layer 2',
      '    · security  waits',
    ]);
  });

  it('shows a failure with its reason and who did not run because of it', () => {
    const lines = picture(
      frame('stack_failed', {
        stack: 'network',
        layer: 1,
        error: { code: 'RESOURCE_CREATION_FAILED', message: 'no address is free' },
      }),
      frame('stack_skipped', { stack: 'security', layer: 2, reason: 'dependency_failed', culprit: 'network' }),
    );
    expect(lines).toContain('    ✗ network   failed: no address is free [RESOURCE_CREATION_FAILED]');
    expect(lines).toContain('    ↷ security  skipped: a stack it needs has failed (network)');
  });

  it('cuts lines at the width of the terminal', () => {
    const run = runAfter(frame('stack_skipped', { stack: 'dns', layer: 1, reason: 'unchanged' }));
    for (const line of render(run, { width: 30, colour: false, tick: 0 })) expect(line.length).toBeLessThanOrEqual(30);
  });

  it.each([
    ['deployment_complete', { status: 'deployed' }, 'deployed'],
    ['deployment_failed', { rollback: 'none', error: {} }, 'failed'],
    ['deployment_failed', { rollback: 'started', error: {} }, null],
    ['rollback_complete', { status: 'rolled_back' }, 'rolled_back'],
    ['rollback_complete', { status: 'failed' }, 'failed'],
    ['deployment_cancelled', { cancelledBy: 'someone' }, 'cancelled'],
    ['destroy_complete', { status: 'destroyed' }, 'destroyed'],
    ['error', { code: 'X', message: 'could not start' }, 'failed'],
    ['layer_complete', { layer: 2 }, null],
  ])('after %s %j the run is %s', (type, data, ended) => {
    expect(runAfter(frame(type, data)).ended).toBe(ended);
  });

  it('counts an event that is replayed once', () => {
    const created = frame('resource_created', resource('network', 'vpc'));
    expect(runAfter(created, created).created).toBe(1);
  });
});

describe('plain lines', () => {
  it.each([
    [
      'stack_deploying',
      { stack: 'dns', reasons: ['config_changed', 'brand_new_code'] },
      'dns: starts, because its configuration changed, brand_new_code',
    ],
    [
      'stack_skipped',
      { stack: 'dns', reason: 'unchanged' },
      'dns: skipped, because nothing it depends on has changed since it was deployed',
    ],
    ['resource_created', resource('network', 'vpc'), 'network: + aws:ec2/vpc:Vpc (vpc)'],
    [
      'stack_deployed',
      { stack: 'dns', durationSeconds: 4, resourcesCreated: 2, resourcesUpdated: 0, resourcesDeleted: 1 },
      'dns: deployed in 4 s, resources: 2 created, 1 deleted',
    ],
    ['operation_resumed', {}, 'the run was interrupted; it was taken over and goes on from its journal'],
    ['resource_creating', resource('network', 'vpc'), null],
  ])('%s', (type, data, line) => {
    expect(lineOf(frame(type, data))).toBe(line);
  });

  it('repeats a percentage only when it has moved', () => {
    const written: string[] = [];
    const view = new LiveView(newRun('D1', PLAN), { write: (text: string) => written.push(text) }, false);
    for (const percent of [0, 0, 33]) {
      view.show(frame('deployment_progress', { progressPercent: percent, estimatedTimeRemaining: 9 }));
    }
    view.end();
    expect(written).toEqual(['  0 %, about 9 s left\n', '  33 %, about 9 s left\n']);
  });
});
