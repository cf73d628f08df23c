import { ACCOUNT, aNetwork, SandboxRig, trust } from '../../../test/fakes/sandbox-rig.js';
import type { Properties } from '../provider.port.js';

/** What AWS refuses, and how, in RDS, with the secrets that RDS manages. */
let rig: SandboxRig;
beforeEach(() => {
  rig = new SandboxRig();
});

const refused = (work: Promise<unknown>, code: string, message = ''): Promise<void> =>
  expect(work).rejects.toMatchObject({ name: 'CloudError', code, message: expect.stringContaining(message) as string });

const PRIMARY = {
  identifier: 'shop-primary',
  engine: 'postgres',
  engineVersion: '15',
  instanceClass: 'db.t3.micro',
  allocatedStorage: 20,
  storageType: 'gp3',
  username: 'dbadmin',
  manageMasterUserPassword: true,
  skipFinalSnapshot: true,
};
const aDatabase = (changes: Properties = {}, name = 'primary') =>
  rig.make('database', name, { ...PRIMARY, ...changes });
const someSubnets = async (zones?: readonly string[]) => {
  const { vpc, subnets } = await aNetwork(rig, zones);
  return { vpc, subnets, ids: subnets.map(({ id }) => id) };
};
const monitored = async (policyArn?: string) => {
  const role = await rig.make('role', 'monitoring', { assumeRolePolicy: trust('monitoring.rds.amazonaws.com') });
  if (policyArn) await rig.make('attachment', 'a', { role: role.outputs.name, policyArn });
  return { monitoringInterval: 60, monitoringRoleArn: role.outputs.arn };
};

describe('subnet and parameter groups', () => {
  it('take subnets of two zones of one network', async () => {
    const { vpc, ids } = await someSubnets();
    const group = await rig.make('dbSubnets', 'g', { name: 'shop', subnetIds: ids });
    expect(group).toMatchObject({
      id: 'shop',
      outputs: { vpcId: vpc.id, arn: `arn:aws:rds:us-east-1:${ACCOUNT}:subgrp:shop` },
    });
    await refused(rig.make('dbSubnets', 'h', { name: 'shop', subnetIds: ids }), 'DBSubnetGroupAlreadyExists');
    await refused(
      rig.make('dbSubnets', 'i', { subnetIds: ids.slice(1) }),
      'DBSubnetGroupDoesNotCoverEnoughAZs',
      'Current AZ coverage: us-east-1b',
    );
    const other = await rig.make('vpc', 'other', { cidrBlock: '10.9.0.0/16' });
    const far = await rig.make('subnet', 'far', { vpcId: other.id, cidrBlock: '10.9.1.0/24' });
    await refused(rig.make('dbSubnets', 'i', { subnetIds: [ids[0], far.id] }), 'InvalidSubnet', 'different VPCs');
    const far2 = await rig.make('subnet', 'far2', {
      vpcId: other.id,
      cidrBlock: '10.9.2.0/24',
      availabilityZone: 'us-east-1c',
    });
    await refused(
      rig.update(group, { ...group.inputs, subnetIds: [far.id, far2.id] }),
      'InvalidParameterValue',
      'not in the same Vpc as the existing subnet group',
    );
    await refused(rig.provider.delete(vpc), 'DependencyViolation');
  });

  it('stay while an instance is in them', async () => {
    const { ids } = await someSubnets();
    const subnets = await rig.make('dbSubnets', 'g', { name: 'shop', subnetIds: ids });
    const parameters = await rig.make('dbParameters', 'p', { name: 'shop', family: 'postgres15' });
    const database = await aDatabase({ dbSubnetGroupName: 'shop', parameterGroupName: 'shop' });
    await refused(rig.provider.delete(subnets), 'InvalidDBSubnetGroupStateFault', 'database instance: shop-primary');
    await refused(rig.provider.delete(parameters), 'InvalidDBParameterGroupState');
    for (const made of [database, parameters, subnets]) await rig.provider.delete(made);
    expect((await rig.inventory({ type: database.type })).length).toBe(0);
  });

  it('take static parameters at the next reboot only', async () => {
    const parameter = { name: 'shared_preload_libraries', value: 'pg_stat_statements' };
    const news = (applyMethod?: string) => ({ family: 'postgres15', parameters: [{ ...parameter, applyMethod }] });
    await refused(
      rig.make('dbParameters', 'p', news()),
      'InvalidParameterCombination',
      'cannot use immediate apply method for static parameter',
    );
    await expect(rig.make('dbParameters', 'p', news('pending-reboot'))).resolves.toBeDefined();
  });
});

describe('instances', () => {
  it('have the addresses and secrets of RDS', async () => {
    const made = await aDatabase();
    expect(made.id).toMatch(/^db-[A-Z2-7]{26}$/);
    expect(made.outputs).toMatchObject({
      arn: `arn:aws:rds:us-east-1:${ACCOUNT}:db:shop-primary`,
      port: 5432,
      engineVersionActual: '15.14',
      resourceId: made.id,
      parameterGroupName: 'default.postgres15',
      status: 'available',
    });
    expect(made.outputs.address).toMatch(/^shop-primary\.c[0-9a-f]{11}\.us-east-1\.rds\.amazonaws\.com$/);
    expect(made.outputs.endpoint).toBe(`${String(made.outputs.address)}:5432`);
    const [secret] = made.outputs.masterUserSecrets as { secretArn: string }[];
    expect(secret?.secretArn).toMatch(/:secret:rds!db-[0-9a-f-]{36}-[A-Z2-7]{6}$/);
    await refused(aDatabase({}, 'second'), 'DBInstanceAlreadyExists', 'DB instance already exists');
  });

  it('rotate the secret that they manage, and take it along when they go', async () => {
    const database = await aDatabase();
    const [secret] = database.outputs.masterUserSecrets as { secretArn: string }[];
    const rotation = { secretId: secret?.secretArn, rotationRules: { automaticallyAfterDays: 30 } };
    await rig.make('secretRotation', 'r', rotation);
    await refused(
      rig.make('secretRotation', 's', { ...rotation, rotationLambdaArn: 'arn:aws:lambda:::function:f' }),
      'InvalidRequestException',
      'managed secret',
    );
    await rig.provider.delete(database);
    expect(await rig.inventory()).toEqual([]);
    await refused(rig.make('secretRotation', 't', rotation), 'ResourceNotFoundException');
    const own = await rig.make('secret', 'own', { name: 'own' });
    await refused(
      rig.make('secretRotation', 'u', { ...rotation, secretId: own.id }),
      'InvalidRequestException',
      'No Lambda rotation function',
    );
  });

  it.each<[string, Properties, string, string]>([
    ['an unknown version', { engineVersion: '15.99' }, 'InvalidParameterCombination', 'Cannot find version 15.99'],
    ['an unknown class', { instanceClass: 'db.micro' }, 'InvalidParameterValue', 'Invalid DB Instance class: db.micro'],
    ['a reserved user', { username: 'postgres' }, 'InvalidParameterValue', 'is a reserved word'],
    ['no password', { manageMasterUserPassword: null }, 'InvalidParameterValue', 'Invalid master password'],
    ['too little storage', { allocatedStorage: 10 }, 'InvalidParameterCombination', 'Invalid storage size'],
    ['a bound below it', { maxAllocatedStorage: 10 }, 'InvalidParameterCombination', 'Max storage size'],
    ['a missing subnet group', { dbSubnetGroupName: 'none' }, 'DBSubnetGroupNotFoundFault', "'none' does not exist"],
    ['a missing parameter group', { parameterGroupName: 'none' }, 'DBParameterGroupNotFound', 'none'],
    ['a missing group', { vpcSecurityGroupIds: ['sg-1'] }, 'InvalidParameterValue', 'groupId= sg-1'],
    ['a missing key', { kmsKeyId: 'arn:aws:kms:us-east-1:1:key/k' }, 'KMSKeyNotAccessibleFault', 'does not exist'],
    ['monitoring without a role', { monitoringInterval: 60 }, 'InvalidParameterCombination', 'MonitoringRoleARN'],
    ['a missing source', { replicateSourceDb: 'none', username: null }, 'DBInstanceNotFound', 'none not found'],
  ])('refuse %s', async (_, changes, code, message) => {
    await refused(aDatabase(changes), code, message);
  });

  it('refuse a parameter group of another family and a group of another network', async () => {
    const { ids } = await someSubnets();
    await rig.make('dbSubnets', 'g', { name: 'shop', subnetIds: ids });
    await rig.make('dbParameters', 'p', { name: 'old', family: 'postgres14' });
    await refused(
      aDatabase({ parameterGroupName: 'old' }),
      'InvalidParameterCombination',
      'DBParameterGroupFamily postgres15',
    );
    const other = await rig.make('vpc', 'other', { cidrBlock: '10.9.0.0/16' });
    const group = await rig.make('group', 'far', { vpcId: other.id });
    await refused(
      aDatabase({ dbSubnetGroupName: 'shop', vpcSecurityGroupIds: [group.id] }),
      'InvalidParameterCombination',
      'are in different VPCs',
    );
  });

  it('ask that the monitoring role may write metrics', async () => {
    const message = 'does not include the required permissions for: ENHANCED_MONITORING';
    await refused(aDatabase(await monitored()), 'InvalidParameterValue', message);
    rig = new SandboxRig();
    const role = await monitored('arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole');
    await expect(aDatabase(role)).resolves.toBeDefined();
  });

  it.each<[string, Properties, string]>([
    ['a major version up', { engineVersion: '16' }, 'AllowMajorVersionUpgrade flag must be present'],
    ['a major version down', { engineVersion: '14', allowMajorVersionUpgrade: true }, 'Cannot upgrade postgres'],
    ['less storage', { allocatedStorage: 20 }, 'cannot be less than the current storage size (40)'],
  ])('never take %s', async (_, changes, message) => {
    const made = await aDatabase({ allocatedStorage: 40 });
    await refused(rig.update(made, { ...made.inputs, ...changes }), 'InvalidParameterCombination', message);
  });

  it('take a major version up on request, and keep the minor that runs', async () => {
    const made = await aDatabase();
    const next = await rig.update(made, { ...made.inputs, engineVersion: '16', allowMajorVersionUpgrade: true });
    expect(next.outputs.engineVersionActual).toBe('16.10');
  });

  it.each([
    ['dbName', 'other'],
    ['username', 'other'],
    ['storageEncrypted', true],
  ])('are replaced when %s changes', async (key, value) => {
    const made = await aDatabase({ dbName: 'shop' });
    expect((await rig.diff(made, { ...made.inputs, [key]: value })).replaces).toEqual([key]);
  });

  it('are copied only where backups are kept, and outlive their source', async () => {
    const source = await aDatabase();
    const copy = { identifier: 'copy', instanceClass: 'db.t3.micro', replicateSourceDb: 'shop-primary' };
    const replica = { ...copy, skipFinalSnapshot: true };
    await refused(rig.make('database', 'r', replica), 'InvalidDBInstanceState', 'Automated backups are not enabled');
    await rig.update(source, { ...source.inputs, backupRetentionPeriod: 7 });
    const made = await rig.make('database', 'r', replica);
    expect(made.outputs).toMatchObject({ engine: 'postgres', username: 'dbadmin', masterUserSecrets: [] });
    await rig.provider.delete(source);
    await rig.provider.delete(made);
    expect(await rig.inventory()).toEqual([]);
  });

  it('give no last snapshot of a replica', async () => {
    await aDatabase({ backupRetentionPeriod: 7 });
    const replicateSourceDb = 'shop-primary';
    const made = await rig.make('database', 'r', {
      identifier: 'copy',
      instanceClass: 'db.t3.micro',
      replicateSourceDb,
    });
    await refused(
      rig.provider.delete(made),
      'InvalidParameterCombination',
      'can not be specified when deleting a replica instance',
    );
  });

  it('go only without protection, and with a name for their last snapshot', async () => {
    const made = await aDatabase({ deletionProtection: true, skipFinalSnapshot: false });
    await refused(rig.provider.delete(made), 'InvalidParameterCombination', 'Cannot delete protected DB Instance');
    const open = await rig.update(made, { ...made.inputs, deletionProtection: false });
    await refused(rig.provider.delete(open), 'InvalidParameterCombination', 'FinalDBSnapshotIdentifier is required');
    const named = await rig.update(open, { ...open.inputs, finalSnapshotIdentifier: 'last' });
    await rig.provider.delete(named);
    expect(await rig.inventory()).toEqual([]);
  });

  it.each([
    [{ allocatedStorage: null }, 'allocatedStorage: "allocatedStorage": required field'],
    [{ identifier: 'Shop' }, 'identifier: expected a letter'],
    [{ password: 'correct-horse' }, 'password: "password": conflicts with manageMasterUserPassword'],
    [{ replicateSourceDb: 'x' }, 'username: "username": conflicts with replicateSourceDb'],
    [{ backupRetentionPeriod: 36 }, 'backupRetentionPeriod: expected to be in the range (0 - 35)'],
    [{ performanceInsightsRetentionPeriod: 8 }, 'performanceInsightsRetentionPeriod: expected 7, 731'],
  ])('%j: %s', async (changes, expected) => {
    expect((await rig.failures('database', { ...PRIMARY, ...changes }))[0]).toContain(expected);
  });
});

it('policies of the account: unique names, well-formed, kept while attached', async () => {
  const document = JSON.stringify({ Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }] });
  const policy = await rig.make('policy', 'p', { name: 'Read', policy: document });
  expect(policy.id).toBe(`arn:aws:iam::${ACCOUNT}:policy/Read`);
  await refused(rig.make('policy', 'q', { name: 'read', policy: document }), 'EntityAlreadyExists', 'called read');
  await refused(rig.make('policy', 'q', { policy: '{"Statement":[]}' }), 'MalformedPolicyDocument');
  const role = await rig.make('role', 'r', { assumeRolePolicy: trust() });
  const attachment = await rig.make('attachment', 'a', { role: role.outputs.name, policyArn: policy.outputs.arn });
  await refused(rig.provider.delete(policy), 'DeleteConflict', 'attached to entities');
  for (const made of [attachment, policy]) await rig.provider.delete(made);
  expect((await rig.inventory()).map(({ id }) => id)).toEqual([role.id]);
});
