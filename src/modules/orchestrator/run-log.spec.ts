import { SCOPE } from '../../../test/factories/events.js';
import { draft } from '../../shared/events/events.js';
import type { ResolvedStack } from './placeholders/resolve.js';
import type { Reporter } from './reporter.js';
import { planLines, resolvedLines } from './run-log.js';
import type { Plan, PlannedStack } from './run-request.js';

const reporter = {
  event: (type: 'log', data: Parameters<typeof draft<'log'>>[2]) => draft(type, SCOPE, data),
} as unknown as Reporter;

const planned = (name: string, action: PlannedStack['action'], explanation: readonly string[]): PlannedStack => ({
  name,
  layer: 1,
  priority: 1,
  dependencies: [],
  action,
  reasons: [],
  explanation,
  estimatedDuration: 60,
  estimatedRange: { from: 50, to: 70, runs: 3 },
  lastDeployedAt: null,
});

it('tells the decision for every stack and why; a skip is a warning', () => {
  const stacks = [planned('dns', 'deploy', ['It is not deployed.']), planned('network', 'skip', ['All is equal.'])];
  const lines = planLines(reporter, { layers: [{ layer: 1, stacks }] } as unknown as Plan);
  expect(lines.map(({ data }) => data)).toMatchObject([
    {
      stack: null,
      level: 'info',
      message: 'dns (layer 1) deploy: It is not deployed.',
      context: { component: 'plan', stack: 'dns' },
    },
    { stack: null, level: 'warn', message: 'network (layer 1) skip: All is equal.' },
  ]);
});

describe('what was resolved', () => {
  const lines = (values: Record<string, unknown>, resolved: ResolvedStack['resolved'], secretKeys: readonly string[]) =>
    resolvedLines(
      reporter,
      'app',
      { values, secretKeys, resolved, newSticky: {}, unresolved: [], filledKeys: [], omittedKeys: [] },
      { values, secretKeys },
    ).map(({ data }) => data);

  it('is told with its values, a secret as ***', () => {
    const told = lines(
      { vpcId: 'vpc-1', password: 'hunter2-hunter2', url: 'db://hunter2-hunter2@host' },
      [
        { kind: 'output', key: '{{RUNTIME:network:vpcId}}', value: 'vpc-1', secret: false },
        { kind: 'aws', key: '{{SECRET:db}}', value: 'hunter2-hunter2', secret: true },
      ],
      ['password'],
    );
    expect(told).toMatchObject([
      { level: 'info', message: 'app: {{RUNTIME:network:vpcId}} = vpc-1, {{SECRET:db}} = ***' },
      { level: 'debug', message: 'configuration: vpcId = vpc-1, password = ***, url = db://***@host' },
    ]);
  });

  it('has no line of its own where nothing came from outside, and long values are cut behind their masks', () => {
    const secret = 's'.repeat(150);
    const [only, ...more] = lines({ key: secret, text: `${'x'.repeat(190)}${secret}` }, [], ['key']);
    expect(more).toEqual([]);
    expect(only).toMatchObject({ level: 'debug', message: `configuration: key = ***, text = ${'x'.repeat(190)}***` });
  });
});
