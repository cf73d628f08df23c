import { aRunStart, aStackEnd, SCOPE, stored } from '../../../test/factories/events.js';
import { EventBus } from '../../shared/events/event-bus.js';
import { draft, type EventDraft, type Payload } from '../../shared/events/events.js';
import { Metrics } from '../../shared/metrics/metrics.js';
import { RunMetrics } from './run-metrics.js';

const failed = (rollback: Payload<'deployment_failed'>['rollback']): EventDraft =>
  draft('deployment_failed', SCOPE, {
    status: 'failed',
    stack: 'network',
    error: { code: 'STACK_TIMEOUT', message: '' },
    failedLayer: 1,
    totalLayers: 2,
    durationSeconds: 7,
    failedStacks: ['network'],
    rollback,
    actions: [],
  });
const rolledBack: EventDraft = draft('rollback_complete', SCOPE, {
  status: 'rolled_back',
  rolledBackStacks: [],
  failedStacks: [],
  durationSeconds: 3,
});
const skipped = (reason: Payload<'stack_skipped'>['reason']): EventDraft =>
  draft('stack_skipped', SCOPE, {
    stack: 'dns',
    stackName: 'dns',
    layer: 1,
    reason,
    action: 'skip',
    reasons: [],
    lastDeployed: null,
  });

describe('metrics of runs', () => {
  const after = async (...drafts: readonly EventDraft[]): Promise<string> => {
    const metrics = new Metrics();
    const bus = new EventBus();
    new RunMetrics(bus, metrics).onModuleInit();
    await bus.emit(drafts.map((event, i) => stored(event, i + 1)));
    return metrics.text();
  };

  it.each([
    ['a failed operation', [failed('none')], 'operations_total{type="deploy",environment="dev",status="failed"} 1'],
    ['one with a rollback, once', [failed('started'), rolledBack], 'status="failed"} 1'],
    ['executed stacks', [aStackEnd()], 'stack_duration_seconds_sum{stack="network",environment="dev"} 2'],
    ['unchanged stacks', [skipped('unchanged')], 'stacks_skipped_total{environment="dev"} 1'],
    ['the share of skipped ones', [skipped('unchanged'), aStackEnd()], 'stack_skip_rate{environment="dev"} 0.5'],
  ])('count %s', async (_what, drafts, line) => {
    expect(await after(...drafts)).toContain(line);
  });

  it('do not count what is no end, nor stacks that could not run', async () => {
    const text = await after(aRunStart(), failed('started'), skipped('dependency_failed'));
    expect(text).not.toContain('operations_total{');
    expect(text).not.toContain('stacks_skipped_total{');
  });
});
