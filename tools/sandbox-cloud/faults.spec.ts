import { SandboxRig, SCOPE, TYPES } from '../../test/fakes/sandbox-rig.js';
import { parseFaultRules } from './fault-rule.js';

const error = { code: 'VpcLimitExceeded', message: 'The maximum number of VPCs has been reached.' };
const known = new Set<string>([TYPES.vpc]);

describe('parseFaultRules', () => {
  it('fills in defaults', () => {
    const { rules, problems } = parseFaultRules([{ match: {}, operation: 'create', error }], known);
    expect(problems).toEqual([]);
    expect(rules).toEqual([
      { match: {}, operation: 'create', nth: 1, times: 1, error: { ...error, retryable: false } },
    ]);
  });

  it.each<[unknown, string]>([
    ['text', 'must be an object'],
    [{ operation: 'create', hang: true }, 'match is required'],
    [{ match: { kind: 'x' }, operation: 'create', hang: true }, 'match.kind is not a field of a rule'],
    [{ match: { name: '' }, operation: 'create', hang: true }, 'match.name must be a text'],
    [{ match: { type: 'aws:x/y:Y' }, operation: 'create', hang: true }, 'aws:x/y:Y is not known to the sandbox'],
    [{ match: {}, operation: 'explode', hang: true }, 'operation must be one of create, update, delete, read, invoke'],
    [{ match: {}, operation: 'create' }, 'one of error, delayMs, hang is required'],
    [{ match: {}, operation: 'create', hang: true, nth: 0 }, 'nth must be a whole number from 1'],
    [{ match: {}, operation: 'create', hang: true, times: 1.5 }, 'times must be a whole number from 1'],
    [{ match: {}, operation: 'create', delayMs: -1 }, 'delayMs must be a whole number from 0'],
    [{ match: {}, operation: 'create', hang: 'yes' }, 'hang must be true or false'],
    [{ match: {}, operation: 'create', error: { code: 'X' } }, 'error.message must be a text'],
    [{ match: {}, operation: 'create', error: { ...error, retryable: 1 } }, 'error.retryable must be true or false'],
    [{ match: {}, operation: 'create', hang: true, when: 'now' }, 'when is not a field of a rule'],
  ])('refuses %j', (rule, message) => {
    const good = { match: {}, operation: 'delete', delayMs: 5 };
    const { rules, problems } = parseFaultRules([good, rule], known);
    expect(rules).toEqual([]);
    expect(problems).toEqual([{ rule: 1, messages: [expect.stringContaining(message) as string] }]);
  });

  it('refuses what is no list and what is too long', () => {
    expect(parseFaultRules({}, known).problems[0]?.messages).toEqual(['rules must be a list']);
    expect(parseFaultRules(Array(101).fill({}), known).problems[0]?.messages).toEqual(['at most 100 rules']);
  });
});

describe('faults', () => {
  let rig: SandboxRig;
  beforeEach(() => {
    rig = new SandboxRig();
  });
  const makeVpc = (name: string) => rig.make('vpc', name, { cidrBlock: '10.0.0.0/16' });
  const outcomes = async (names: string[]): Promise<string[]> => {
    const results: string[] = [];
    for (const name of names) {
      results.push(
        await makeVpc(name).then(
          () => 'made',
          (failure: unknown) => (failure as { code: string }).code,
        ),
      );
    }
    return results;
  };

  it('hits the n-th and the following matches, and nothing exists after a hit', async () => {
    await rig.cloud.setFaults('acme', [{ match: { type: TYPES.vpc }, operation: 'create', nth: 2, times: 2, error }]);
    expect(await outcomes(['a', 'b', 'c', 'd'])).toEqual(['made', error.code, error.code, 'made']);
    expect(await rig.inventory()).toHaveLength(2);
  });

  it('counts anew with a new list', async () => {
    const rules = [{ match: {}, operation: 'create', error }];
    await rig.cloud.setFaults('acme', rules);
    expect(await outcomes(['a', 'b'])).toEqual([error.code, 'made']);
    await rig.cloud.setFaults('acme', rules);
    expect(await outcomes(['c', 'd'])).toEqual([error.code, 'made']);
    await rig.cloud.setFaults('acme', []);
    expect(await outcomes(['e'])).toEqual(['made']);
  });

  it('keeps the old list when the new one is wrong', async () => {
    await rig.cloud.setFaults('acme', [{ match: {}, operation: 'create', error }]);
    expect((await rig.cloud.setFaults('acme', [{}])).problems).toHaveLength(1);
    expect(await rig.cloud.faults('acme')).toHaveLength(1);
  });

  it('matches by name and URN, per operation and organization', async () => {
    await rig.cloud.setFaults('acme', [
      { match: { name: 'b' }, operation: 'create', times: 9, error },
      { match: { urn: rig.urn('vpc', 'c') }, operation: 'create', times: 9, error },
      { match: { type: TYPES.gateway }, operation: 'create', times: 9, error },
      { match: {}, operation: 'update', times: 9, error },
    ]);
    expect(await outcomes(['a', 'b', 'c', 'bb'])).toEqual(['made', error.code, error.code, 'made']);
    const other = rig.cloud.provider({ ...SCOPE, organization: 'other', region: 'us-east-1' });
    const create = { urn: rig.urn('vpc', 'b'), type: TYPES.vpc, inputs: {}, preview: false, token: 't' };
    await expect(other.create(create)).resolves.toBeDefined();
  });

  it('reaches update, delete, read and functions, and lets retryable errors say so', async () => {
    const vpc = await makeVpc('vpc');
    const token = 'aws:index/getRegion:getRegion';
    const throttled = { code: 'RequestLimitExceeded', message: 'Request limit exceeded.', retryable: true };
    await rig.cloud.setFaults('acme', [
      { match: { name: 'vpc' }, operation: 'update', error: throttled },
      { match: { name: 'vpc' }, operation: 'delete', error: throttled },
      { match: { name: 'vpc' }, operation: 'read', error: throttled },
      { match: { type: token }, operation: 'invoke', error: throttled },
    ]);
    const refused = { code: 'RequestLimitExceeded', retryable: true };
    await expect(rig.update(vpc, { cidrBlock: '10.0.0.0/16' })).rejects.toMatchObject(refused);
    await expect(rig.provider.delete(vpc)).rejects.toMatchObject(refused);
    await expect(rig.provider.read(vpc)).rejects.toMatchObject(refused);
    await expect(rig.provider.invoke({ token, args: {} })).rejects.toMatchObject(refused);
    expect(await rig.inventory()).toHaveLength(1);
  });

  it('leaves previews alone', async () => {
    await rig.cloud.setFaults('acme', [{ match: {}, operation: 'create', error }]);
    const create = { urn: rig.urn('vpc', 'v'), type: TYPES.vpc, inputs: {}, preview: true, token: 't' };
    await expect(rig.provider.create(create)).resolves.toBeDefined();
    expect(await outcomes(['a'])).toEqual([error.code]);
  });

  it('delays in real milliseconds, whatever the speed', async () => {
    await rig.cloud.setFaults('acme', [
      { match: {}, operation: 'create', delayMs: 70 },
      { match: { type: TYPES.vpc }, operation: 'create', delayMs: 30 },
    ]);
    await makeVpc('a');
    expect(rig.slept).toEqual([100]);
  });

  it('hangs until the request is aborted', async () => {
    await rig.cloud.setFaults('acme', [{ match: { name: 'a' }, operation: 'create', hang: true }]);
    const controller = new AbortController();
    let isOver = false;
    const making = rig
      .make('vpc', 'a', { cidrBlock: '10.0.0.0/16' }, { signal: controller.signal })
      .finally(() => (isOver = true));
    await makeVpc('b'); // others go on meanwhile
    expect(isOver).toBe(false);
    controller.abort();
    await expect(making).rejects.toMatchObject({ code: 'RequestCanceled' });
    expect((await rig.inventory()).map(({ urn }) => urn.split('::').pop())).toEqual(['b']);
  });
});
