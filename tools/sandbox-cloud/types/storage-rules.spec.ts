import { ACCOUNT, aNetwork, SandboxRig, trust } from '../../../test/fakes/sandbox-rig.js';
import type { Properties } from '../provider.port.js';

/** What AWS refuses, and how, in S3, EFS and Backup. */
let rig: SandboxRig;
beforeEach(() => {
  rig = new SandboxRig();
});

const refused = (work: Promise<unknown>, code: string, message = ''): Promise<void> =>
  expect(work).rejects.toMatchObject({ name: 'CloudError', code, message: expect.stringContaining(message) as string });

describe('S3', () => {
  const arn = 'arn:aws:s3:::shop';
  const aBucket = (more: Properties = {}) => rig.make('bucket', 'b', { bucket: 'shop', ...more });
  const policy = (statement: Properties): string =>
    JSON.stringify({
      Statement: [
        { Effect: 'Allow', Principal: { AWS: '*' }, Action: 's3:GetObject', Resource: `${arn}/*`, ...statement },
      ],
    });

  it('makes buckets with the addresses of AWS, and their settings below them', async () => {
    const bucket = await aBucket();
    expect(bucket).toMatchObject({
      id: 'shop',
      outputs: {
        arn,
        bucketRegion: 'us-east-1',
        bucketRegionalDomainName: 'shop.s3.us-east-1.amazonaws.com',
        hostedZoneId: 'Z3AQBSTGFAJSTF',
      },
    });
    expect(bucket.outputs).not.toHaveProperty('websiteEndpoint');
    const of = { bucket: 'shop' };
    await rig.make('bucketAccess', 'a', { ...of, blockPublicAcls: true });
    await rig.make('bucketNotification', 'n', { ...of, eventbridge: true });
    await rig.make('bucketVersioning', 'v', { ...of, versioningConfiguration: { status: 'Enabled' } });
    await rig.make('bucketCors', 'c', { ...of, corsRules: [{ allowedMethods: ['GET'], allowedOrigins: ['*'] }] });
    await rig.provider.delete(bucket);
    expect(await rig.inventory()).toEqual([]);
  });

  it('names buckets itself where the program does not, and takes a name once in all regions', async () => {
    const made = await rig.make('bucket', 'assets', {});
    expect(made.id).toMatch(/^assets-[0-9a-f]{7}$/);
    expect((await rig.diff(made, {})).changes).toBe(false);
    await aBucket();
    await refused(aBucket({ region: 'eu-west-1' }), 'BucketAlreadyOwnedByYou', 'you already own it');
    expect(await rig.diff(made, { bucket: 'shop' })).toMatchObject({
      replaces: ['bucket'],
      deleteBeforeReplace: false,
    });
  });

  it('deletes what is not empty by force alone', async () => {
    const [kept, forced] = [await aBucket(), await rig.make('bucket', 'f', { bucket: 'forced', forceDestroy: true })];
    for (const { id } of [kept, forced]) {
      const [resource] = await rig.cloud.locate({ organization: 'acme', account: ACCOUNT }, id);
      if (resource) await rig.cloud.changeByHand(resource, { objects: ['a.txt'] });
    }
    await refused(rig.provider.delete(kept), 'BucketNotEmpty', 'must delete all versions');
    await rig.provider.delete(forced);
    expect(await rig.inventory()).toHaveLength(1);
  });

  it('needs the bucket under every setting, and puts a second one in place of the first', async () => {
    await refused(rig.make('bucketNotification', 'n', { bucket: 'none' }), 'NoSuchBucket', 'none');
    await aBucket();
    for (const eventbridge of [true, false]) {
      await rig.make('bucketNotification', `n-${eventbridge}`, { bucket: 'shop', eventbridge });
    }
    expect((await rig.inventory({ type: 'aws:s3/bucketNotification:BucketNotification' })).length).toBe(1);
    const versioning = { bucket: 'shop', versioningConfiguration: { status: 'Enabled' } };
    const made = await rig.make('bucketVersioning', 'v', versioning);
    const off = { ...versioning, versioningConfiguration: { status: 'Disabled' } };
    await refused(rig.update(made, off), 'InvalidBucketState', "to 'Disabled'");
  });

  it.each<[string, Properties, string]>([
    ['another bucket', { Resource: 'arn:aws:s3:::other/*' }, 'Policy has invalid resource'],
    ['no principal', { Principal: undefined }, 'Missing required field Principal'],
    ['no action', { Action: undefined }, 'Missing required field Action'],
    ['no resource', { Resource: undefined }, 'Missing required field Resource'],
  ])('refuses a policy with %s', async (_, statement, message) => {
    await aBucket();
    const made = rig.make('bucketPolicy', 'p', { bucket: 'shop', policy: policy(statement) });
    await refused(made, 'MalformedPolicy', message);
  });

  it('keeps public policies out where the access block says so', async () => {
    await aBucket();
    const put = (statement: Properties) => rig.make('bucketPolicy', 'p', { bucket: 'shop', policy: policy(statement) });
    await put({});
    await rig.make('bucketAccess', 'a', { bucket: 'shop', blockPublicPolicy: true });
    await refused(put({}), 'AccessDenied', 'BlockPublicPolicy');
    await put({ Effect: 'Deny' });
    await put({ Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT } } });
    await put({ Principal: { Service: 'logdelivery.elasticloadbalancing.amazonaws.com' } });
  });

  const days = (storageClass: string, count: number) => ({ storageClass, days: count });
  it.each<[Properties[], string]>([
    [[{ transitions: [days('STANDARD_IA', 29)] }], "greater than or equal to 30 for storageClass 'STANDARD_IA'"],
    [[{ transitions: [days('STANDARD_IA', 30), days('GLACIER', 59)] }], 'must be 30 days more'],
    [[{ transitions: [days('GLACIER', 7)], expiration: { days: 7 } }], 'must be greater than'],
    [[{ transitions: [days('COLDEST', 7)] }], 'is not valid: COLDEST'],
    [[{ expiration: { days: 1 }, filter: undefined }], 'one (and only one) of [prefix, filter]'],
    [[{}], 'At least one action'],
    [[{ expiration: { days: 1 } }, { expiration: { days: 2 } }], 'Rule ID must be unique'],
    [[{ expiration: { days: 1 }, status: 'On' }], 'status must be Enabled or Disabled'],
  ])('refuses the rules %j', async (rules, message) => {
    await aBucket();
    const complete = rules.map((rule) => ({ id: 'r', status: 'Enabled', filter: { prefix: '' }, ...rule }));
    await refused(rig.make('bucketLifecycle', 'l', { bucket: 'shop', rules: complete }), 'InvalidArgument', message);
  });

  it.each([
    ['bucket', { bucket: 'Shop' }, 'bucket: expected 3 to 63'],
    ['bucket', { bucket: '10.0.0.1' }, 'bucket: expected 3 to 63'],
    ['bucketCors', { bucket: 'b', corsRules: [{ allowedMethods: ['PATCH'] }] }, 'Unsupported method is PATCH'],
    [
      'bucketEncryption',
      { bucket: 'b', rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256', kmsMasterKeyId: 'k' } }] },
      'cannot be used with AES256',
    ],
  ] as const)('%s %j: %s', async (type, news, expected) => {
    expect((await rig.failures(type, news))[0]).toContain(expected);
  });
});

describe('EFS', () => {
  const aFileSystem = (more: Properties = {}) => rig.make('fileSystem', 'fs', { encrypted: true, ...more });

  it('makes file systems, entrances with an address of their subnet, and access points', async () => {
    const { subnet, vpc } = await aNetwork(rig);
    const fs = await aFileSystem({ tags: { Name: 'shared' } });
    const group = await rig.make('group', 'g', { vpcId: vpc.id });
    const mount = { fileSystemId: fs.id, subnetId: subnet.id, securityGroups: [group.id] };
    const target = await rig.make('mountTarget', 'm', mount);
    const point = await rig.make('accessPoint', 'p', { fileSystemId: fs.id, posixUser: { uid: 1, gid: 1 } });
    await rig.make('efsBackup', 'b', { fileSystemId: fs.id, backupPolicy: { status: 'ENABLED' } });

    expect(fs.id).toMatch(/^fs-[0-9a-f]{17}$/);
    expect(fs.outputs).toMatchObject({
      arn: `arn:aws:elasticfilesystem:us-east-1:${ACCOUNT}:file-system/${fs.id}`,
      dnsName: `${fs.id}.efs.us-east-1.amazonaws.com`,
      name: 'shared',
      performanceMode: 'generalPurpose',
    });
    expect(target.outputs).toMatchObject({
      availabilityZoneName: 'us-east-1a',
      availabilityZoneId: 'use1-az1',
      ipAddress: expect.stringMatching(/^10\.0\.1\.\d+$/) as string,
      mountTargetDnsName: `us-east-1a.${fs.id}.efs.us-east-1.amazonaws.com`,
    });
    expect(point.outputs).toMatchObject({ fileSystemArn: fs.outputs.arn, rootDirectory: { path: '/' } });

    await refused(rig.provider.delete(fs), 'FileSystemInUse', 'has mount targets');
    await refused(rig.provider.delete(subnet), 'DependencyViolation');
    await refused(rig.provider.delete(group), 'DependencyViolation');
    await rig.provider.delete(target);
    await rig.provider.delete(fs);
    expect((await rig.inventory()).filter(({ type }) => type.startsWith('aws:efs/'))).toEqual([]);
  });

  it('has one entrance per zone, all in one VPC, with groups of that VPC', async () => {
    const { subnet, subnets } = await aNetwork(rig);
    const other = await rig.make('vpc', 'other', { cidrBlock: '10.1.0.0/16' });
    const far = await rig.make('subnet', 'far', { vpcId: other.id, cidrBlock: '10.1.1.0/24' });
    const group = await rig.make('group', 'g', { vpcId: other.id });
    const fs = await aFileSystem();
    const mount = (subnetId: string, more: Properties = {}) =>
      rig.make('mountTarget', `m-${subnetId}`, { fileSystemId: fs.id, subnetId, ...more });
    await refused(mount(subnet.id, { securityGroups: [group.id] }), 'SecurityGroupNotFound', group.id);
    await mount(subnet.id);
    await refused(mount(subnet.id), 'MountTargetConflict', 'already exists in this AZ');
    await refused(mount(far.id), 'MountTargetConflict');
    await mount(subnets[1]!.id);
    await refused(rig.make('accessPoint', 'p', { fileSystemId: 'fs-0' }), 'FileSystemNotFound', "'fs-0'");
  });

  it('changes throughput in place; another key, or being encrypted, makes it anew', async () => {
    const fs = await aFileSystem();
    expect(await rig.diff(fs, { encrypted: true, throughputMode: 'elastic' })).toMatchObject({
      changes: true,
      replaces: [],
    });
    const key = await rig.make('key', 'k', {});
    const diff = await rig.diff(fs, { encrypted: true, kmsKeyId: key.outputs.arn });
    expect(diff).toMatchObject({ replaces: ['kmsKeyId'], deleteBeforeReplace: false });
    await refused(aFileSystem({ kmsKeyId: `arn:aws:kms:us-east-1:${ACCOUNT}:key/none` }), 'BadRequest');
    await aFileSystem({ creationToken: 'once' });
    await refused(aFileSystem({ creationToken: 'once' }), 'FileSystemAlreadyExists', "creation token 'once'");
  });

  it.each([
    ['fileSystem', { throughputMode: 'provisioned' }, 'provisionedThroughputInMibps: goes with'],
    ['fileSystem', { throughputMode: 'elastic', performanceMode: 'maxIO' }, 'performanceMode: Elastic'],
    ['fileSystem', { kmsKeyId: 'k' }, 'encrypted: encrypted must be set to true'],
    [
      'accessPoint',
      { fileSystemId: 'fs', rootDirectory: { path: 'data' } },
      'rootDirectory: expected an absolute path',
    ],
    ['mountTarget', { fileSystemId: 'fs', subnetId: 's', securityGroups: ['1', '2', '3', '4', '5', '6'] }, 'at most 5'],
    ['efsBackup', { fileSystemId: 'fs', backupPolicy: { status: 'ON' } }, 'expected one of ENABLED, DISABLED'],
  ] as const)('%s %j: %s', async (type, news, expected) => {
    expect((await rig.failures(type, news))[0]).toContain(expected);
  });
});

describe('Backup', () => {
  const daily = (more: Properties = {}) => ({
    rules: [{ ruleName: 'daily', targetVaultName: 'vault', schedule: 'cron(0 5 * * ? *)', ...more }],
  });

  it('keeps plans after their selections, and vaults until they are empty', async () => {
    const vault = await rig.make('vault', 'v', { name: 'vault' });
    const plan = await rig.make('backupPlan', 'p', daily());
    const role = await rig.make('role', 'r', { assumeRolePolicy: trust('backup.amazonaws.com') });
    const news = { planId: plan.id, iamRoleArn: role.outputs.arn, resources: ['*'] };
    const selection = await rig.make('backupSelection', 's', news);
    expect(vault.outputs).toMatchObject({
      arn: `arn:aws:backup:us-east-1:${ACCOUNT}:backup-vault:vault`,
      kmsKeyArn: `arn:aws:kms:us-east-1:${ACCOUNT}:alias/aws/backup`,
    });
    expect(plan.outputs.arn).toBe(`arn:aws:backup:us-east-1:${ACCOUNT}:backup-plan:${plan.id}`);
    await refused(rig.provider.delete(plan), 'InvalidRequestException', 'selections must be deleted prior');
    const [stored] = await rig.inventory({ type: vault.type });
    if (stored) await rig.cloud.changeByHand(stored, { recoveryPointArns: ['arn:aws:backup:::recovery-point:1'] });
    await refused(rig.provider.delete(vault), 'InvalidRequestException', 'contains recovery points');
    expect((await rig.diff(selection, { ...news, resources: [] })).replaces).toEqual(['resources']);
    await rig.provider.delete(selection);
    await rig.provider.delete(plan);
  });

  it('gives every change of a plan another version', async () => {
    await rig.make('vault', 'v', { name: 'vault' });
    const plan = await rig.make('backupPlan', 'p', daily());
    const { outputs } = await rig.update(plan, { name: plan.inputs.name, ...daily({ startWindow: 60 }) });
    expect(outputs.version).not.toBe(plan.outputs.version);
  });

  it.each<[string, Properties, string, string]>([
    ['vault', { targetVaultName: 'none' }, 'ResourceNotFoundException', 'Backup vault none'],
    ['schedule', { schedule: 'daily' }, 'InvalidParameterValueException', 'Invalid schedule expression'],
    [
      'lifecycle',
      { lifecycle: { coldStorageAfter: 30, deleteAfter: 119 } },
      'InvalidParameterValueException',
      'less than 90 days apart',
    ],
  ])('refuses a plan for its %s', async (_, more, code, message) => {
    await rig.make('vault', 'v', { name: 'vault' });
    await refused(rig.make('backupPlan', 'p', daily(more)), code, message);
  });

  it('refuses doubled vaults, selections without a plan, a role or anything to take', async () => {
    await rig.make('vault', 'v', { name: 'vault' });
    await refused(rig.make('vault', 'w', { name: 'vault' }), 'AlreadyExistsException', 'same name');
    const iamRoleArn = `arn:aws:iam::${ACCOUNT}:role/none`;
    await refused(rig.make('backupSelection', 's', { planId: 'none', iamRoleArn }), 'ResourceNotFoundException');
    const plan = await rig.make('backupPlan', 'p', daily());
    const select = (more: Properties) => rig.make('backupSelection', 's', { planId: plan.id, ...more });
    await refused(select({ iamRoleArn }), 'InvalidParameterValueException', 'is not authorized');
    const role = await rig.make('role', 'r', { assumeRolePolicy: trust('backup.amazonaws.com') });
    await refused(select({ iamRoleArn: role.outputs.arn }), 'InvalidParameterValueException', 'must name resources');
  });
});
