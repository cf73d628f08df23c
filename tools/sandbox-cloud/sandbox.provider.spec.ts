import { ACCOUNT, aNetwork, permission, SandboxRig, SCOPE, trust, TYPES } from '../../test/fakes/sandbox-rig.js';
import { hex } from './identities.js';
import { UNKNOWN } from './provider.port.js';

let rig: SandboxRig;
beforeEach(() => {
  rig = new SandboxRig();
});

const check = (type: keyof typeof TYPES, name: string, news: object, olds?: object) =>
  rig.provider.check({
    urn: rig.urn(type, name),
    type: TYPES[type],
    news: { ...news },
    ...(olds && { olds: { ...olds } }),
    preview: false,
  });

describe('check', () => {
  it('fills in what the real provider fills in', async () => {
    const { inputs, failures } = await check('vpc', 'vpc', {
      cidrBlock: '10.0.0.0/16',
      tags: { a: 'b' },
      ipv6CidrBlock: null,
    });
    expect(failures).toEqual([]);
    expect(inputs).toEqual({
      cidrBlock: '10.0.0.0/16',
      enableDnsSupport: true,
      instanceTenancy: 'default',
      tags: { a: 'b' },
    });
  });

  it.each([
    ['role', { assumeRolePolicy: trust() }, /^task-[0-9a-f]{7}$/],
    ['group', { vpcId: 'vpc-1' }, /^task-[0-9a-f]{7}$/],
    ['alias', { targetKeyId: 'key' }, /^alias\/task-[0-9a-f]{7}$/],
    ['role', { assumeRolePolicy: trust(), namePrefix: 'given-' }, /^given-[0-9a-f]{26}$/],
  ] as const)('names a %s after its logical name, the same every time', async (type, news, expected) => {
    const first = await check(type, 'task', news);
    expect(first.failures).toEqual([]);
    expect(first.inputs.name).toMatch(expected);
    expect((await check(type, 'task', news)).inputs.name).toBe(first.inputs.name);
    expect((await check(type, 'other', news)).inputs.name).not.toBe(first.inputs.name);
  });

  it('keeps a generated name from the olds and lets go of a given one', async () => {
    const news = { assumeRolePolicy: trust() };
    expect((await check('role', 'task', news, { name: 'task-0123abc' })).inputs.name).toBe('task-0123abc');
    expect((await check('role', 'task', news, { name: 'given' })).inputs.name).toMatch(/^task-[0-9a-f]{7}$/);
  });

  it('gives the successor of a resource another name', async () => {
    const role = await rig.make('role', 'task', { assumeRolePolicy: trust() });
    expect((await check('role', 'task', { assumeRolePolicy: trust() })).inputs.name).not.toBe(role.inputs.name);
  });

  it('turns numbers, flags and documents into the kind of their argument', async () => {
    const { inputs } = await check('role', 'task', {
      assumeRolePolicy: JSON.parse(trust()),
      maxSessionDuration: '7200',
    });
    expect(inputs).toMatchObject({ assumeRolePolicy: trust(), maxSessionDuration: 7200 });
  });

  it.each([
    ['subnet', {}, ['vpcId: Missing required argument "vpcId"']],
    ['vpc', { cidrBlock: '10.0.0.0/16', cidr: 'x' }, ['cidr: "cidr" is not an argument of aws:ec2/vpc:Vpc']],
    ['vpc', { cidrBlock: '10.0.0.1/16' }, ['cidrBlock: "10.0.0.1/16" is not a valid IPv4 CIDR block']],
    ['vpc', { cidrBlock: '10.0.0.0/16', enableDnsSupport: 'maybe' }, ['enableDnsSupport: expected a boolean']],
    ['vpc', { cidrBlock: '10.0.0.0/16', tags: { n: 1 } }, ['tags: expected a map of strings']],
    [
      'vpc',
      { cidrBlock: '10.0.0.0/16', tags: { 'aws:x': '' } },
      ['tags: tag key "aws:x" is reserved: it begins with aws:'],
    ],
    ['role', { assumeRolePolicy: '{' }, ['assumeRolePolicy: contains an invalid JSON']],
  ] as const)('refuses %s %j', async (type, news, expected) => {
    expect(await rig.failures(type, news)).toEqual(expected);
  });

  it('refuses a name that auto-naming makes too long', async () => {
    const { failures } = await check('role', 'x'.repeat(60), { assumeRolePolicy: trust() });
    expect(failures[0]?.reason).toContain('longer than 64 characters');
  });

  it('lets unknown values pass anywhere', async () => {
    const { failures } = await check('endpoint', 'e', {
      vpcId: UNKNOWN,
      serviceName: UNKNOWN,
      subnetIds: [UNKNOWN],
      vpcEndpointType: UNKNOWN,
      policy: UNKNOWN,
    });
    expect(failures).toEqual([]);
  });
});

describe('diff', () => {
  it('sees no change in order of sets, formatting of documents, and values left to the cloud', async () => {
    const { vpc, subnets } = await aNetwork(rig);
    const subnetIds = subnets.map(({ id }) => id);
    const base = { vpcId: vpc.id, vpcEndpointType: 'Interface', serviceName: 'com.amazonaws.us-east-1.logs' };
    const endpoint = await rig.make('endpoint', 'e', {
      ...base,
      subnetIds,
      policy: '{"a":1,"b":2}',
      privateDnsEnabled: true,
    });
    const same = { ...base, subnetIds: [...subnetIds].reverse(), policy: '{ "b": 2, "a": 1 }' };
    expect(await rig.diff(endpoint, same)).toMatchObject({ changes: false, replaces: [], changedKeys: [] });
  });

  it('tells updates from replacements', async () => {
    const { vpc, subnet } = await aNetwork(rig);
    expect(await rig.diff(vpc, { cidrBlock: '10.0.0.0/16', tags: { a: 'b' } })).toEqual({
      changes: true,
      changedKeys: ['tags'],
      replaces: [],
      deleteBeforeReplace: false,
    });
    expect(await rig.diff(vpc, { cidrBlock: '10.9.0.0/16' })).toMatchObject({
      replaces: ['cidrBlock'],
      deleteBeforeReplace: false,
    });
    expect(await rig.diff(subnet, { ...subnet.inputs, vpcId: UNKNOWN })).toMatchObject({
      replaces: ['vpcId'],
      deleteBeforeReplace: false,
    });
  });

  it('wants the old one deleted first where two cannot exist at once', async () => {
    const { subnet } = await aNetwork(rig);
    const moved = { ...subnet.inputs, availabilityZone: 'us-east-1c' };
    expect((await rig.diff(subnet, moved)).deleteBeforeReplace).toBe(true);
    const named = await rig.make('role', 'r1', { name: 'fixed', assumeRolePolicy: trust() });
    const replaced = { assumeRolePolicy: trust(), path: '/team/' };
    expect((await rig.diff(named, { ...replaced, name: 'fixed' })).deleteBeforeReplace).toBe(true);
    const generated = await rig.make('role', 'r2', { assumeRolePolicy: trust() });
    expect(await rig.diff(generated, replaced)).toMatchObject({ replaces: ['path'], deleteBeforeReplace: false });
  });
});

describe('create', () => {
  it('makes ids of the URN and the number of its creation', async () => {
    const first = await rig.make('vpc', 'vpc', { cidrBlock: '10.0.0.0/16' });
    expect(first.id).toBe(`vpc-${hex(`${first.urn}1`)}`);
    await rig.provider.delete(first);
    expect((await rig.make('vpc', 'vpc', { cidrBlock: '10.0.0.0/16' })).id).toBe(`vpc-${hex(`${first.urn}2`)}`);
  });

  it('answers the same token with the same resource, also at the same moment', async () => {
    const makes = Array.from({ length: 3 }, () => rig.make('vpc', 'vpc', { cidrBlock: '10.0.0.0/16' }, { token: 't' }));
    const ids = (await Promise.all(makes)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(1);
    expect(await rig.inventory()).toHaveLength(1);
  });

  it('leaves what a killed run can find by its token, from the first moment on', async () => {
    const slow = new SandboxRig(1);
    let found: unknown;
    slow.onSleep = async () => {
      found = await slow.provider.find({ urn: slow.urn('vpc', 'vpc'), type: TYPES.vpc, token: 't' });
    };
    const vpc = await slow.make('vpc', 'vpc', { cidrBlock: '10.0.0.0/16' }, { token: 't' });
    expect(found).toEqual({ id: vpc.id, outputs: vpc.outputs });
    expect(await slow.provider.find({ urn: vpc.urn, type: vpc.type, token: 'other' })).toBeNull();
    expect(await slow.provider.find({ urn: `${vpc.urn}x`, type: vpc.type, token: 't' })).toBeNull();
  });

  it('plans with unknowns and touches nothing', async () => {
    const answer = await rig.provider.create({
      urn: rig.urn('subnet', 's'),
      type: TYPES.subnet,
      inputs: { vpcId: UNKNOWN, cidrBlock: '10.0.1.0/24', tags: { a: 'b' } },
      preview: true,
      token: 't',
    });
    expect(answer.id).toBe(UNKNOWN);
    expect(answer.outputs).toMatchObject({
      arn: UNKNOWN,
      availabilityZone: UNKNOWN,
      vpcId: UNKNOWN,
      cidrBlock: '10.0.1.0/24',
      region: 'us-east-1',
      tagsAll: { a: 'b' },
    });
    expect(await rig.inventory()).toEqual([]);
  });

  it('refuses unknown values, types and regions by name', async () => {
    await expect(rig.make('vpc', 'vpc', { cidrBlock: UNKNOWN })).rejects.toThrow('"cidrBlock" is not known yet');
    await expect(rig.make('vpc', 'vpc', { cidrBlock: '10.0.0.0/16', region: 'moon-1' })).rejects.toMatchObject({
      code: 'InvalidRegion',
    });
    const unknown = { urn: 'u', type: 'aws:x/y:Y', inputs: {}, preview: false, token: 't' };
    await expect(rig.provider.create(unknown)).rejects.toMatchObject({ code: 'UnsupportedResourceType' });
    expect(() => rig.cloud.provider({ ...SCOPE, region: 'moon-1' })).toThrow('invalid AWS Region: moon-1');
    expect(() => rig.cloud.provider({ ...SCOPE, account: '1', region: 'us-east-1' })).toThrow('expected 12 digits');
  });

  it('puts a resource into the region it names', async () => {
    const vpc = await rig.make('vpc', 'vpc', { cidrBlock: '10.0.0.0/16', region: 'eu-west-1' });
    expect(vpc.outputs).toMatchObject({ region: 'eu-west-1', arn: `arn:aws:ec2:eu-west-1:${ACCOUNT}:vpc/${vpc.id}` });
    await expect(rig.make('gateway', 'igw', { vpcId: vpc.id })).rejects.toMatchObject({
      code: 'InvalidVpcID.NotFound',
    });
    expect((await rig.provider.read(vpc))?.id).toBe(vpc.id);
    await rig.provider.delete(vpc);
    expect(await rig.inventory()).toEqual([]);
  });

  it('keeps organizations and accounts apart', async () => {
    const vpc = await rig.make('vpc', 'vpc', { cidrBlock: '10.0.0.0/16' });
    const other = rig.cloud.provider({ organization: 'other', account: ACCOUNT, region: 'us-east-1' });
    expect(await other.read(vpc)).toBeNull();
    await other.delete(vpc);
    expect(await rig.inventory()).toHaveLength(1);
  });
});

describe('read, update and delete', () => {
  it('reads what is there, and null for what is gone', async () => {
    const vpc = await rig.make('vpc', 'vpc', { cidrBlock: '10.0.0.0/16' });
    expect(await rig.provider.read({ urn: vpc.urn, type: vpc.type, id: vpc.id })).toEqual({
      id: vpc.id,
      inputs: vpc.inputs,
      outputs: vpc.outputs,
    });
    await rig.provider.delete(vpc);
    expect(await rig.provider.read(vpc)).toBeNull();
    await expect(rig.provider.delete(vpc)).resolves.toBeUndefined();
  });

  it('updates inputs and keeps what was computed', async () => {
    const vpc = await rig.make('vpc', 'vpc', { cidrBlock: '10.0.0.0/16', enableDnsHostnames: true, tags: { a: '1' } });
    const updated = await rig.update(vpc, { cidrBlock: '10.0.0.0/16', tags: { a: '2' } });
    expect(updated.outputs).toEqual({
      ...vpc.outputs,
      enableDnsHostnames: false,
      tags: { a: '2' },
      tagsAll: { a: '2' },
    });
    await rig.provider.delete(vpc);
    await expect(rig.update(vpc, { cidrBlock: '10.0.0.0/16', tags: {} })).rejects.toMatchObject({
      code: 'InvalidVpcID.NotFound',
    });
  });

  it('plans an update with known computed values', async () => {
    const vpc = await rig.make('vpc', 'vpc', { cidrBlock: '10.0.0.0/16' });
    const { outputs } = await rig.provider.update({
      ...vpc,
      oldInputs: vpc.inputs,
      oldOutputs: vpc.outputs,
      news: { ...vpc.inputs, tags: { a: UNKNOWN } },
      preview: true,
    });
    expect(outputs).toMatchObject({ arn: vpc.outputs.arn, tags: { a: UNKNOWN }, tagsAll: { a: UNKNOWN } });
    expect((await rig.provider.read(vpc))?.outputs).toEqual(vpc.outputs);
  });

  it('frees the old claims and takes the new ones on update', async () => {
    const { vpc, gateway } = await aNetwork(rig);
    const second = await rig.make('vpc', 'second', { cidrBlock: '10.1.0.0/16' });
    await rig.update(gateway, { vpcId: second.id });
    await expect(rig.make('gateway', 'igw-2', { vpcId: second.id })).rejects.toThrow('already has an internet gateway');
    await expect(rig.make('gateway', 'igw-3', { vpcId: vpc.id })).resolves.toBeDefined();
  });

  it('lets the old half of a replacement go although other stacks still sit in it, but not its own stack', async () => {
    const old = await rig.make('vpc', 'vpc', { cidrBlock: '10.0.0.0/16' });
    const group = await rig.make('group', 'web', { vpcId: old.id }, { stack: 'D1-security-dev' });
    await expect(rig.provider.delete(old)).rejects.toMatchObject({ code: 'DependencyViolation' });
    await rig.make('vpc', 'vpc', { cidrBlock: '10.1.0.0/16' });
    const own = await rig.make('subnet', 's', { vpcId: old.id, cidrBlock: '10.0.1.0/24' });
    await expect(rig.provider.delete(old)).rejects.toMatchObject({ code: 'DependencyViolation' });
    await rig.provider.delete(own);
    await rig.provider.delete(old);
    await rig.provider.delete(group);
    expect(await rig.inventory()).toHaveLength(1);
  });

  it('asks again after the wait whether somebody came to need it', async () => {
    const slow = new SandboxRig(1);
    const role = await slow.make('role', 'r', { assumeRolePolicy: trust() });
    slow.onSleep = async () => {
      slow.onSleep = () => Promise.resolve();
      await slow.make('rolePolicy', 'p', { role: role.id, policy: permission() });
    };
    await expect(slow.provider.delete(role)).rejects.toMatchObject({ code: 'DeleteConflict' });
  });
});

describe('drift', () => {
  it('shows a change by hand on read, and only the changed key is put back', async () => {
    const vpc = await rig.make('vpc', 'vpc', { cidrBlock: '10.0.0.0/16', tags: { a: '1' } });
    const [resource] = await rig.inventory();
    await rig.cloud.changeByHand(resource!, { tags: { a: 'hand' }, enableDnsHostnames: true });
    const read = await rig.provider.read(vpc);
    expect(read?.inputs).toEqual({ ...vpc.inputs, tags: { a: 'hand' }, enableDnsHostnames: true });
    expect(read?.outputs).toMatchObject({ tags: { a: 'hand' }, tagsAll: { a: 'hand' }, enableDnsHostnames: true });

    const unaware = await rig.update(vpc, { cidrBlock: '10.0.0.0/16', tags: { a: '1' }, enableDnsSupport: false });
    expect(unaware.outputs).toMatchObject({ tags: { a: 'hand' }, enableDnsSupport: false });

    const aware = { ...vpc, inputs: (await rig.provider.read(vpc))?.inputs ?? {} };
    expect((await rig.diff(aware, vpc.inputs)).changedKeys).toEqual(['enableDnsSupport', 'tags']);
    expect((await rig.update(aware, vpc.inputs)).outputs).toMatchObject({ tags: { a: '1' }, tagsAll: { a: '1' } });
    expect((await rig.provider.read(vpc))?.inputs).toMatchObject({ tags: { a: '1' } });
  });

  it('removes a property by null', async () => {
    const role = await rig.make('role', 'r', { assumeRolePolicy: trust(), description: 'text' });
    const [resource] = await rig.inventory();
    await rig.cloud.changeByHand(resource!, { description: null });
    const read = await rig.provider.read(role);
    expect(read?.inputs).not.toHaveProperty('description');
    expect(read?.outputs).not.toHaveProperty('description');
  });

  it('lets a resource vanish with its own, whoever still refers to it', async () => {
    const { vpc } = await aNetwork(rig, ['a']);
    await rig.make('defaultGroup', 'default', { vpcId: vpc.id });
    const resource = (await rig.inventory()).find(({ id }) => id === vpc.id);
    expect(await rig.cloud.vanish(resource!)).toBe(true);
    expect(await rig.cloud.vanish(resource!)).toBe(false);
    expect((await rig.inventory()).map(({ type }) => type).sort()).toEqual(
      [TYPES.gateway, TYPES.subnet, TYPES.routeTable].sort(),
    );
    expect(await rig.provider.read(vpc)).toBeNull();
  });
});

describe('time', () => {
  it('waits the typical duration times the speed factor, and not at all at 0', async () => {
    await rig.make('vpc', 'vpc', { cidrBlock: '10.0.0.0/16' });
    expect(rig.slept).toEqual([]);
    await rig.cloud.setSpeed('acme', 0.5);
    const key = await rig.make('key', 'key', {});
    await rig.update(key, { description: 'text' });
    await rig.provider.delete(key);
    expect(rig.slept).toEqual([6000, 2500, 500]);
    await expect(rig.cloud.setSpeed('acme', 11)).rejects.toThrow(RangeError);
  });

  it('ends a wait with the signal and keeps what AWS would have made by then', async () => {
    const slow = new SandboxRig(1);
    const controller = new AbortController();
    slow.onSleep = (signal) => {
      controller.abort();
      return signal?.aborted ? Promise.reject(new Error('aborted')) : Promise.resolve();
    };
    const making = slow.make('vpc', 'vpc', { cidrBlock: '10.0.0.0/16' }, { signal: controller.signal });
    await expect(making).rejects.toMatchObject({ code: 'RequestCanceled', retryable: false });
    expect(await slow.inventory()).toHaveLength(1);
  });

  it('does not begin when the signal is aborted already', async () => {
    const making = rig.make('vpc', 'vpc', { cidrBlock: '10.0.0.0/16' }, { signal: AbortSignal.abort() });
    await expect(making).rejects.toMatchObject({ code: 'RequestCanceled' });
    expect(await rig.inventory()).toEqual([]);
  });
});
