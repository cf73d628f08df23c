import { OrchestratorRig } from '../../../../test/fakes/orchestrator-rig.js';
import { aRunRequest, stacksOf } from '../../../../test/factories/run-request.js';
import type { StackInstance } from '../environments/environment.js';
import { HealthProbe } from './health-probe.port.js';
import { StackInspection } from './stack-inspection.js';
import type { HealthResult } from './verify-rules.js';

class ScriptedProbe extends HealthProbe {
  readonly asked: unknown[] = [];

  async ask(stack: string, outputs: Readonly<Record<string, unknown>>): Promise<HealthResult> {
    this.asked.push([stack, outputs]);
    return { kind: 'fails', message: `${stack} answers 503` };
  }
}

describe('looking at what a run has deployed (deployments.md 8.5)', () => {
  const stacks = stacksOf(
    { network: [], app: ['network'], late: [] },
    { app: { config: { vpc: '{{RUNTIME:network:id}}', ghost: '{{RUNTIME:network:ghost}}' } } },
  );
  const instanceOf = (stack: string): StackInstance =>
    ({
      stack,
      status: 'deployed',
      lastOperationSucceeded: true,
      lastError: null,
      outputs: { id: { value: `${stack}-1`, secret: false }, key: { value: 'hidden', secret: true } },
    }) as unknown as StackInstance;
  const instances = stacks.map(({ name }) => instanceOf(name));
  const { place } = aRunRequest(stacks);

  const inspect = async (names: readonly string[], leftMs: number) => {
    const rig = new OrchestratorRig();
    const first = stacks.map((stack) => ({ ...stack, config: {} }));
    await rig.run(aRunRequest(first));
    const probe = new ScriptedProbe();
    const inspection = new StackInspection(rig.service, rig.engine, probe, rig.clock);
    const view = {
      place,
      stacks: rig.after(first).map((each, index) => ({ ...each, config: stacks[index]?.config ?? {} })),
    };
    const found = await inspection.inspect(view, instances, names, rig.clock.now().getTime() + leftMs);
    return { found, probe };
  };

  it('[POST-001] [POST-002] [POST-003] checks resources, reads of its outputs and its health', async () => {
    const { found, probe } = await inspect(['network'], 1000);
    expect(found).toMatchObject([
      {
        name: 'network',
        status: 'DEGRADED',
        checks: [
          { ruleId: 'POST-001', status: 'passed', message: '1 resources' },
          {
            ruleId: 'POST-002',
            status: 'failed',
            message: expect.stringMatching(/^app: \{\{RUNTIME:network:ghost\}\}/),
          },
          { ruleId: 'POST-003', status: 'failed', message: 'network answers 503' },
        ],
      },
    ]);
    expect(probe.asked).toEqual([['network', { id: 'network-1' }]]); // secrets are not given away
  });

  it('skips what does not fit the time', async () => {
    const { found, probe } = await inspect(['network', 'late'], 0);
    expect(found.flatMap(({ checks }) => checks.map(({ status }) => status))).toEqual(Array(6).fill('skipped'));
    expect(probe.asked).toEqual([]);
  });
});
