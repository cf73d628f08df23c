import { OrchestratorRig } from '../../../test/fakes/orchestrator-rig.js';
import { aRunRequest, stacksOf } from '../../../test/factories/run-request.js';
import type { InstanceFacts, Plan, RunOptions, RunPlace, RunStack } from './run-request.js';

const GRAPH = { dns: [], network: [], security: ['network'], secrets: ['security'] };
const READS = {
  network: {
    config: { size: 1, zones: '{{RUNTIME:aws:availabilityZones}}', key: 'literal-secret' },
    secretKeys: ['key'],
  },
  security: { config: { vpc: '{{RUNTIME:network:id}}', level: '{{ENV:level}}' } },
};

/** The environment after one successful run. */
async function deployed(): Promise<{ rig: OrchestratorRig; stacks: RunStack[] }> {
  const rig = new OrchestratorRig();
  const stacks = stacksOf(GRAPH, READS);
  await rig.run(request(stacks));
  return { rig, stacks: rig.after(stacks) };
}

function request(stacks: RunStack[], options: Partial<RunOptions> = {}, place: Partial<RunPlace> = {}) {
  const made = aRunRequest(stacks, options);
  return { ...made, place: { ...made.place, environmentConfig: { level: 'high' }, ...place } };
}

const actions = (plan: Plan) =>
  Object.fromEntries(plan.layers.flatMap((layer) => layer.stacks).map((each) => [each.name, each.action]));
const planned = (plan: Plan, name: string) =>
  plan.layers.flatMap((layer) => layer.stacks).find((each) => each.name === name);
const change = (stacks: RunStack[], name: string, fields: Partial<RunStack>) =>
  stacks.map((stack) => (stack.name === name ? { ...stack, ...fields } : stack));

describe('the plan (deployments.md 7.3)', () => {
  it('describes a first run', async () => {
    const plan = await new OrchestratorRig().plan(request(stacksOf(GRAPH, READS)));
    expect(plan).toMatchObject({
      totalStacks: 4,
      totalLayers: 3,
      maxParallelism: 2,
      estimatedDuration: 180,
      timeSaved: 0,
      stacksToDeploy: ['dns', 'network', 'security', 'secrets'],
      stacksSkipped: [],
    });
    expect(plan.layers[1]).toMatchObject({
      layer: 2,
      stacks: [{ name: 'security', reasons: ['never_deployed'], priority: 30 }],
    });
  });

  it('[6.5] gives a range with every estimate, and with the schedule: its shortest, its longest, and how much is known', async () => {
    const known = { estimateRange: { from: 40, to: 100, runs: 5 } };
    const some = change(stacksOf(GRAPH, READS), 'network', known);
    const partly = await new OrchestratorRig().plan(request(some));
    expect(planned(partly, 'network')?.estimatedRange).toEqual({ from: 40, to: 100, runs: 5 });
    expect(planned(partly, 'security')?.estimatedRange).toEqual({ from: 60, to: 60, runs: 0 });
    expect(partly.estimatedRange).toEqual({ from: 160, to: 220, runs: 0 });
    const all = stacksOf(GRAPH, READS).map((stack) => ({ ...stack, ...known }));
    expect((await new OrchestratorRig().plan(request(all))).estimatedRange).toEqual({ from: 120, to: 300, runs: 5 });
  });

  it('skips everything when nothing changed, in layers that keep their numbers, and starts no program', async () => {
    const { rig, stacks } = await deployed();
    const calls = rig.engine.calls.length;
    const plan = await rig.plan(request(stacks));
    expect(plan).toMatchObject({ stacksToDeploy: [], estimatedDuration: 0, timeSaved: 180, totalLayers: 3 });
    expect(plan.layers.map((layer) => layer.layer)).toEqual([1, 2, 3]);
    expect(plan.fingerprints['security']).toEqual(stacks[2]?.instance.fingerprint);
    expect(rig.engine.calls).toHaveLength(calls);
  });

  it('decides dependents of what runs later: conditional, without a fingerprint', async () => {
    const { rig, stacks } = await deployed();
    const plan = await rig.plan(request(change(stacks, 'network', { codeHash: 'new' })));
    expect(actions(plan)).toEqual({ dns: 'skip', network: 'deploy', security: 'conditional', secrets: 'conditional' });
    expect(planned(plan, 'security')?.explanation.at(-1)).toContain('Decided when network has run');
    expect(plan.fingerprints).toMatchObject({ security: null, network: { code: 'new' } });
  });

  it('numbers the layers of a selection anew and keeps the order over stacks left out', async () => {
    const { rig, stacks } = await deployed();
    const some = stacks.map((stack) => ({ ...stack, selected: ['network', 'secrets'].includes(stack.name) }));
    const plan = await rig.plan(request(some, { force: true }));
    expect(plan.layers.map((layer) => layer.stacks.map((each) => each.name))).toEqual([['network'], ['secrets']]);
    expect(plan.totalStacks).toBe(2);
  });

  it('plans 16 unchanged stacks in milliseconds', async () => {
    const names = Array.from({ length: 16 }, (_, index) => `s${index}`);
    const chain = Object.fromEntries(names.map((name, index) => [name, names.slice(Math.max(0, index - 2), index)]));
    const rig = new OrchestratorRig();
    const stacks = stacksOf(chain);
    await rig.run(request(stacks));
    const plan = await rig.plan(request(rig.after(stacks)));
    expect(plan.stacksSkipped).toHaveLength(16);
  });
});

describe('reasons to run (deployments.md 7.4)', () => {
  const instance = (stacks: RunStack[], facts: Partial<InstanceFacts>) => ({
    instance: { ...(stacks[2] as RunStack).instance, ...facts },
  });

  it.each<[string, (stacks: RunStack[]) => RunStack[], Partial<RunOptions>, Partial<RunPlace>]>([
    ['config_changed', (s) => change(s, 'security', { config: { ...READS.security.config, more: 1 } }), {}, {}],
    ['code_changed', (s) => change(s, 'security', { codeHash: 'new' }), {}, {}],
    ['template_changed', (s) => change(s, 'security', { templateHash: 'new' }), {}, {}],
    ['dependencies_changed', (s) => change(s, 'security', { dependencies: ['network', 'dns'] }), {}, {}],
    ['account_or_region_changed', (s) => s, {}, { account: '222222222222' }],
    ['drift_detected', (s) => change(s, 'security', instance(s, { driftDetected: true })), {}, {}],
    ['previous_failed', (s) => change(s, 'security', instance(s, { lastOperationSucceeded: false })), {}, {}],
    ['never_deployed', (s) => change(s, 'security', instance(s, { status: 'destroyed' })), {}, {}],
    ['forced', (s) => s, { force: true }, {}],
    ['skip_disabled', (s) => s, { smartSkip: false }, {}],
    ['config_changed', (s) => s, {}, { environmentConfig: { level: 'low' } }],
  ])('%s', async (reason, edit, options, place) => {
    const { rig, stacks } = await deployed();
    const plan = await rig.plan(request(edit(stacks), options, place));
    expect(planned(plan, 'security')).toMatchObject({ action: 'deploy', reasons: [reason] });
    expect(planned(plan, 'security')?.explanation[0]).toMatch(/\.$/);
  });

  it('aws_value_changed: a look-up gives something else', async () => {
    const { rig, stacks } = await deployed();
    const other = change(stacks, 'network', {
      instance: {
        ...(stacks[1] as RunStack).instance,
        fingerprint: {
          ...((stacks[1] as RunStack).instance.fingerprint as NonNullable<InstanceFacts['fingerprint']>),
          total: 'x',
          resolved: { '{{RUNTIME:aws:availabilityZones}}': 'x' },
        },
      },
    });
    expect(planned(await rig.plan(request(other)), 'network')).toMatchObject({ reasons: ['aws_value_changed'] });
  });

  it('says in words what was compared, with old and new values, and never a secret', async () => {
    const { rig, stacks } = await deployed();
    const config = { ...READS.network.config, size: 2, key: 'other-secret' };
    const plan = await rig.plan(request(change(stacks, 'network', { config })));
    expect(planned(plan, 'network')?.explanation).toEqual(['Configuration changed: key (secret), size 1 → 2.']);
    expect(JSON.stringify(plan)).not.toMatch(/literal-secret|other-secret/);
    expect(JSON.stringify(stacks[1]?.instance.fingerprint)).not.toContain('literal');
    expect(planned(await rig.plan(request(stacks)), 'dns')?.explanation[0]).toMatch(
      /^Nothing changed since .* equal\.$/,
    );
  });

  it('skips manually without comparing', async () => {
    const { rig, stacks } = await deployed();
    const plan = await rig.plan(request(change(stacks, 'security', { skipManually: true, codeHash: 'new' })));
    expect(planned(plan, 'security')).toMatchObject({ action: 'skip', skipReason: 'manual' });
  });
});
