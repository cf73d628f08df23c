import { countByType, ProgramHost, type ProgramRun, resource } from '../../testing/program-host';
import { templateConfig } from '../../testing/template-config';

let host: ProgramHost;
beforeAll(() => {
  host = new ProgramHost();
});
afterAll(() => host.close());

const GIVEN = {
  databaseSubnetIds: ['subnet-a', 'subnet-b'],
  databaseSecurityGroupId: 'sg-database',
  databasePort: 5432,
  databaseKeyArn: 'arn:aws:kms:us-east-1:111111111111:key/database',
  infrastructureKeyArn: 'arn:aws:kms:us-east-1:111111111111:key/infrastructure',
  secretNamePrefix: 'web-shop/dev/dt3vca0',
};
const run = (environment = 'dev', overrides: Record<string, unknown> = {}) =>
  host.run('database-rds', templateConfig('database-rds', environment, { ...GIVEN, ...overrides }));

interface Statement {
  readonly Sid: string;
  readonly Action: string[];
  readonly Resource: string[];
  readonly Condition?: unknown;
}
const statements = (done: ProgramRun, name: string, key = 'policy') =>
  (JSON.parse(String(resource(done, name).inputs[key])) as { Statement: Statement[] }).Statement;

test.each([
  ['dev', 1, 0, 8],
  ['stage', 1, 1, 10],
  ['prod', 2, 1, 11],
])('%s has %i instance(s), %i monitoring role(s), %i resources', async (environment, instances, roles, total) => {
  const done = await run(environment);
  expect(countByType(done)).toEqual({
    'aws:rds/subnetGroup:SubnetGroup': 1,
    'aws:rds/parameterGroup:ParameterGroup': 1,
    'aws:cloudwatch/logGroup:LogGroup': 1,
    'aws:rds/instance:Instance': instances,
    ...(roles ? { 'aws:iam/role:Role': roles, 'aws:iam/rolePolicyAttachment:RolePolicyAttachment': roles } : {}),
    'aws:secretsmanager/secretRotation:SecretRotation': 1,
    'aws:secretsmanager/secret:Secret': 1,
    'aws:secretsmanager/secretVersion:SecretVersion': 1,
    'aws:iam/policy:Policy': 1,
  });
  expect(done.resources).toHaveLength(total);
});

test('the primary is encrypted, private, in the database subnets, with its own settings (B2, B6)', async () => {
  const done = await run('prod');
  expect(resource(done, 'subnet-group').inputs).toMatchObject({
    name: 'web-shop-prod-database-dt3vca0',
    subnetIds: ['subnet-a', 'subnet-b'],
  });
  expect(resource(done, 'primary')).toMatchObject({
    protect: true,
    timeouts: { create: '60m', update: '60m', delete: '60m' },
    inputs: {
      identifier: 'web-shop-prod-primary-dt3vca0',
      engine: 'postgres',
      engineVersion: '15',
      instanceClass: 'db.r5.large',
      allocatedStorage: 500,
      maxAllocatedStorage: 1000,
      storageType: 'gp3',
      storageEncrypted: true,
      kmsKeyId: GIVEN.databaseKeyArn,
      performanceInsightsKmsKeyId: GIVEN.databaseKeyArn,
      performanceInsightsRetentionPeriod: 7,
      multiAz: true,
      publiclyAccessible: false,
      vpcSecurityGroupIds: ['sg-database'],
      port: 5432,
      dbSubnetGroupName: 'web-shop-prod-database-dt3vca0',
      parameterGroupName: 'web-shop-prod-postgres15-dt3vca0',
      dbName: 'web_shop',
      backupRetentionPeriod: 30,
      backupWindow: '03:00-04:00',
      maintenanceWindow: 'sun:04:00-sun:05:00',
      autoMinorVersionUpgrade: false,
      iamDatabaseAuthenticationEnabled: true,
      copyTagsToSnapshot: true,
      deletionProtection: true,
      applyImmediately: false,
      enabledCloudwatchLogsExports: ['postgresql'],
      monitoringInterval: 60,
      monitoringRoleArn: 'arn:aws:mock:::monitoring-role',
    },
  });
  expect(resource(done, 'primary').dependencies).toEqual(
    expect.arrayContaining(['postgresql-group', 'monitoring-enhanced']),
  );
});

test.each([
  ['dev', { skipFinalSnapshot: true }, undefined, false],
  [
    'stage',
    { skipFinalSnapshot: false, finalSnapshotIdentifier: 'web-shop-stage-primary-final-dt3vca0' },
    undefined,
    false,
  ],
  [
    'prod',
    { skipFinalSnapshot: false, finalSnapshotIdentifier: 'web-shop-prod-primary-final-dt3vca0' },
    'Required',
    true,
  ],
])('%s: last snapshot, backup tag (T4) and protection (L2)', async (environment, snapshot, backup, isProtected) => {
  const { inputs } = resource(await run(environment), 'primary');
  expect(inputs).toMatchObject({ ...snapshot, deletionProtection: isProtected });
  expect((inputs['tags'] as Record<string, string>)['Backup']).toBe(backup);
});

test('the replica follows the primary and brings no credentials, subnets or snapshot of its own', async () => {
  const done = await run('prod');
  const { inputs, protect } = resource(done, 'replica');
  expect(protect).toBe(true);
  expect(inputs).toMatchObject({
    identifier: 'web-shop-prod-replica-dt3vca0',
    replicateSourceDb: 'web-shop-prod-primary-dt3vca0',
    storageEncrypted: true,
    kmsKeyId: GIVEN.databaseKeyArn,
    publiclyAccessible: false,
    skipFinalSnapshot: true,
    deletionProtection: true,
  });
  const own = [
    'username',
    'password',
    'manageMasterUserPassword',
    'dbSubnetGroupName',
    'finalSnapshotIdentifier',
    'dbName',
    'engine',
  ];
  expect(own.filter((key) => key in inputs)).toEqual([]);
  expect(done.outputs).toMatchObject({
    replicaEndpoint: 'replica.example.internal:5432',
    replicaInstanceId: 'web-shop-prod-replica-dt3vca0',
  });
});

test('TLS is enforced and slow statements, locks and connections are logged (B3)', async () => {
  const { inputs } = resource(await run('stage', { engineVersion: '16.4' }), 'parameter-group');
  expect(inputs).toMatchObject({ family: 'postgres16', name: 'web-shop-stage-postgres16-dt3vca0' });
  const set = Object.fromEntries(
    (inputs['parameters'] as { name: string; value: string; applyMethod: string }[]).map((each) => [
      each.name,
      `${each.value} ${each.applyMethod}`,
    ]),
  );
  expect(set).toEqual({
    shared_preload_libraries: 'pg_stat_statements pending-reboot',
    log_statement: 'ddl immediate',
    log_min_duration_statement: '1000 immediate',
    log_connections: '1 immediate',
    log_disconnections: '1 immediate',
    log_lock_waits: '1 immediate',
    'rds.force_ssl': '1 immediate',
  });
});

test('the log group is where RDS writes, with key and retention', async () => {
  expect(resource(await run('stage'), 'postgresql-group').inputs).toMatchObject({
    name: '/aws/rds/instance/web-shop-stage-primary-dt3vca0/postgresql',
    retentionInDays: 30,
    kmsKeyId: GIVEN.infrastructureKeyArn,
  });
});

test('the master password is made, kept and rotated by RDS, and appears nowhere (RDS-1)', async () => {
  const done = await run('prod', { credentialRotationDays: 14 });
  expect(resource(done, 'primary').inputs).toMatchObject({
    username: 'dbadmin',
    manageMasterUserPassword: true,
    masterUserSecretKmsKeyId: GIVEN.databaseKeyArn,
  });
  expect(done.resources.flatMap(({ inputs }) => Object.keys(inputs)).filter((key) => /^password/i.test(key))).toEqual(
    [],
  );
  expect(resource(done, 'master-rotation').inputs).toEqual({
    secretId: 'arn:aws:mock:::primary-master-secret',
    rotateImmediately: false,
    rotationRules: { automaticallyAfterDays: 14 },
  });
  expect(done.outputs['masterUserSecretArn']).toBe('arn:aws:mock:::primary-master-secret');
});

test('the connection secret tells where to connect and where the password lies (RDS-2)', async () => {
  const done = await run('prod');
  expect(resource(done, 'connection-secret').inputs).toMatchObject({
    name: 'web-shop/dev/dt3vca0/database/connection',
    kmsKeyId: GIVEN.databaseKeyArn,
  });
  const { secretString } = resource(done, 'connection-secret-version').inputs as { secretString: { value: string } };
  expect(JSON.parse(secretString.value)).toEqual({
    host: 'primary.example.internal',
    port: 5432,
    database: 'web_shop',
    replicaHost: 'replica.example.internal',
    masterSecretArn: 'arn:aws:mock:::primary-master-secret',
  });
});

test('the access policy reads both secrets, decrypts through Secrets Manager and connects to these instances alone', async () => {
  expect(statements(await run('prod'), 'database-access')).toMatchObject([
    {
      Action: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'],
      Resource: ['arn:aws:mock:::primary-master-secret', 'arn:aws:mock:::connection-secret'],
    },
    {
      Action: ['kms:Decrypt'],
      Resource: [GIVEN.databaseKeyArn],
      Condition: { StringEquals: { 'kms:ViaService': 'secretsmanager.us-east-1.amazonaws.com' } },
    },
    {
      Action: ['rds-db:connect'],
      Resource: ['primary', 'replica'].map((one) => `arn:aws:rds-db:us-east-1:111111111111:dbuser:db-${one}/*`),
    },
  ]);
});

test('the monitoring role trusts RDS of this account alone', async () => {
  const done = await run('stage');
  expect(statements(done, 'monitoring-role', 'assumeRolePolicy')).toMatchObject([
    {
      Principal: { Service: 'monitoring.rds.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': '111111111111' } },
    },
  ]);
  expect(resource(done, 'monitoring-enhanced').inputs).toMatchObject({
    policyArn: 'arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole',
  });
});

test('alarms are the business of monitoring (RDS-4)', async () => {
  expect(Object.keys(countByType(await run('prod'))).filter((type) => type.includes('metricAlarm'))).toEqual([]);
});

test('a project that begins with a digit still gets names that RDS takes', async () => {
  const done = await run('dev', { project: '3D Shop', databaseName: 'shop' });
  expect(resource(done, 'primary').inputs['identifier']).toBe('dt3vca0-dev-primary');
  expect((await run('dev', { project: '3D Shop' })).error).toMatchObject({ key: 'databaseName' });
});

test('without its optional inputs every feature is off and its output empty', async () => {
  const optional = [
    'maxAllocatedStorage',
    'multiAz',
    'createReadReplica',
    'backupRetentionDays',
    'backupWindow',
    'maintenanceWindow',
    'autoMinorVersionUpgrade',
    'monitoringInterval',
    'performanceInsights',
    'logMinDurationMs',
    'applyImmediately',
    'logRetentionDays',
    'protectStateful',
  ];
  const done = await run('prod', Object.fromEntries(optional.map((key) => [key, null])));
  expect(done.error).toBeUndefined();
  expect(done.undefinedOutputs).toEqual([]);
  expect(done.resources).toHaveLength(8);
  expect(done.outputs).toMatchObject({ replicaEndpoint: '', replicaInstanceId: '' });
  expect(resource(done, 'primary').inputs).toMatchObject({
    multiAz: false,
    performanceInsightsEnabled: false,
    monitoringInterval: 0,
    deletionProtection: false,
  });
});

test.each([
  ['23:30-00:30', 'mon:01:00-mon:02:00'],
  ['03:00-04:00', 'sun:04:00-sun:05:00'],
  ['05:00-06:00', 'sun:23:30-mon:00:30'],
  [null, 'sun:04:00-sun:05:00'],
])('backups at %s and maintenance at %s keep apart', async (backupWindow, maintenanceWindow) => {
  expect((await run('dev', { backupWindow, maintenanceWindow })).error).toBeUndefined();
});

test.each<[string, unknown, Record<string, unknown>?]>([
  ['databaseSubnetIds', null],
  ['databaseSecurityGroupId', null],
  ['databasePort', null],
  ['databaseKeyArn', ''],
  ['infrastructureKeyArn', null],
  ['secretNamePrefix', null],
  ['engineVersion', '13.4'],
  ['engineVersion', '18'],
  ['engineVersion', '15.x'],
  ['instanceClass', null],
  ['instanceClass', 't3.micro'],
  ['allocatedStorage', 19],
  ['allocatedStorage', 65_537],
  ['maxAllocatedStorage', 99, { allocatedStorage: 100 }],
  ['databaseName', 'Shop'],
  ['databaseName', '1shop'],
  ['databaseName', 'x'.repeat(64)],
  ['masterUsername', 'admin'],
  ['masterUsername', 'postgres'],
  ['masterUsername', 'rdsadmin'],
  ['masterUsername', 'root'],
  ['masterUsername', 'db-admin'],
  ['backupRetentionDays', 0],
  ['backupRetentionDays', 36],
  ['createReadReplica', true, { backupRetentionDays: null }],
  ['backupWindow', '3:00-4:00'],
  ['backupWindow', '03:00-03:20'],
  ['maintenanceWindow', 'sun:04:00-05:00'],
  ['maintenanceWindow', 'sun:04:00-sun:04:15'],
  ['maintenanceWindow', 'sun:03:30-sun:04:30'],
  ['maintenanceWindow', 'sun:23:00-mon:00:15', { backupWindow: '00:00-01:00' }],
  ['maintenanceWindow', 'tue:02:00-tue:05:00'],
  ['monitoringInterval', 20],
  ['credentialRotationDays', 6],
  ['credentialRotationDays', 91],
  ['logMinDurationMs', -1],
])('%s = %j is refused before anything is registered', async (key, value, others = {}) => {
  const { error, resources } = await run('dev', { ...others, [key]: value });
  expect(error).toMatchObject({ name: 'InvalidInput', key });
  expect(error?.message).toMatch(new RegExp(`^database-rds: ${key} (=|is missing)`));
  expect(resources).toEqual([]);
});
