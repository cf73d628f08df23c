import { ACCOUNT, permission, SandboxRig } from '../../../test/fakes/sandbox-rig.js';

let rig: SandboxRig;
beforeEach(() => {
  rig = new SandboxRig();
});

const refused = (work: Promise<unknown>, code: string, message = ''): Promise<void> =>
  expect(work).rejects.toMatchObject({ name: 'CloudError', code, message: expect.stringContaining(message) as string });
const lookUp = async (args: Record<string, unknown>) =>
  (await rig.provider.invoke({ token: 'aws:secretsmanager/getSecretVersion:getSecretVersion', args })).result;

describe('Secrets Manager', () => {
  it('makes secrets whose ARN is their id, and versions below them', async () => {
    const secret = await rig.make('secret', 's', { name: 'shop/dev/key' });
    expect(secret.id).toMatch(
      new RegExp(`^arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:shop/dev/key-[0-9a-f]{6}$`),
    );
    expect(secret.outputs).toMatchObject({ arn: secret.id, recoveryWindowInDays: 30, policy: '', replicas: [] });
    const version = await rig.make('secretVersion', 'v', { secretId: secret.id, secretString: 'one' });
    expect(version.id).toMatch(/\|terraform-[0-9a-f]{26}$/);
    expect(version.outputs).toMatchObject({
      arn: secret.id,
      secretArn: secret.id,
      hasSecretStringWo: false,
      versionStages: ['AWSCURRENT'],
    });
    await rig.provider.delete(secret);
    expect(await rig.inventory()).toEqual([]);
  });

  it('keeps names unique, needs its key and a well-formed policy', async () => {
    await rig.make('secret', 'a', { name: 'taken' });
    await refused(rig.make('secret', 'b', { name: 'taken' }), 'ResourceExistsException', 'the secret taken already');
    const kmsKeyId = `arn:aws:kms:us-east-1:${ACCOUNT}:key/none`;
    await refused(rig.make('secret', 'c', { kmsKeyId }), 'EncryptionFailure');
    await refused(rig.make('secret', 'd', { policy: permission() }), 'MalformedPolicyDocument');
    await refused(
      rig.make('secretVersion', 'v', { secretId: 'none', secretString: 'x' }),
      'ResourceNotFoundException',
      "can't find the specified secret",
    );
    await refused(rig.make('secretVersion', 'v', { secretId: 'taken' }), 'InvalidRequestException', 'either');
  });

  it.each([
    ['secret', { recoveryWindowInDays: 6 }, 'recoveryWindowInDays: expected 0 or to be in the range (7 - 30), got 6'],
    ['secret', { name: 'a name' }, 'name: expected 1 to 512'],
    [
      'secretVersion',
      { secretId: 's', secretString: 'a', secretBinary: 'b' },
      'secretString: "secretString": conflicts',
    ],
    ['secretVersion', { secretId: 's', secretString: 'x'.repeat(65_537) }, 'secretString: expected length'],
  ] as const)('%s %j: %s', async (type, news, expected) => {
    expect((await rig.failures(type, news))[0]).toContain(expected);
  });

  it('replaces a version whose value changes, and a secret whose name does', async () => {
    const secret = await rig.make('secret', 's', { name: 'a' });
    const version = await rig.make('secretVersion', 'v', { secretId: secret.id, secretString: 'one' });
    expect(await rig.diff(version, { secretId: secret.id, secretString: 'two' })).toMatchObject({
      replaces: ['secretString'],
      deleteBeforeReplace: false,
    });
    expect((await rig.diff(secret, { name: 'b' })).replaces).toEqual(['name']);
    expect((await rig.diff(secret, { name: 'a', recoveryWindowInDays: 7 })).replaces).toEqual([]);
  });

  it('finds the newest value by ARN or name, the one before as the previous', async () => {
    const secret = await rig.make('secret', 's', { name: 'a' });
    await refused(lookUp({ secretId: 'a' }), 'ResourceNotFoundException', 'for staging label: AWSCURRENT');
    await refused(lookUp({ secretId: 'none' }), 'ResourceNotFoundException', "can't find the specified secret.");
    const first = await rig.make('secretVersion', 'v1', { secretId: secret.id, secretString: 'one' });
    await rig.make('secretVersion', 'v2', { secretId: 'a', secretString: 'two' });
    expect(await lookUp({ secretId: 'a' })).toMatchObject({ secretString: 'two', arn: secret.id });
    expect(await lookUp({ secretId: secret.id, versionStage: 'AWSPREVIOUS' })).toMatchObject({ secretString: 'one' });
    const { versionId } = first.outputs;
    expect(await lookUp({ secretId: 'a', versionId })).toMatchObject({ secretString: 'one', versionId });
  });

  it('finds what an administrator entered, for a secret without a value and for none at all', async () => {
    await rig.make('secret', 's', { name: 'a' });
    await rig.cloud.setParameters('acme', { ssm: {}, secrets: { a: 'entered', b: 'too' } });
    expect(await lookUp({ secretId: 'a' })).toMatchObject({ secretString: 'entered', versionStages: ['AWSCURRENT'] });
    expect(await lookUp({ secretId: 'b' })).toMatchObject({
      secretString: 'too',
      arn: expect.stringMatching(/:secret:b-/) as string,
    });
  });

  it('tells which values are sensitive and blanks them out for administrators', async () => {
    const secret = await rig.make('secret', 's', { name: 'a' });
    const { type } = await rig.make('secretVersion', 'v', { secretId: secret.id, secretString: 'hunter2' });
    expect(rig.provider.secretOutputs?.(type)).toEqual(['secretBinary', 'secretString', 'secretStringWo']);
    const [stored] = await rig.inventory({ type });
    expect(stored && rig.cloud.shownProperties(stored)).toMatchObject({
      secretId: secret.id,
      secretString: '***',
    });
    const written = await rig.make('secretVersion', 'w', {
      secretId: secret.id,
      secretStringWo: 'hunter3',
      secretStringWoVersion: 1,
    });
    expect(JSON.stringify(written.outputs)).not.toContain('hunter3');
  });
});
