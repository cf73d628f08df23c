import { aDeployedInstance, aRunRequest, stacksOf } from '../../../test/factories/run-request.js';
import { OrchestratorRig } from '../../../test/fakes/orchestrator-rig.js';
import { checkManualSkips, selectForDestroy, selectStacks } from './selection.js';

const there = { instance: aDeployedInstance() };
const GRAPH = {
  dns: [],
  network: [],
  security: ['network'],
  secrets: ['security'],
  'services-ecs': ['security'],
  'services-eks': ['security'],
};
const SELECTION = { filter: [], includeDependencies: false, skipDependencies: false, environment: 'dev' };

describe('selection for a deploy (deployments.md 7.3)', () => {
  it.each<[readonly string[], readonly string[]]>([
    [[], ['dns', 'network', 'secrets', 'security', 'services-ecs', 'services-eks']],
    [
      ['network', 'sec*'],
      ['network', 'secrets', 'security'],
    ],
    [
      ['services-e?s', 'network', 'security'],
      ['network', 'security', 'services-ecs', 'services-eks'],
    ],
    [
      ['services-ec?', 'network', 'security', 'network'],
      ['network', 'security', 'services-ecs'],
    ],
  ])('%j selects %j', (filter, expected) => {
    expect(selectStacks(stacksOf(GRAPH), { ...SELECTION, filter })).toEqual(expected);
  });

  it.each([
    ['NO_STACK_MATCHED', { filter: ['net'] }, { pattern: 'net' }],
    ['NO_STACK_MATCHED', { filter: ['network', 'd.s'] }, { pattern: 'd.s' }],
    ['DEPENDENCY_NOT_DEPLOYED', { filter: ['secrets', 'network'] }, { missing: { secrets: ['security'] } }],
  ])('%s', (code, selection, details) => {
    expect(() => selectStacks(stacksOf(GRAPH), { ...SELECTION, ...selection })).toThrow(
      expect.objectContaining({ code, status: 422, details: expect.objectContaining(details) }),
    );
  });

  it('refuses an environment without stacks', () => {
    expect(() => selectStacks([], SELECTION)).toThrow(expect.objectContaining({ code: 'NOTHING_TO_DEPLOY' }));
  });

  it('takes deployed dependencies as given, adds missing ones or ignores them when asked', () => {
    const stacks = stacksOf(GRAPH, { network: there });
    const filter = ['secrets'];
    expect(selectStacks(stacks, { ...SELECTION, filter, includeDependencies: true })).toEqual(['secrets', 'security']);
    expect(selectStacks(stacks, { ...SELECTION, filter, skipDependencies: true })).toEqual(['secrets']);
    expect(selectStacks(stacks, { ...SELECTION, filter: ['security'] })).toEqual(['security']);
  });
});

describe('selection for a destroy (deployments.md 7.10)', () => {
  const stacks = stacksOf(GRAPH, {
    network: there,
    security: there,
    secrets: { instance: aDeployedInstance({ status: 'failed' }) },
  });

  it('takes only what is there', () => {
    expect(selectForDestroy(stacks, { filter: [], force: false })).toEqual(['network', 'secrets', 'security']);
  });

  it('HAS_DEPENDENTS: refuses what others need, unless forced', () => {
    expect(() => selectForDestroy(stacks, { filter: ['network', 'secrets'], force: false })).toThrow(
      expect.objectContaining({
        code: 'HAS_DEPENDENTS',
        status: 409,
        details: expect.objectContaining({ stacks: ['security'] }),
      }),
    );
    expect(selectForDestroy(stacks, { filter: ['network'], force: true })).toEqual(['network']);
  });
});

describe('manual skips (deployments.md 7.4)', () => {
  const planOf = (stacks: ReturnType<typeof stacksOf>) => new OrchestratorRig().plan(aRunRequest(stacks));

  it.each([
    ['a stack that is not deployed', stacksOf({ network: [], security: ['network'] }), false, 'UNSAFE_SKIP'],
    [
      'pending changes a dependent would miss',
      stacksOf({ network: [], security: ['network'] }, { network: there }),
      false,
      'UNSAFE_SKIP',
    ],
    ['the same, forced', stacksOf({ network: [], security: ['network'] }, { network: there }), true, null],
    ['pending changes nobody needs', stacksOf({ network: [], dns: [] }, { network: there }), false, null],
  ])('%s', async (_case, stacks, force, code) => {
    const plan = await planOf(stacks);
    const check = (): void => checkManualSkips(stacks, ['network'], plan, force);
    if (code) expect(check).toThrow(expect.objectContaining({ code }));
    else expect(check).not.toThrow();
  });

  it('names an unknown stack', async () => {
    const stacks = stacksOf({ network: [] });
    const plan = await planOf(stacks);
    expect(() => checkManualSkips(stacks, ['ghost'], plan, false)).toThrow(
      expect.objectContaining({ code: 'NO_STACK_MATCHED' }),
    );
  });
});
