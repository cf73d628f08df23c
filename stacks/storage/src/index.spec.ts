import { countByType, ProgramHost, type ProgramRun, resource } from '../../testing/program-host';
import { manifestTemplate, templateConfig } from '../../testing/template-config';

let host: ProgramHost;
beforeAll(() => {
  host = new ProgramHost();
});
afterAll(() => host.close());

const run = (overrides: Record<string, unknown> = {}, environment = 'dev') =>
  host.run('storage', templateConfig('storage', environment, { efsSecurityGroupId: 'sg-efs', ...overrides }));

const ALL = ['primary', 'static-assets', 'logs', 'backups', 'artifacts', 'lake'];
const ofType = (done: ProgramRun, type: string) => done.resources.filter((one) => one.type.endsWith(`:${type}`));

test.each([
  ['dev', 36, 0, 0],
  ['stage', 47, 2, 6],
  ['prod', 48, 3, 6],
])('%s: %i resources, %i mount targets, %i for backups', async (environment, total, mounts, backups) => {
  const done = await run({}, environment);
  const counts = countByType(done);
  expect(done.resources).toHaveLength(total);
  for (const part of ['', 'OwnershipControls', 'PublicAccessBlock', 'Policy', 'LifecycleConfiguration']) {
    expect(ofType(done, `Bucket${part}`)).toHaveLength(5);
  }
  expect(ofType(done, 'BucketServerSideEncryptionConfiguration')).toHaveLength(5);
  expect(ofType(done, 'BucketVersioning')).toHaveLength(4);
  expect(counts['aws:efs/mountTarget:MountTarget'] ?? 0).toBe(mounts);
  const ofBackups = done.resources.filter(
    ({ type, name }) => /aws:(backup|iam)\//.test(type) && name.startsWith('backup-'),
  );
  expect(ofBackups).toHaveLength(backups);
});

test.each([
  ['dev', 43],
  ['stage', 49],
  ['prod', 49],
])('data-platform in %s: a lake and no file system, %i resources', async (environment, total) => {
  const done = await run(manifestTemplate('data-platform').stacks['storage']?.config, environment);
  expect(done.resources).toHaveLength(total);
  expect(done.outputs).toMatchObject({ lakeBucketArn: 'arn:aws:mock:::lake-bucket', sharedEfsId: '' });
});

test('every bucket is private, encrypted with its own key, and speaks TLS only (B2, B3)', async () => {
  const done = await run({ buckets: ALL, applicationKeyArn: 'arn:app', databaseKeyArn: 'arn:db' });
  for (const name of ALL) {
    const of = (suffix: string) => resource(done, `${name}-bucket-${suffix}`).inputs;
    expect(resource(done, `${name}-bucket`).inputs).toMatchObject({ bucket: `web-shop-dev-${name}-dt3vca0` });
    expect(of('ownership')).toMatchObject({ rule: { objectOwnership: 'BucketOwnerEnforced' } });
    expect(of('public-access')).toMatchObject({
      ...{ blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
    });
    const [rule] = of('encryption')['rules'] as Record<string, unknown>[];
    expect(rule).toEqual(
      name === 'logs'
        ? { applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }
        : {
            applyServerSideEncryptionByDefault: {
              sseAlgorithm: 'aws:kms',
              kmsMasterKeyId: name === 'backups' ? 'arn:db' : 'arn:app',
            },
            bucketKeyEnabled: true,
          },
    );
    const { Statement } = JSON.parse(String(of('policy')['policy'])) as { Statement: Record<string, unknown>[] };
    expect(Statement[0]).toEqual({
      Sid: 'DenyPlainHttp',
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: ['s3:*'],
      Resource: [`arn:aws:mock:::${name}-bucket`, `arn:aws:mock:::${name}-bucket/*`],
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    });
    expect(Statement).toHaveLength(name === 'logs' ? 2 : 1);
  }
});

test('changes of one bucket’s access follow each other: S3 refuses two at a time', async () => {
  const done = await run();
  expect(resource(done, 'logs-bucket-public-access').dependencies).toContain('logs-bucket-ownership');
  expect(resource(done, 'logs-bucket-policy').dependencies).toContain('logs-bucket-public-access');
  expect(resource(done, 'logs-bucket-lifecycle').dependencies).toContain('logs-bucket-versioning');
});

test('the logs bucket admits load balancers of this account below the names of their stacks (STO-4)', async () => {
  const { Statement } = JSON.parse(String(resource(await run(), 'logs-bucket-policy').inputs['policy'])) as {
    Statement: unknown[];
  };
  expect(Statement[1]).toEqual({
    Sid: 'LoadBalancerLogs',
    Effect: 'Allow',
    Principal: { Service: 'logdelivery.elasticloadbalancing.amazonaws.com' },
    Action: ['s3:PutObject'],
    Resource: ['containers-apps', 'services-ecs', 'compute-ec2'].map(
      (stack) => `arn:aws:mock:::logs-bucket/${stack}/AWSLogs/111111111111/*`,
    ),
    Condition: { ArnLike: { 'aws:SourceArn': 'arn:aws:elasticloadbalancing:us-east-1:111111111111:loadbalancer/*' } },
  });
});

test.each<[string, Record<string, unknown> | undefined]>([
  [
    'primary',
    {
      filter: { prefix: '' },
      transitions: [
        { storageClass: 'STANDARD_IA', days: 30 },
        { storageClass: 'GLACIER', days: 90 },
      ],
      noncurrentVersionExpiration: { noncurrentDays: 60 },
    },
  ],
  ['static-assets', undefined],
  ['logs', { filter: { prefix: '' }, expiration: { days: 90 }, noncurrentVersionExpiration: { noncurrentDays: 60 } }],
  [
    'backups',
    {
      filter: { prefix: '' },
      transitions: [{ storageClass: 'GLACIER', days: 7 }],
      noncurrentVersionExpiration: { noncurrentDays: 60 },
    },
  ],
  ['artifacts', { filter: { prefix: '' }, noncurrentVersionExpiration: { noncurrentDays: 180 } }],
  [
    'lake', // STO-3
    {
      filter: { prefix: 'raw/' },
      transitions: [
        { storageClass: 'STANDARD_IA', days: 30 },
        { storageClass: 'GLACIER', days: 90 },
      ],
      noncurrentVersionExpiration: { noncurrentDays: 60 },
    },
  ],
])('lifecycle of %s', async (name, expected) => {
  const done = await run({ buckets: ALL }, 'stage');
  const [abort, ...rules] = resource(done, `${name}-bucket-lifecycle`).inputs['rules'] as Record<string, unknown>[];
  expect(abort).toMatchObject({ status: 'Enabled', abortIncompleteMultipartUpload: { daysAfterInitiation: 7 } });
  expect(rules).toEqual(expected ? [{ id: expect.any(String), status: 'Enabled', ...expected }] : []);
});

test('days that are not configured leave their actions out', async () => {
  const off = Object.fromEntries(
    [
      'iaTransition',
      'glacierTransition',
      'backupsGlacier',
      'logExpiration',
      'artifactExpiration',
      'noncurrentExpiration',
    ].map((key) => [`${key}Days`, null]),
  );
  for (const { inputs } of ofType(await run(off), 'BucketLifecycleConfiguration')) {
    expect(inputs['rules']).toHaveLength(1);
  }
});

test('browsers of the environment’s own domain may read static assets; the primary bucket tells EventBridge', async () => {
  const done = await run();
  expect(resource(done, 'static-assets-bucket-cors').inputs['corsRules']).toEqual([
    {
      allowedMethods: ['GET', 'HEAD'],
      allowedOrigins: ['https://dev.shop.example.com', 'https://www.dev.shop.example.com'],
      maxAgeSeconds: 3600,
    },
  ]);
  expect(ofType(done, 'BucketNotification').map(({ inputs }) => inputs)).toEqual([
    { bucket: 'web-shop-dev-primary-dt3vca0', eventbridge: true },
  ]);
});

test('only dev destroys what is not empty (L4)', async () => {
  for (const environment of ['dev', 'stage', 'prod']) {
    const done = await run({ enableBackup: true }, environment);
    for (const { inputs } of [...ofType(done, 'Bucket'), ...ofType(done, 'Vault')]) {
      expect(inputs['forceDestroy']).toBe(environment === 'dev');
    }
  }
});

test('one mount target per configured subnet, with names that are known before the first run (STO-1)', async () => {
  const done = await run({ enableEfs: true, privateSubnetIds: ['subnet-1', 'subnet-2', 'subnet-3'] });
  expect(
    ofType(done, 'MountTarget')
      .map(({ name, inputs }) => [name, inputs['subnetId']])
      .sort(),
  ).toEqual([
    ['shared-efs-mount-target-0', 'subnet-1'],
    ['shared-efs-mount-target-1', 'subnet-2'],
    ['shared-efs-mount-target-2', 'subnet-3'],
  ]);
  for (const { inputs } of ofType(done, 'MountTarget')) expect(inputs['securityGroups']).toEqual(['sg-efs']);
  expect(resource(done, 'shared-efs').inputs).toMatchObject({
    encrypted: true,
    kmsKeyId: 'stub',
    throughputMode: 'elastic',
    lifecyclePolicies: [{ transitionToIa: 'AFTER_30_DAYS' }],
    tags: { Backup: 'Required' },
  });
  expect(resource(done, 'app-access-point').inputs).toMatchObject({
    posixUser: { uid: 1001, gid: 1001 },
    rootDirectory: { path: '/app-data', creationInfo: { ownerUid: 1001, ownerGid: 1001, permissions: '755' } },
  });
});

test('backups are daily, under the database key, of this deployment’s tagged resources alone', async () => {
  const done = await run({ databaseKeyArn: 'arn:db', backupRetentionDays: 120, backupColdStorageDays: 30 }, 'prod');
  expect(resource(done, 'backup-vault').inputs).toMatchObject({ kmsKeyArn: 'arn:db' });
  expect(resource(done, 'backup-plan').inputs['rules']).toEqual([
    expect.objectContaining({
      schedule: 'cron(0 5 * * ? *)',
      lifecycle: { deleteAfter: 120, coldStorageAfter: 30 },
    }),
  ]);
  const selection = resource(done, 'backup-selection');
  expect(selection.inputs).toMatchObject({
    resources: ['*'],
    conditions: [
      {
        stringEquals: [
          { key: 'aws:ResourceTag/Backup', value: 'Required' },
          { key: 'aws:ResourceTag/DeploymentId', value: 'DT3VCA0' },
          { key: 'aws:ResourceTag/Environment', value: 'prod' },
        ],
      },
    ],
  });
  expect(selection.dependencies).toEqual(expect.arrayContaining(['backup-role-backup', 'backup-role-restore']));
  const withTag = done.resources.filter(
    ({ inputs }) => (inputs['tags'] as Record<string, string> | undefined)?.['Backup'],
  );
  expect(withTag.map(({ name }) => name)).toEqual(['shared-efs']); // T4
});

test('no VPC endpoint is made here (STO-2), and outputs of what is off are empty', async () => {
  const done = await run({ buckets: ['primary', 'logs', 'artifacts'] });
  expect(done.resources.filter(({ type }) => type.includes('Endpoint'))).toEqual([]);
  expect(done.undefinedOutputs).toEqual([]);
  expect(done.outputs).toMatchObject({
    primaryBucketName: 'web-shop-dev-primary-dt3vca0',
    logsBucketArn: 'arn:aws:mock:::logs-bucket',
    staticAssetsBucketName: '',
    backupsBucketArn: '',
    lakeBucketName: '',
    sharedEfsDnsName: '',
    appAccessPointId: '',
    backupVaultArn: '',
    backupPlanId: '',
  });
});

test('a file system without the group for it is refused with both names (G8)', async () => {
  expect((await run({ enableEfs: false, efsSecurityGroupId: '' })).error).toBeUndefined();
  const { error, resources } = await run({ enableEfs: true, efsSecurityGroupId: '' });
  expect(error?.message).toBe(
    'storage: efsSecurityGroupId = "" is refused: stack security has switched off efsSecurityGroupId, which storage needs',
  );
  expect(resources).toEqual([]);
});

test.each<[string, unknown, Record<string, unknown>?]>([
  ['privateSubnetIds', null],
  ['applicationKeyArn', null],
  ['databaseKeyArn', ''],
  ['efsSecurityGroupId', null],
  ['domain', null],
  ['domain', 'localhost'],
  ['buckets', null],
  ['buckets', ['primary', 'logs']],
  ['buckets', ['primary', 'logs', 'artifacts', 'cellar']],
  ['buckets', ['primary', 'logs', 'artifacts', 'logs']],
  ['iaTransitionDays', 7],
  ['glacierTransitionDays', 30],
  ['backupsGlacierDays', 366],
  ['logExpirationDays', 0],
  ['artifactExpirationDays', 3651],
  ['noncurrentExpirationDays', 1.5],
  ['efsThroughputMode', 'provisioned'],
  ['backupRetentionDays', 366],
  ['backupColdStorageDays', 1, { backupRetentionDays: 90 }],
  ['backupColdStorageDays', -1, { backupRetentionDays: 90 }],
])('%s = %j is refused before anything is registered', async (key, value, others = {}) => {
  const { error, resources } = await run({ ...others, [key]: value });
  expect(error).toMatchObject({ name: 'InvalidInput', key });
  expect(resources).toEqual([]);
});
