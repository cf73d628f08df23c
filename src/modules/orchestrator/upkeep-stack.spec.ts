import { OrchestratorRig } from '../../../test/fakes/orchestrator-rig.js';
import { RecordingJournal } from '../../../test/fakes/recording-journal.js';
import type { StackScript } from '../../../test/fakes/scripted-engine.js';
import { aDeployedInstance, aRunRequest, NEVER_DEPLOYED, stacksOf } from '../../../test/factories/run-request.js';
import type { RunOptions, RunRequest, RunStack, RunType } from './run-request.js';

const GRAPH = { network: [], security: ['network'], app: ['security'] };
const TAG = { property: 'tags.Owner', expected: 'team', actual: 'hand' };
const changed: StackScript['drift'] = { main: { repair: 'update', properties: [TAG] } };
const vanished: StackScript['drift'] = { main: { repair: 'create', properties: [] } };

function deployed(facts: Readonly<Record<string, Partial<RunStack['instance']>>> = {}): RunStack[] {
  return stacksOf(GRAPH).map((stack) => ({
    ...stack,
    instance: aDeployedInstance({ dependencies: stack.dependencies, ...facts[stack.name] }),
  }));
}

function upkeep(type: RunType, stacks: readonly RunStack[], options: Partial<RunOptions> = {}): RunRequest {
  return aRunRequest(stacks, { continueOnError: true, rollbackOnError: false, ...options }, { type });
}

describe('drift detection', () => {
  const look = (stacks: readonly RunStack[]): RunRequest => upkeep('drift-detect', stacks, { preview: true });

  it('[10.4] tells per stack what differs, flags it, and changes nothing', async () => {
    const rig = new OrchestratorRig({ network: { drift: changed }, app: { drift: vanished } });
    const report = await rig.run(look(deployed({ network: { stackVersion: 7 } })));
    expect(report).toMatchObject({ outcome: 'success', changed: false });
    expect(report.state.stacks['network']?.drift).toMatchObject([{ name: 'main', properties: [TAG] }]);
    expect(report.state.stacks['security']?.drift).toEqual([]);
    expect(rig.engine.log.sort()).toEqual(['detect app', 'detect network', 'detect security']);
    const findings = Object.assign({}, ...rig.journal.entries.map(({ drift }) => drift ?? {}));
    expect(findings).toMatchObject({
      network: { stackVersion: 7, drifted: [{ repair: 'update' }] },
      security: { drifted: [] },
      app: { drifted: [{ repair: 'create' }] },
    });
    expect(rig.journal.instances.size).toBe(0);
    expect(rig.journal.entries.flatMap(({ events }) => events)).toContainEqual(
      expect.objectContaining({ type: 'drift_detected', data: { stacks: ['app', 'network'], resourceCount: 2 } }),
    );
  });

  it('goes on after a stack that cannot be read, keeps its flag as it is, and fails in the end', async () => {
    const rig = new OrchestratorRig({ network: { failDetect: 'permission' }, app: { drift: changed } });
    const report = await rig.run(look(deployed()));
    expect(report).toMatchObject({ outcome: 'failed', error: { stack: 'network' } });
    const findings = Object.assign({}, ...rig.journal.entries.map(({ drift }) => drift ?? {}));
    expect(Object.keys(findings).sort()).toEqual(['app', 'security']);
  });

  it('leaves out what is not deployed', async () => {
    const rig = new OrchestratorRig();
    const report = await rig.run(look(deployed({ app: NEVER_DEPLOYED })));
    expect(report.state.stacks['app']).toMatchObject({ status: 'skipped', skipReason: 'not_deployed' });
  });
});

describe('refresh', () => {
  it('[10.3] goes in dependency order, clears the flag and lets the next deploy run what has changed', async () => {
    const rig = new OrchestratorRig({ network: { drift: changed } });
    const report = await rig.run(upkeep('refresh', deployed({ network: { driftDetected: true } })));
    expect(report).toMatchObject({ outcome: 'success', changed: true });
    expect(rig.engine.log).toEqual(['refresh network', 'refresh security', 'refresh app']);
    expect(rig.journal.instances.get('network')).toMatchObject({ kind: 'refreshed', changed: true });
    expect(rig.journal.instances.get('security')).toMatchObject({ kind: 'refreshed', changed: false });
    const [network] = deployed({ network: { fingerprint: null } });
    const plan = await rig.plan(aRunRequest(network ? [network] : []));
    expect(plan.layers[0]?.stacks[0]).toMatchObject({ action: 'deploy', reasons: ['drift_detected'] });
  });

  it('makes no version when nothing had changed', async () => {
    expect(await new OrchestratorRig().run(upkeep('refresh', deployed()))).toMatchObject({ changed: false });
  });

  it('only looks in a preview, and flags nothing', async () => {
    const rig = new OrchestratorRig({ network: { drift: changed } });
    const report = await rig.run(upkeep('refresh', deployed(), { preview: true }));
    expect(report.state.stacks['network']?.planned).toMatchObject({ update: 1, delete: 0 });
    expect(rig.engine.log.every((call) => call.startsWith('detect'))).toBe(true);
    expect(rig.journal.entries.some(({ drift }) => drift)).toBe(false);
  });
});

describe('drift fix', () => {
  const nothing = { created: 0 };
  const flagged = (): RunStack[] => deployed({ security: { driftDetected: true } });

  it('[10.4] applies the last configuration again, after reading the cloud, to what is flagged alone', async () => {
    const rig = new OrchestratorRig({ security: { drift: changed, planned: { updated: 1 } } });
    const report = await rig.run(upkeep('drift-fix', flagged()));
    expect(report).toMatchObject({ outcome: 'success', changed: true });
    expect(rig.engine.calls.map(({ verb, stack, refresh }) => [verb, stack, refresh])).toEqual([
      ['preview', 'security', true],
      ['up', 'security', true],
    ]);
    expect(rig.engine.calls[1]?.config).toMatchObject({ 'security:size': 'old' });
    expect(rig.journal.instances.get('security')).toMatchObject({ kind: 'deployed' });
    expect(report.state.stacks['network']).toMatchObject({ status: 'skipped', skipReason: 'unchanged' });
  });

  it.each<[string, StackScript['planned']]>([
    ['replace', { replaced: 1 }],
    ['delete', { deleted: 1 }],
    ['create what vanished', { created: 1 }],
  ])('[10.4] is refused where it would %s: a person has to look', async (_, planned) => {
    const rig = new OrchestratorRig({ security: { planned: { ...nothing, ...planned } } });
    const report = await rig.run(upkeep('drift-fix', flagged()));
    expect(report).toMatchObject({ outcome: 'failed', changed: false, error: { code: 'MANUAL_REVIEW_REQUIRED' } });
    expect(rig.engine.log).toEqual(['preview security']);
    expect(rig.journal.instances.size).toBe(0);
  });

  it('shows in a preview what it would do, with a warning for what needs a person', async () => {
    const rig = new OrchestratorRig({ security: { planned: { replaced: 1 } } });
    const report = await rig.run(upkeep('drift-fix', flagged(), { preview: true }));
    expect(report).toMatchObject({ outcome: 'success', warnings: [{ code: 'MANUAL_REVIEW_REQUIRED' }] });
    expect(rig.engine.log).toEqual(['preview security']);
  });
});

describe('state import', () => {
  const state = { version: 3, deployment: { resources: [{ urn: 'urn:x', id: 'x-1', type: 'aws:x' }] } } as const;
  const one = (): RunStack[] => deployed().filter(({ name }) => name === 'network');
  const request = (fields: Partial<RunRequest>, options: Partial<RunOptions> = {}): RunRequest => ({
    ...upkeep('state-import', one(), options),
    ...fields,
  });

  it('[10.3] puts the state in the place of the old one and lets the next deploy run the stack', async () => {
    const rig = new OrchestratorRig();
    const report = await rig.run(request({ stateImport: { kind: 'state', state } }));
    expect(report).toMatchObject({ outcome: 'success', changed: true });
    expect(report.state.stacks['network']).toMatchObject({ stateVersion: 2, action: 'import' });
    expect(rig.journal.instances.get('network')).toMatchObject({ kind: 'imported', stateVersion: 2, resourceCount: 1 });
  });

  it('[10.3] adopts existing resources, also into a stack that was never deployed', async () => {
    const rig = new OrchestratorRig();
    const resources = [{ type: 'aws:ec2/vpc:Vpc', name: 'main', id: 'vpc-1' }];
    const stacks = one().map((stack) => ({ ...stack, instance: NEVER_DEPLOYED }));
    await rig.run({ ...request({ stateImport: { kind: 'resources', resources } }), stacks });
    expect(rig.engine.log).toEqual(['import network']);
    expect(rig.journal.instances.get('network')).toMatchObject({ kind: 'imported' });
  });

  it('leaves the stack as it was when it fails', async () => {
    const rig = new OrchestratorRig({ network: { throws: new TypeError('broken') } });
    const resources = [{ type: 'aws:ec2/vpc:Vpc', name: 'main', id: 'vpc-1' }];
    const report = await rig.run(request({ stateImport: { kind: 'resources', resources } }));
    expect(report).toMatchObject({ outcome: 'failed', changed: false });
    expect(rig.journal.instances.size).toBe(0);
  });

  it('says in a preview what would come and go', async () => {
    const rig = new OrchestratorRig();
    const report = await rig.run(request({ stateImport: { kind: 'state', state } }, { preview: true }));
    expect(report.state.stacks['network']?.planned).toMatchObject({ create: 1 });
    expect(rig.journal.instances.size).toBe(0);
  });
});

describe('upkeep whose process died (deployments.md 7.13)', () => {
  const one = (facts: Partial<RunStack['instance']> = {}): RunStack[] =>
    deployed({ network: facts }).filter(({ name }) => name === 'network');
  const resources = [{ type: 'aws:ec2/vpc:Vpc', name: 'main', id: 'main' }];

  /** Dies when the end of `network` was to be stored. @param cloud what becomes of the stack before somebody looks again */
  async function continued(
    request: RunRequest,
    scripts: Record<string, StackScript>,
    isGivenUp: boolean,
    cloud: (rig: OrchestratorRig) => void = () => undefined,
  ): Promise<OrchestratorRig> {
    const probe = new OrchestratorRig(structuredClone(scripts));
    await probe.run(request);
    const end = probe.journal.entries.findIndex(({ stacks }) => stacks?.some(({ endedAt }) => endedAt !== undefined));
    const rig = new OrchestratorRig(scripts);
    rig.journal = new RecordingJournal(end + 1, false);
    await expect(rig.run(request)).rejects.toThrow('killed');
    rig.journal.revive();
    cloud(rig);
    const state = rig.journal.state;
    await rig.run({ ...request, fence: 2, isGivenUp, ...(state ? { resume: state } : {}) });
    return rig;
  }

  it.each([true, false])(
    '[10.3] counts a refresh as a change when it may have been saved (given up: %s)',
    async (isGivenUp) => {
      const rig = await continued(upkeep('refresh', one()), { network: { drift: changed } }, isGivenUp);
      expect(rig.engine.log).toEqual(['refresh network', 'refresh network']); // the second one finds no difference any more
      expect(rig.journal.instances.get('network')).toMatchObject({ kind: 'refreshed', changed: true });
      expect(rig.journal.report).toMatchObject(
        isGivenUp ? { outcome: 'failed', error: { code: 'ORCHESTRATOR_INTERRUPTED' } } : { outcome: 'success' },
      );
    },
  );

  it('[10.4] under RUN_RECOVERY=fail takes a drift-fix as done that had come to its end, and applies nothing', async () => {
    const scripts = { network: { drift: changed, planned: { unchanged: 1 } } };
    const rig = await continued(upkeep('drift-fix', one({ driftDetected: true })), scripts, true);
    expect(rig.engine.log.filter((line) => line.startsWith('up'))).toHaveLength(1);
    expect(rig.journal.instances.get('network')).toMatchObject({ kind: 'deployed' });
  });

  it('[10.4] leaves no fix half done that needs a person by now', async () => {
    const scripts: Record<string, StackScript> = { network: { drift: changed, planned: { updated: 1 } } };
    const rig = await continued(upkeep('drift-fix', one({ driftDetected: true })), scripts, false, ({ engine }) => {
      engine.scripts['network'] = { planned: { replaced: 1 } };
    });
    expect(rig.journal.report?.error).toMatchObject({ code: 'MANUAL_REVIEW_REQUIRED' });
    expect(rig.journal.instances.get('network')?.kind).toBe('failed'); // not `running` for ever
  });

  it.each([
    ['nothing has come in', 'failed', (rig: OrchestratorRig) => rig.engine.states.clear()],
    ['everything has come in', 'deployed', () => undefined],
  ] as const)('[10.3] under RUN_RECOVERY=fail looks whether an import was done: %s', async (_what, status, cloud) => {
    const stacks = one().map((stack) => ({ ...stack, instance: NEVER_DEPLOYED }));
    const request = { ...upkeep('state-import', stacks), stateImport: { kind: 'resources', resources } } as const;
    const rig = await continued(request, {}, true, cloud);
    expect(rig.journal.report?.state.stacks['network']).toMatchObject({
      status,
      ...(status === 'failed' ? { error: { class: 'interrupted' } } : {}),
    });
    expect(rig.journal.instances.get('network')?.kind).toBe(status === 'failed' ? undefined : 'imported');
  });
});
