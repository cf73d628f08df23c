import { OrchestratorRig } from '../../../test/fakes/orchestrator-rig.js';
import { aDeployedInstance, aRunRequest, stacksOf } from '../../../test/factories/run-request.js';
import { StaleLease } from '../../shared/database/leases.js';
import { RecordingJournal } from '../../../test/fakes/recording-journal.js';
import { RunAbandoned } from './run-control.js';
import { RunStop } from './run-stop.js';

const GRAPH = { dns: [], network: [], security: ['network'] };
const DIAMOND = { base: [], left: ['base'], right: ['base'], top: ['left', 'right'] };
const NO_RESOURCES = ['deployment_progress', 'stack_progress', 'log', 'resource_creating', 'resource_created'] as const;

const status = (rig: OrchestratorRig) =>
  Object.fromEntries(
    Object.values(rig.journal.state?.stacks ?? {}).map((record) => [
      record.name,
      record.skipReason ? `${record.status}: ${record.skipReason}` : record.status,
    ]),
  );

describe('a deploy run (deployments.md 7.5, order of api.md 4.4 and 4.5)', () => {
  it('tells a parent before its children and ends with the last event', async () => {
    const rig = new OrchestratorRig({ dns: { ms: 5000 }, network: { ms: 1000 }, security: { ms: 1000 } });
    const report = await rig.run(aRunRequest(stacksOf(GRAPH)));
    expect(rig.journal.lines()).toEqual([
      'deployment_started',
      'layer_started 1',
      'stack_deploying dns',
      'stack_deploying network',
      'resource_creating dns',
      'resource_creating network',
      'resource_created network',
      'stack_deployed network',
      'layer_started 2',
      'stack_deploying security',
      'resource_creating security',
      'resource_created security',
      'stack_deployed security',
      'layer_complete 2',
      'resource_created dns',
      'stack_deployed dns',
      'layer_complete 1',
      'deployment_complete',
    ]);
    expect(report).toMatchObject({ outcome: 'success', phase: 'deployed', changed: true, durationSeconds: 5 });
    expect(report.resources).toEqual({ created: 3, updated: 0, deleted: 0 });
    expect(rig.journal.events.at(-1)?.data).toMatchObject({
      status: 'deployed',
      deployedStacks: 3,
      resourcesCreated: 3,
    });
  });

  it('waits for the whole layer before with schedule layer', async () => {
    const rig = new OrchestratorRig({ dns: { ms: 5000 } });
    await rig.run(aRunRequest(stacksOf(GRAPH), { schedule: 'layer' }));
    expect(rig.journal.lines([...NO_RESOURCES])).toEqual([
      'deployment_started',
      'layer_started 1',
      'stack_deploying dns',
      'stack_deploying network',
      'stack_deployed network',
      'stack_deployed dns',
      'layer_complete 1',
      'layer_started 2',
      'stack_deploying security',
      'stack_deployed security',
      'layer_complete 2',
      'deployment_complete',
    ]);
  });

  it('starts nothing before its start is stored, and needs few entries', async () => {
    const rig = new OrchestratorRig();
    let stored = 0;
    const record = rig.journal.record.bind(rig.journal);
    rig.journal.record = async (entry) => {
      await rig.clock.sleep(20);
      stored += entry.events.filter((event) => event.type === 'stack_deploying').length;
      expect(rig.engine.calls.length).toBeLessThan(stored + 1);
      await record(entry);
    };
    await rig.run(aRunRequest(stacksOf(GRAPH)));
    expect(rig.journal.entries.length).toBeLessThanOrEqual(8);
  });

  it('starts ready stacks by priority, then name, at most `parallel` at once', async () => {
    const rig = new OrchestratorRig();
    const stacks = stacksOf(
      { z: [], b: [], a: [], c: [] },
      { z: { priority: 5 }, b: { priority: 20 }, a: { priority: 20 } },
    );
    await rig.run(aRunRequest(stacks, { parallel: 2 }));
    expect(rig.engine.log).toEqual(['up z', 'up a', 'up b', 'up c']);
    expect(rig.engine.mostAtOnce).toBe(2);
  });

  it('skips what is proven unchanged and says what was compared', async () => {
    const rig = new OrchestratorRig();
    const stacks = stacksOf(GRAPH);
    await rig.run(aRunRequest(stacks));
    const again = rig.after(stacks);
    rig.journal = new RecordingJournal();
    const report = await rig.run(aRunRequest(again));
    expect(rig.journal.lines()).toEqual([
      'deployment_started',
      'layer_started 1',
      'stack_skipped dns unchanged',
      'stack_skipped network unchanged',
      'layer_complete 1',
      'layer_started 2',
      'stack_skipped security unchanged',
      'layer_complete 2',
      'deployment_complete',
    ]);
    expect(rig.engine.calls).toHaveLength(3);
    expect(report).toMatchObject({ outcome: 'success', phase: 'deployed', changed: false });
    expect(report.state.stacks['network']?.explanation[0]).toContain('Nothing changed since');
    expect(rig.journal.entries.length).toBeLessThanOrEqual(4);
  });

  it('does not run a dependent of a redeployed stack whose outputs are equal (7.4), and runs it when they differ', async () => {
    const reads = { security: { config: { vpc: '{{RUNTIME:network:id}}' } } };
    const rig = new OrchestratorRig();
    const first = stacksOf(GRAPH, reads);
    await rig.run(aRunRequest(first));
    const changed = rig.after(first).map((each) => (each.name === 'network' ? { ...each, config: { size: 2 } } : each));
    rig.journal = new RecordingJournal();
    await rig.run(aRunRequest(changed));
    expect(status(rig)).toEqual({ dns: 'skipped: unchanged', network: 'deployed', security: 'skipped: unchanged' });
    rig.engine.scripts['network'] = { outputs: () => ({ id: 'network-2' }) };
    const more = rig.after(changed).map((each) => (each.name === 'network' ? { ...each, config: { size: 3 } } : each));
    rig.journal = new RecordingJournal();
    const report = await rig.run(aRunRequest(more));
    expect(status(rig)).toEqual({ dns: 'skipped: unchanged', network: 'deployed', security: 'deployed' });
    expect(report.state.stacks['security']).toMatchObject({
      reasons: ['upstream_output_changed'],
      explanation: ['{{RUNTIME:network:id}} changed: "network-1" → "network-2".'],
    });
  });

  it('gives the engine typed text, provider keys and the fence, and tells no secret', async () => {
    const config = { list: ['a'], on: true, key: '{{SECRET:db}}', size: 3, none: null };
    const rig = new OrchestratorRig({
      app: { outputs: () => ({ url: 'u', token: 't0ken' }), secretOutputs: ['token'] },
    });
    await rig.run(aRunRequest(stacksOf({ app: [] }, { app: { config } })));
    expect(rig.engine.calls[0]?.config).toEqual({
      'aws:region': 'us-east-1',
      'aws:allowedAccountIds': '["111111111111"]',
      'app:list': '["a"]',
      'app:on': 'true',
      'app:key': 'pa55word',
      'app:size': '3',
    });
    const told = JSON.stringify(rig.journal.events);
    expect(told).toContain('"outputs":{"url":"u"}');
    expect(told).not.toContain('pa55word');
    expect(told).not.toContain('t0ken');
  });

  it('stores a new sticky value before it is used and uses it again', async () => {
    const rig = new OrchestratorRig();
    const stacks = stacksOf({ app: [] }, { app: { config: { key: '{{RUNTIME:calculate:randomPassword}}' } } });
    await rig.run(aRunRequest(stacks));
    const first = rig.engine.calls[0]?.config['app:key'];
    expect(first).toHaveLength(32);
    const stored = rig.journal.entries.findIndex((entry) => entry.sticky);
    expect(rig.journal.entries[stored]?.events.map((event) => event.type)).toContain('stack_deploying');
    await rig.run(aRunRequest(rig.after(stacks), { force: true }));
    expect(rig.engine.calls[1]?.config['app:key']).toBe(first);
  });

  it('fails a run without stacks with NOTHING_TO_DEPLOY', async () => {
    const rig = new OrchestratorRig();
    const report = await rig.run(aRunRequest([]));
    expect(report).toMatchObject({ outcome: 'failed', changed: false, error: { code: 'NOTHING_TO_DEPLOY' } });
    expect(rig.journal.lines()).toEqual(['deployment_started', 'error', 'deployment_failed']);
  });

  it('ends with nothing changed when the checks before the run find an error', async () => {
    const rig = new OrchestratorRig();
    const error = { class: 'validation', code: 'ENVIRONMENT_DISABLED', message: 'off', retryable: false } as const;
    const report = await rig.run(aRunRequest(stacksOf({ a: [] })), undefined, {
      before: async () => ({ errors: 1, warnings: 0, error }),
    });
    expect(rig.journal.lines()).toEqual([
      'deployment_started',
      'validation_complete',
      'layer_started 1',
      'stack_skipped a run_stopped',
      'layer_complete 1',
      'error',
      'deployment_failed',
    ]);
    expect(report).toMatchObject({ outcome: 'failed', phase: 'failed', changed: false, rollbackAvailable: false });
    expect(rig.engine.calls).toEqual([]);
  });

  it('[POST-001] [POST-002] [POST-003] looks at what it has deployed before it ends, and tells what it finds as warnings', async () => {
    const found = [{ code: 'POST-003', message: 'b answers 503', stack: 'b' }];
    const rig = new OrchestratorRig();
    const asked: unknown[] = [];
    const after = async (names: readonly string[]): Promise<typeof found> => {
      asked.push([names, rig.journal.instances.get('b')?.kind]); // it is stored by then
      return found;
    };
    const stacks = stacksOf({ b: [], a: [] });
    const report = await rig.run(aRunRequest(stacks), undefined, { after });
    expect(asked).toEqual([[['a', 'b'], 'deployed']]);
    expect(report).toMatchObject({ outcome: 'success', phase: 'deployed', warnings: found });
    expect(rig.journal.lines().slice(-2)).toEqual(['deployment_warning b', 'deployment_complete']);
    await rig.run(aRunRequest(rig.after(stacks)), undefined, { after });
    expect(asked).toHaveLength(1); // nothing was deployed
  });

  it('ends well also when it cannot be looked at afterwards, and is not looked at when it failed', async () => {
    let asked = 0;
    const after = async (): Promise<never> => {
      asked += 1;
      throw new RangeError('no answer');
    };
    const rig = new OrchestratorRig({ bad: { failUp: { 1: 'resource' } } });
    expect(await rig.run(aRunRequest(stacksOf({ a: [] })), undefined, { after })).toMatchObject({
      outcome: 'success',
      warnings: [],
    });
    await rig.run(aRunRequest(stacksOf({ bad: [] })), undefined, { after });
    expect(asked).toBe(1);
  });
});

describe('failure policy (deployments.md 7.6)', () => {
  const failing = { left: { failUp: { 1: 'resource' as const }, ms: 500 }, right: { ms: 2000 } };

  it('stops new starts, lets running stacks finish, names the culprit and offers a rollback', async () => {
    const rig = new OrchestratorRig(failing);
    const graph = { ...DIAMOND, side: ['right'] };
    const report = await rig.run(aRunRequest(stacksOf(graph), { rollbackOnError: false }));
    expect(status(rig)).toEqual({
      base: 'deployed',
      left: 'failed',
      right: 'deployed',
      top: 'skipped: dependency_failed',
      side: 'skipped: run_stopped',
    });
    expect(report.state.stacks['top']?.culprit).toBe('left');
    expect(report).toMatchObject({
      outcome: 'failed',
      phase: 'failed',
      rolledBack: false,
      rollbackAvailable: true,
      error: { stack: 'left', class: 'resource', code: 'RESOURCE_CREATION_FAILED' },
    });
    expect(rig.journal.events.at(-1)).toMatchObject({
      type: 'deployment_failed',
      data: { status: 'partial', stack: 'left', failedLayer: 2, rollback: 'offered', failedStacks: ['left'] },
    });
  });

  it('keeps independent branches going with continueOnError, without rollback', async () => {
    const rig = new OrchestratorRig(failing);
    await rig.run(
      aRunRequest(stacksOf({ ...DIAMOND, side: ['right'] }), { continueOnError: true, rollbackOnError: false }),
    );
    expect(status(rig)).toMatchObject({ top: 'skipped: dependency_failed', side: 'deployed' });
    expect(rig.journal.lines()).not.toContain('rollback_started');
  });

  it('makes the failure of a stack that is not critical a warning', async () => {
    const rig = new OrchestratorRig(failing);
    const stacks = stacksOf({ ...DIAMOND, side: ['right'] }, { left: { critical: false } });
    const report = await rig.run(aRunRequest(stacks));
    expect(report).toMatchObject({
      outcome: 'success',
      warnings: [{ stack: 'left', code: 'RESOURCE_CREATION_FAILED' }],
    });
    expect(status(rig)).toMatchObject({ left: 'failed', top: 'skipped: dependency_failed', side: 'deployed' });
    expect(rig.journal.events.at(-1)).toMatchObject({ type: 'deployment_complete', data: { status: 'partial' } });
    expect(rig.journal.lines()).toContain('deployment_warning left');
  });

  it('treats an exception in a stack task as the failure of that stack', async () => {
    const rig = new OrchestratorRig({ dns: { throws: new TypeError('boom'), ms: 1 } });
    const report = await rig.run(
      aRunRequest(stacksOf({ dns: [], network: [] }), { continueOnError: true, rollbackOnError: false }),
    );
    expect(report.error).toMatchObject({ stack: 'dns', class: 'internal', code: 'INTERNAL_ERROR' });
    expect(report.error?.message).not.toContain('boom');
    expect(status(rig)).toEqual({ dns: 'failed', network: 'deployed' });
  });

  it.each([
    ['PH-012', { key: '{{SECRET:none}}' }, {}, { class: 'placeholder', code: 'UNRESOLVABLE_PLACEHOLDER' }],
    ['CFG-002', { size: '{{RUNTIME:calculate:uuid}}' }, { size: 'number' }, { class: 'validation', code: 'CFG-002' }],
  ])('[RUN-001] %s fails a stack before anything is done', async (_rule, config, types, error) => {
    const rig = new OrchestratorRig();
    const inputs = Object.fromEntries(
      Object.entries(types).map(([key, type]) => [key, { type: type as 'number', required: true, secret: false }]),
    );
    const report = await rig.run(
      aRunRequest(stacksOf({ app: [] }, { app: { config, inputs } }), { rollbackOnError: false }),
    );
    expect(report.error).toMatchObject({ stack: 'app', ...error });
    expect(rig.engine.calls).toEqual([]);
    expect(rig.journal.lines()).toEqual([
      'deployment_started',
      'layer_started 1',
      'stack_deploying app',
      'stack_failed app',
      'layer_complete 1',
      'deployment_failed app',
    ]);
  });

  it.each([true, false])(
    'refuses a change that would cost data before anything is done; preview: %s (RDS-3)',
    async (preview) => {
      const rig = new OrchestratorRig();
      const inputs = { size: { type: 'string', required: true, secret: false, changes: 'none' } } as const;
      const database = { config: { size: 'new' }, inputs, instance: aDeployedInstance() };
      const report = await rig.run(
        aRunRequest(stacksOf({ database: [] }, { database }), { preview, rollbackOnError: false }),
      );
      expect(report.error).toMatchObject({ stack: 'database', class: 'validation', code: 'CFG-003' });
      expect(report.error?.message).toContain('size: "new" instead of "old" is refused');
      expect(rig.engine.calls).toEqual([]);
    },
  );

  it('[RUN-002] fails a stack that does not export a declared output', async () => {
    const rig = new OrchestratorRig();
    const outputs = { id: { type: 'string', secret: false }, arn: { type: 'string', secret: false } } as const;
    const report = await rig.run(aRunRequest(stacksOf({ app: [] }, { app: { outputs } }), { rollbackOnError: false }));
    expect(report.error).toMatchObject({ code: 'MISSING_OUTPUT', details: { ruleId: 'RUN-002', outputs: ['arn'] } });
  });
});

describe('timeouts and retries (deployments.md 7.8)', () => {
  it('tries a transient failure twice again, after 1 s and 2 s', async () => {
    const rig = new OrchestratorRig({ app: { ms: 0, failUp: { 1: 'transient', 2: 'transient' } } });
    const report = await rig.run(aRunRequest(stacksOf({ app: [] })));
    expect(report).toMatchObject({
      outcome: 'success',
      durationSeconds: 3,
      state: { stacks: { app: { attempt: 3 } } },
    });
    expect(rig.engine.log).toEqual(['up app', 'up app', 'up app']);
  });

  it.each(['permission', 'limit', 'validation', 'resource'] as const)('never tries %s again', async (errorClass) => {
    const rig = new OrchestratorRig({ app: { failUp: { 1: errorClass } } });
    await rig.run(aRunRequest(stacksOf({ app: [] }), { rollbackOnError: false }));
    expect(rig.engine.log).toEqual(['up app']);
  });

  it.each(['until aborted', 'always'] as const)(
    'stops a stack that hangs (%s), reads it again and fails it',
    async (hang) => {
      const rig = new OrchestratorRig({ app: { hang } });
      const report = await rig.run(
        aRunRequest(stacksOf({ app: [] }), { stackTimeoutSeconds: 30, rollbackOnError: false }),
      );
      expect(report.error).toMatchObject({ class: 'timeout', code: 'STACK_TIMEOUT', stack: 'app' });
      expect(report.durationSeconds).toBe(hang === 'always' ? 95 : 30);
      expect(rig.engine.log).toEqual(['up app', 'refresh app']);
    },
  );

  it.each([
    [0, [800, 1600]],
    [1, [1200, 2400]],
  ])('spreads the pauses by a fifth either way (random %i)', async (random, pauses) => {
    const app = { ms: 0, failUp: { 1: 'transient', 2: 'transient', 3: 'transient' } } as const;
    const rig = new OrchestratorRig({ app }, { random: () => random });
    const report = await rig.run(aRunRequest(stacksOf({ app: [] }), { rollbackOnError: false }));
    expect(report.error).toMatchObject({ class: 'transient', stack: 'app' });
    const starts = rig.engine.calls.map(({ startedAt }) => startedAt);
    expect(starts.slice(1).map((at, index) => Math.round(at - (starts[index] ?? 0)))).toEqual(pauses);
  });

  it('shows each further attempt as a warning, with its number', async () => {
    const rig = new OrchestratorRig({ app: { ms: 0, failUp: { 1: 'transient', 2: 'transient' } } });
    await rig.run(aRunRequest(stacksOf({ app: [] })));
    const told = rig.journal.events.filter(({ type }) => type === 'log').map(({ data }) => data as { level: string });
    expect(told.filter(({ level }) => level === 'warn')).toMatchObject([
      { stack: 'app', level: 'warn', context: { attempt: 2 } },
      { stack: 'app', level: 'warn', context: { attempt: 3 } },
    ]);
  });

  it('rolls back after the timeout of a stack', async () => {
    const rig = new OrchestratorRig({ app: { hang: 'until aborted' } });
    const report = await rig.run(aRunRequest(stacksOf({ base: [], app: ['base'] }), { stackTimeoutSeconds: 30 }));
    expect(report).toMatchObject({ phase: 'rolled_back', rolledBack: true, error: { code: 'STACK_TIMEOUT' } });
    expect(rig.engine.log).toEqual(['up base', 'up app', 'refresh app', 'destroy app', 'destroy base']);
  });

  it('gives a stack twice its estimate, and five minutes at least', async () => {
    const stacks = stacksOf(
      { short: [], long: [] },
      { short: { estimateSeconds: 60 }, long: { estimateSeconds: 400 } },
    );
    const rig = new OrchestratorRig({ short: { hang: 'until aborted' }, long: { hang: 'until aborted' } });
    const report = await rig.run(aRunRequest(stacks, { rollbackOnError: false, continueOnError: true }));
    const { short, long } = report.state.stacks;
    const seconds = [short, long].map((each) => Number(each?.endedAt) - Number(each?.startedAt)).map((ms) => ms / 1000);
    expect(seconds).toEqual([300, 800]);
  });

  it('waits up to ten minutes for a state that somebody else has locked, which is not the time of the stack', async () => {
    const rig = new OrchestratorRig({ app: { ms: 20_000, lockedMs: 590_000 } });
    const report = await rig.run(aRunRequest(stacksOf({ app: [] }), { stackTimeoutSeconds: 30 }));
    expect(report).toMatchObject({ outcome: 'success' });
    expect(report.durationSeconds).toBeGreaterThanOrEqual(610);
    expect(report.state.stacks['app']?.attempt).toBe(rig.engine.calls.length);
    expect(rig.engine.calls.length).toBeLessThan(30);
  });

  it('fails a stack whose state stays locked for longer', async () => {
    const rig = new OrchestratorRig({ app: { lockedMs: 650_000 } });
    const report = await rig.run(aRunRequest(stacksOf({ app: [] }), { rollbackOnError: false }));
    expect(report.error).toMatchObject({ class: 'state_conflict', code: 'RESOURCE_LOCKED', stack: 'app' });
    expect(report.durationSeconds).toBe(600);
  });

  it('stops everything when the operation takes longer than the stacks of its layers may, and ten minutes', async () => {
    const stacks = stacksOf({ a: [], b: ['a'] });
    const slow = { ms: 290_000, lockedMs: 590_000 };
    const rig = new OrchestratorRig({ a: slow, b: slow });
    const report = await rig.run(aRunRequest(stacks, { stackTimeoutSeconds: 300, rollbackOnError: false }));
    expect(report).toMatchObject({ outcome: 'failed', durationSeconds: 300 + 300 + 600 });
    expect(report.error).toMatchObject({ class: 'timeout', code: 'OPERATION_TIMEOUT', stack: null });
    expect(status(rig)).toEqual({ a: 'deployed', b: 'failed' });
  });

  it('rolls back after the timeout of the operation', async () => {
    const rig = new OrchestratorRig({ a: { ms: 50_000 }, b: { ms: 50_000 } }, { operationSlackMs: -40_000 });
    const report = await rig.run(aRunRequest(stacksOf({ a: [], b: ['a'] }), { stackTimeoutSeconds: 60 }));
    expect(report).toMatchObject({ phase: 'rolled_back', error: { code: 'OPERATION_TIMEOUT' } });
    expect(rig.engine.states.size).toBe(0);
  });
});

describe('cancel and giving up (deployments.md 7.12)', () => {
  const cancel = new RunStop('cancelled', 'ops@acme.test', 'wrong branch');

  it('stops running stacks, skips pending ones and rolls nothing back', async () => {
    const rig = new OrchestratorRig({ base: { ms: 1000 }, left: { hang: 'until aborted' } });
    const controller = new AbortController();
    void rig.clock.sleep(2500).then(() => controller.abort(cancel));
    const report = await rig.run(aRunRequest(stacksOf(DIAMOND), { parallel: 1 }), controller.signal);
    expect(report).toMatchObject({ outcome: 'cancelled', phase: 'failed', changed: true });
    expect(status(rig)).toEqual({
      base: 'deployed',
      left: 'failed',
      right: 'skipped: cancelled',
      top: 'skipped: cancelled',
    });
    expect(report.state.stacks['left']?.error).toMatchObject({ class: 'cancelled' });
    expect(rig.journal.events.at(-1)).toMatchObject({
      type: 'deployment_cancelled',
      data: { cancelledBy: 'ops@acme.test', reason: 'wrong branch', completedStacks: ['base'] },
    });
    expect(rig.journal.lines()).not.toContain('rollback_started');
  });

  it('reads a stack again that did not end within the grace', async () => {
    const rig = new OrchestratorRig({ a: { hang: 'always' } });
    const controller = new AbortController();
    void rig.clock.sleep(1000).then(() => controller.abort(cancel));
    const report = await rig.run(aRunRequest(stacksOf({ a: [] })), controller.signal);
    expect(rig.engine.log).toEqual(['up a', 'refresh a']);
    expect(report).toMatchObject({ outcome: 'cancelled', durationSeconds: 66 });
  });

  it('rolls back first when the cancel asks for it', async () => {
    const rig = new OrchestratorRig({ b: { hang: 'until aborted' } });
    const controller = new AbortController();
    void rig.clock.sleep(2500).then(() => controller.abort(new RunStop('cancelled', 'x', null, false, true)));
    const report = await rig.run(aRunRequest(stacksOf({ a: [], b: ['a'] })), controller.signal);
    expect(report).toMatchObject({ outcome: 'cancelled', rolledBack: true });
    expect(rig.journal.lines().slice(-2)).toEqual(['rollback_complete', 'deployment_cancelled']);
    expect(rig.engine.states.size).toBe(0);
  });

  it.each([
    ['a stale lease of the journal', 3],
    ['a stale lease of the journal at its first entry', 1],
  ])('stops at once on %s and writes nothing more', async (_what, entry) => {
    const rig = new OrchestratorRig({ network: { ms: 60_000 } });
    const stale = new StaleLease('DTEST1-dev', 1);
    rig.journal = new RecordingJournal(entry, false, stale);
    await expect(rig.run(aRunRequest(stacksOf(GRAPH)))).rejects.toBe(stale);
    expect(rig.journal.entries).toHaveLength(entry - 1);
    expect(rig.journal.report).toBeNull();
  });

  it('stops at once when the engine finds the lease stale', async () => {
    const stale = new StaleLease('DTEST1-dev', 1);
    const rig = new OrchestratorRig({ dns: { throws: stale }, network: { hang: 'always' } });
    await expect(rig.run(aRunRequest(stacksOf(GRAPH)))).rejects.toBe(stale);
    expect(rig.journal.lines()).not.toContain('stack_failed dns');
  });

  it('gives up without an end when the process is going to stop', async () => {
    const rig = new OrchestratorRig({ network: { hang: 'until aborted' } });
    const controller = new AbortController();
    void rig.clock.sleep(3000).then(() => controller.abort(new RunStop('shutdown')));
    await expect(rig.run(aRunRequest(stacksOf(GRAPH)), controller.signal)).rejects.toBeInstanceOf(RunAbandoned);
    expect(status(rig)).toEqual({ dns: 'deployed', network: 'deploying', security: 'pending' });
  });
});

describe('destroy (deployments.md 7.10)', () => {
  const there = (fields: Parameters<typeof aDeployedInstance>[0] = {}) => ({ instance: aDeployedInstance(fields) });
  const deployed = stacksOf(GRAPH, { dns: there(), network: there(), security: there({ dependencies: ['network'] }) });

  it('goes backwards: a stack goes when its dependents are gone, priority and name descending', async () => {
    const rig = new OrchestratorRig();
    const report = await rig.run(aRunRequest(deployed, { parallel: 2 }, { type: 'destroy' }));
    expect(rig.journal.lines()).toEqual([
      'destroy_started',
      'layer_started 2',
      'stack_destroying security',
      'layer_started 1',
      'stack_destroying dns',
      'stack_destroyed security',
      'layer_complete 2',
      'stack_destroying network',
      'stack_destroyed dns',
      'stack_destroyed network',
      'layer_complete 1',
      'destroy_complete',
    ]);
    expect(report).toMatchObject({ outcome: 'success', phase: 'destroyed' });
    expect(rig.journal.events.at(-1)?.data).toMatchObject({ status: 'destroyed', destroyedStacks: 3 });
  });

  it('skips what is not there and leaves alone what a failed stack needs', async () => {
    const rig = new OrchestratorRig({ security: { failDestroy: { 1: 'resource' } } });
    const stacks = stacksOf(GRAPH, { network: there(), security: there({ dependencies: ['network'] }) });
    const report = await rig.run(aRunRequest(stacks, {}, { type: 'destroy' }));
    expect(status(rig)).toEqual({
      dns: 'skipped: not_deployed',
      network: 'skipped: dependency_failed',
      security: 'failed',
    });
    expect(report).toMatchObject({ outcome: 'failed', phase: 'failed', rollbackAvailable: false });
    expect(rig.journal.events.at(-1)?.type).toBe('destroy_failed');
  });

  it('lifts protection first, and only when the request was confirmed (stacks.md L3)', async () => {
    const lastConfig = { values: { protectStateful: true, size: 1 }, secretKeys: [] };
    const stacks = stacksOf({ dns: [], network: [] }, { dns: there({ lastConfig }), network: there() });
    const rig = new OrchestratorRig();
    const request = aRunRequest(stacks, { destructiveConfirmed: true, parallel: 1 }, { type: 'destroy' });
    expect((await rig.plan(request)).liftProtection).toEqual(['dns']);
    await rig.run(request);
    expect(rig.engine.log).toEqual(['up dns', 'destroy network', 'destroy dns']);
    expect(rig.engine.calls[0]?.config).toMatchObject({ 'dns:protectStateful': 'false', 'dns:size': '1' });
    const other = new OrchestratorRig();
    await other.run(aRunRequest(stacks, { parallel: 1 }, { type: 'destroy' }));
    expect(other.engine.log).toEqual(['destroy network', 'destroy dns']);
  });
});

describe('preview (deployments.md 7.7)', () => {
  it('plans every stack with what is known and changes nothing', async () => {
    const rig = new OrchestratorRig();
    const reads = { security: { config: { vpc: '{{RUNTIME:network:id}}', key: '{{RUNTIME:calculate:uuid}}' } } };
    const report = await rig.run(aRunRequest(stacksOf(GRAPH, reads), { preview: true }));
    expect(rig.engine.log).toEqual(['preview dns', 'preview network', 'preview security']);
    expect(rig.engine.calls[2]?.config['security:vpc']).toBe('<unresolved: {{RUNTIME:network:id}}>');
    expect(rig.journal.lines()).toEqual(['deployment_started', 'deployment_complete']);
    expect(rig.journal.instances.size + rig.journal.sticky.size).toBe(0);
    expect(report).toMatchObject({ outcome: 'success', changed: false });
    expect(report.state.stacks['security']?.planned).toEqual({
      create: 1,
      update: 0,
      replace: 0,
      delete: 0,
      same: 0,
      unresolved: ['{{RUNTIME:network:id}}'],
    });
  });

  it('says why a stack would be skipped', async () => {
    const rig = new OrchestratorRig();
    const stacks = stacksOf(GRAPH);
    await rig.run(aRunRequest(stacks));
    const again = rig.after(stacks).map((each) => ({ ...each, skipManually: each.name === 'dns' }));
    rig.journal = new RecordingJournal();
    await rig.run(aRunRequest(again, { preview: true }));
    expect(status(rig)).toEqual({
      dns: 'skipped: manual',
      network: 'skipped: unchanged',
      security: 'skipped: unchanged',
    });
    expect(rig.journal.events[1]).toMatchObject({ type: 'deployment_progress', data: { progressPercent: 0 } });
  });

  it('counts what a destroy would delete', async () => {
    const rig = new OrchestratorRig();
    const stacks = stacksOf({ a: [] });
    await rig.run(aRunRequest(stacks));
    const report = await rig.run(aRunRequest(rig.after(stacks), { preview: true }, { type: 'destroy' }));
    expect(report.state.stacks['a']?.planned).toMatchObject({ delete: 1 });
    expect(rig.engine.log).toEqual(['up a']);
  });
});
