import { OrchestratorRig } from '../../../test/fakes/orchestrator-rig.js';
import type { InstanceChange } from './run-journal.port.js';
import { aDeployedInstance, aFingerprint, aRunRequest, stacksOf } from '../../../test/factories/run-request.js';

const CHAIN = { dns: [], network: [], security: ['network'], secrets: ['security'] };
const QUIET = ['deployment_progress', 'stack_progress', 'log', 'resource_creating', 'resource_created'] as const;

describe('automatic rollback (deployments.md 7.9)', () => {
  it('undoes a first run in reverse order inside the same operation and ends with rollback_complete', async () => {
    const rig = new OrchestratorRig({
      secrets: { failUp: { 1: 'limit' } },
      network: { resources: [{ type: 'aws:kms/key:Key', name: 'k' }] },
    });
    const report = await rig.run(aRunRequest(stacksOf(CHAIN)));
    const lines = rig.journal.lines([...QUIET]);
    expect(lines.slice(lines.indexOf('stack_failed secrets'))).toEqual([
      'stack_failed secrets',
      'layer_complete 3',
      'deployment_failed secrets',
      'rollback_started',
      'stack_rolling_back secrets',
      'stack_rolled_back secrets',
      'stack_rolling_back security',
      'stack_rolled_back security',
      'stack_rolling_back network',
      'stack_rolled_back network',
      'stack_rolling_back dns',
      'stack_rolled_back dns',
      'rollback_complete',
    ]);
    const find = (type: string) => rig.journal.events.find((event) => event.type === type)?.data;
    expect(find('deployment_failed')).toMatchObject({ rollback: 'started', stack: 'secrets' });
    expect(find('rollback_started')).toMatchObject({
      trigger: 'auto',
      fromVersion: 0,
      toVersion: 0,
      stacks: ['secrets', 'security', 'network', 'dns'],
      irreversible: [{ stack: 'network', why: expect.stringContaining('everything encrypted with it') }],
    });
    expect(find('rollback_complete')).toMatchObject({ status: 'rolled_back', failedStacks: [] });
    expect(report).toMatchObject({
      outcome: 'failed',
      phase: 'rolled_back',
      rolledBack: true,
      rollbackAvailable: false,
      manualInterventionRequired: false,
      error: { stack: 'secrets', code: 'SERVICE_LIMIT_EXCEEDED' },
    });
    expect(rig.engine.states.size).toBe(0);
    expect([...rig.journal.instances.values()].map((change) => change.kind)).toEqual(Array(4).fill('destroyed'));
  });

  it('re-applies the last configuration of what was there and leaves untouched stacks alone', async () => {
    const rig = new OrchestratorRig({ security: { failUp: { 1: 'resource' } } });
    const first = stacksOf({ dns: [], network: [], security: ['network'] });
    rig.engine.scripts['security'] = {};
    await rig.run(aRunRequest(first));
    const changed = rig.after(first).map((each) => (each.name === 'dns' ? each : { ...each, config: { size: 'new' } }));
    rig.engine.scripts['security'] = { failUp: { 2: 'resource' } };
    const report = await rig.run(aRunRequest(changed, {}, { environmentVersion: 4 }));
    expect(rig.engine.log.slice(3)).toEqual(['up network', 'up security', 'up security', 'up network']);
    expect(rig.engine.calls.slice(3).map((call) => [call.refresh, call.config[`${call.stack}:size`]])).toEqual([
      [false, 'new'],
      [false, 'new'],
      [true, undefined],
      [false, undefined],
    ]);
    expect(report).toMatchObject({
      rolledBack: true,
      state: { rollback: { toVersion: 4, done: ['security', 'network'] } },
    });
    expect(rig.journal.instances.get('network')).toMatchObject({
      kind: 'deployed',
      fingerprint: changed[1]?.instance.fingerprint,
      config: { values: {} },
    });
  });

  it('leaves what a stack needs that could not be rolled back, goes on with the others and asks for a person', async () => {
    const rig = new OrchestratorRig({
      secrets: { failUp: { 1: 'resource' } },
      security: { failDestroy: { 1: 'resource' } },
    });
    const report = await rig.run(aRunRequest(stacksOf(CHAIN)));
    expect(report).toMatchObject({
      outcome: 'failed',
      phase: 'failed',
      rolledBack: false,
      manualInterventionRequired: true,
      state: { rollback: { done: ['secrets', 'dns'], failed: ['security', 'network'] } },
      error: { stack: 'secrets' },
    });
    expect(rig.engine.log).not.toContain('destroy network');
    expect(rig.journal.events.at(-1)).toMatchObject({ type: 'rollback_complete', data: { status: 'failed' } });
  });

  it('does not destroy protected stacks of a first run without a confirmed request', async () => {
    const protect = { config: { protectStateful: true } };
    const stacks = stacksOf({ a: [], b: ['a'] }, { a: protect });
    const rig = new OrchestratorRig({ b: { failUp: { 1: 'resource' } } });
    expect(await rig.run(aRunRequest(stacks))).toMatchObject({ rolledBack: false, rollbackAvailable: true });
    expect(rig.journal.events.at(-1)).toMatchObject({ type: 'deployment_failed', data: { rollback: 'offered' } });
    const confirmed = new OrchestratorRig({ b: { failUp: { 1: 'resource' } } });
    await confirmed.run(aRunRequest(stacks, { destructiveConfirmed: true }));
    expect(confirmed.engine.log).toEqual(['up a', 'up b', 'destroy b', 'up a', 'destroy a']);
    expect(confirmed.engine.calls[3]?.config['a:protectStateful']).toBe('false');
  });

  it('says that a data store this operation made is lost when the old configuration is re-applied', async () => {
    const bucket = { resources: [{ type: 'aws:s3/bucket:Bucket', name: 'primary' }] };
    const stacks = stacksOf({ store: [], app: ['store'] }, { store: { instance: aDeployedInstance() } });
    const rig = new OrchestratorRig({ store: bucket, app: { failUp: { 1: 'resource' } } });
    const report = await rig.run(aRunRequest(stacks));
    expect(report.state.rollback?.irreversible).toMatchObject([
      { stack: 'store', why: expect.stringContaining('created it') },
    ]);
  });
});

describe('manual rollback (deployments.md 7.9)', () => {
  const there = { instance: aDeployedInstance() };
  const config = { values: { size: 'then' }, secretKeys: [] };
  const stacks = stacksOf(
    { network: [], security: ['network'], extra: ['security'] },
    { network: there, security: there, extra: there },
  );
  const facts = { network: { fingerprint: aFingerprint('v1'), dependencies: [], codeHash: 'c0de' } };
  const rollbackTo = { version: 1, deploy: { network: config, security: config }, destroy: ['extra'], facts };

  it('applies forward, then destroys backward, with the values of then, and warns of a newer program', async () => {
    const rig = new OrchestratorRig();
    const report = await rig.run(aRunRequest(stacks, {}, { type: 'rollback', rollbackTo, environmentVersion: 2 }));
    expect(rig.journal.lines([...QUIET])).toEqual([
      'rollback_started',
      'stack_rolling_back network',
      'stack_rolled_back network',
      'stack_rolling_back security',
      'stack_rolled_back security',
      'deployment_warning security',
      'stack_rolling_back extra',
      'stack_rolled_back extra',
      'rollback_complete',
    ]);
    expect(rig.engine.log).toEqual(['up network', 'up security', 'destroy extra']);
    expect(rig.engine.calls[1]?.config['security:size']).toBe('then');
    expect(report).toMatchObject({ outcome: 'success', phase: 'rolled_back', rolledBack: true });
    expect(rig.journal.instances.get('network')).toMatchObject({ fingerprint: { total: 'v1' } });
  });

  it('starts each stack as soon as those it needs are through, `parallel` at once', async () => {
    const wide = stacksOf(
      { network: [], dns: [], security: ['network'], slow: [], old: [], older: ['old'] },
      { network: there, dns: there, security: there, slow: there, old: there, older: there },
    );
    const deploy = { network: config, dns: config, security: config, slow: config };
    const rig = new OrchestratorRig({ slow: { ms: 5000 }, dns: { ms: 5000 } });
    const wanted = { version: 1, deploy, destroy: ['old', 'older'] };
    const report = await rig.run(aRunRequest(wide, { parallel: 3 }, { type: 'rollback', rollbackTo: wanted }));
    expect(report).toMatchObject({ outcome: 'success', phase: 'rolled_back' });
    const times = rig.engine.calls.map(({ verb, stack, startedAt, endedAt = 0 }) => ({
      what: `${verb} ${stack}`,
      from: startedAt - (rig.engine.calls[0]?.startedAt ?? 0),
      ms: endedAt - startedAt,
    }));
    expect(times).toEqual([
      { what: 'up network', from: 0, ms: 1000 },
      { what: 'up dns', from: 0, ms: 5000 },
      { what: 'up slow', from: 0, ms: 5000 },
      { what: 'up security', from: 1000, ms: 1000 },
      { what: 'destroy older', from: 5000, ms: 1000 },
      { what: 'destroy old', from: 6000, ms: 1000 },
    ]);
  });

  it('does not apply what needs a stack that could not be applied', async () => {
    const rig = new OrchestratorRig({ network: { failUp: { 1: 'resource' } } });
    const report = await rig.run(aRunRequest(stacks, {}, { type: 'rollback', rollbackTo }));
    expect(rig.engine.log).toEqual(['up network', 'destroy extra']);
    expect(report).toMatchObject({
      outcome: 'failed',
      manualInterventionRequired: true,
      error: { stack: 'network' },
      state: { stacks: { security: { skipReason: 'dependency_failed', culprit: 'network' } } },
    });
  });
});

describe('a rollback of a stack that others read', () => {
  const reads = { config: { vpc: '{{RUNTIME:network:vpcId}}' } };
  const stacks = stacksOf({ network: [], app: ['network'], web: ['app'] }, { app: reads });

  /** Deploys, then rolls back `network`, with `app` as it was. @returns the rig, and what was done in the rollback */
  const rolledBack = async (vpcId: () => string): Promise<{ rig: OrchestratorRig; log: readonly string[] }> => {
    const rig = new OrchestratorRig({ network: { outputs: () => ({ vpcId: vpcId() }) } });
    await rig.run(aRunRequest(stacks));
    const { fingerprint, config } = rig.journal.instances.get('app') as Extract<InstanceChange, { kind: 'deployed' }>;
    const facts = { app: { fingerprint, dependencies: ['network'], codeHash: 'c0de' } };
    const deploy = { network: { values: {}, secretKeys: [] }, app: config };
    const rollbackTo = { version: 1, deploy, conditional: ['app'], destroy: [], facts };
    const before = rig.engine.log.length;
    await rig.run(aRunRequest(rig.after(stacks), {}, { type: 'rollback', rollbackTo }));
    return { rig, log: rig.engine.log.slice(before) };
  };

  it('leaves them alone when it comes back with the outputs they have', async () => {
    const { rig, log } = await rolledBack(() => 'vpc-1');
    expect(log).toEqual(['up network']);
    const { state } = rig.journal.report as NonNullable<typeof rig.journal.report>;
    expect(state.stacks['app']).toMatchObject({ status: 'skipped', skipReason: 'unchanged' });
    expect(state.rollback).toMatchObject({ done: ['network'], failed: [] });
  });

  it('applies them when it comes back with other outputs', async () => {
    let made = 0;
    const { rig, log } = await rolledBack(() => `vpc-${(made += 1)}`);
    expect(log).toEqual(['up network', 'up app']);
    expect(rig.journal.report?.state.rollback?.done).toEqual(['network', 'app']);
  });
});

describe('a rollback of a stack whose outputs come back different', () => {
  const reads = { config: { vpc: '{{RUNTIME:network:vpcId}}', size: 'now' } };
  let replaced = 0;
  const vpc = { outputs: (): Record<string, string> => ({ vpcId: `vpc-${(replaced += 1)}` }) };
  const vpcsOf = (rig: OrchestratorRig, stack: string): (string | undefined)[] =>
    rig.engine.calls.filter((call) => call.stack === stack).map((call) => call.config[`${stack}:vpc`]);
  beforeEach(() => {
    replaced = 0;
  });

  it('gives its dependents the outputs of now, not those of the snapshot (manual)', async () => {
    const rig = new OrchestratorRig({ network: vpc });
    const first = stacksOf({ network: [], app: ['network'] }, { app: reads });
    await rig.run(aRunRequest(first));
    const then = rig.journal.instances.get('app');
    const config = then?.kind === 'deployed' ? then.config : null;
    expect(config).toMatchObject({ values: { vpc: 'vpc-1', size: 'now' }, upstream: { vpc: reads.config.vpc } });
    const rollbackTo = {
      version: 1,
      deploy: { network: { values: {}, secretKeys: [] }, ...(config ? { app: config } : {}) },
      destroy: [],
    };
    await rig.run(aRunRequest(rig.after(first), {}, { type: 'rollback', rollbackTo }));
    expect(vpcsOf(rig, 'app')).toEqual(['vpc-1', 'vpc-2']);
  });

  it('applies a dependent again that went before it (automatic: dependents go first)', async () => {
    const rig = new OrchestratorRig({ network: vpc, last: { failUp: { 2: 'resource' } } });
    const stacks = stacksOf({ network: [], app: ['network'], last: ['app'] }, { app: reads });
    await rig.run(aRunRequest(stacks));
    const changed = rig.after(stacks).map((stack) => ({ ...stack, config: { ...stack.config, size: 'new' } }));
    const report = await rig.run(aRunRequest(changed));
    expect(report).toMatchObject({ rolledBack: true });
    expect(rig.engine.log.slice(-4)).toEqual(['up last', 'up app', 'up network', 'up app']);
    expect(vpcsOf(rig, 'app')).toEqual(['vpc-1', 'vpc-2', 'vpc-2', 'vpc-3']);
    expect(rig.journal.instances.get('app')).toMatchObject({
      kind: 'deployed',
      config: { values: { vpc: 'vpc-3', size: 'now' } },
    });
  });
});
