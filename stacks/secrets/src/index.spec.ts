import { countByType, ProgramHost, resource } from '../../testing/program-host';
import { templateConfig } from '../../testing/template-config';

let host: ProgramHost;
beforeAll(() => {
  host = new ProgramHost();
});
afterAll(() => host.close());

const ROLE = { ecsExecutionRoleName: 'ecs-execution-role-1' };
const run = (overrides: Record<string, unknown> = {}, environment = 'dev') =>
  host.run('secrets', templateConfig('secrets', environment, { ...ROLE, ...overrides }));

const NAMES = ['jwt-signing-key', 'session-secret', 'external-api-keys', 'oauth-providers'];

test.each([
  ['dev', 0],
  ['stage', 7],
  ['prod', 30],
])('%s: four secrets that wait %i days, values for two of them, two policies', async (environment, days) => {
  const done = await run({}, environment);
  expect(countByType(done)).toEqual({
    'random:index/randomPassword:RandomPassword': 2,
    'aws:secretsmanager/secret:Secret': 4,
    'aws:secretsmanager/secretVersion:SecretVersion': 2,
    'aws:iam/policy:Policy': 2,
    'aws:iam/rolePolicyAttachment:RolePolicyAttachment': 2,
  });
  for (const name of NAMES) {
    expect(resource(done, `${name}-secret`).inputs).toMatchObject({
      name: `web-shop/${environment}/dt3vca0/app/${name}`,
      kmsKeyId: 'stub',
      recoveryWindowInDays: days,
    });
  }
});

test('without an execution role nothing is attached: 10 resources', async () => {
  const done = await run({ ecsExecutionRoleName: '' });
  expect(done.resources).toHaveLength(10);
  expect(done.resources.filter(({ type }) => type.includes('Attachment'))).toEqual([]);
});

test('no value is written but the generated one, and none into external secrets (SCR-1)', async () => {
  const done = await run();
  const versions = done.resources.filter(({ type }) => type.endsWith(':SecretVersion'));
  expect(versions.map(({ name }) => name).sort()).toEqual(['jwt-signing-key-version', 'session-secret-version']);
  for (const { name, dependencies } of versions) {
    expect(dependencies).toEqual(expect.arrayContaining([name.replace('-version', '-value')]));
  }
});

test('values come from the random provider, without signs that break strings, and change with rotationVersion alone (SCR-2)', async () => {
  const { inputs } = resource(await run({ rotationVersion: 3, generatedSecretLength: 80 }), 'session-secret-value');
  expect(inputs).toEqual({
    length: 80,
    overrideSpecial: expect.not.stringMatching(/['"@/\\\s]/),
    keepers: { rotationVersion: '3' },
  });
  expect(resource(await run({ rotationVersion: null }), 'session-secret-value').inputs).not.toHaveProperty('keepers');
});

test('the signing key is one symmetric secret, and nothing of a database is stored here (SCR-3, SCR-4)', async () => {
  const done = await run();
  expect(done.resources.filter(({ name }) => name.startsWith('jwt-')).map(({ name }) => name)).toHaveLength(3);
  expect(done.resources.filter(({ inputs }) => String(inputs['name']).includes('/database/'))).toEqual([]);
});

test.each([
  ['app', 'arn:application'],
  ['database', 'arn:database'],
])('the %s policy reads its own area with its own key (B5)', async (area, keyArn) => {
  const done = await run({ applicationKeyArn: 'arn:application', databaseKeyArn: 'arn:database' });
  const { Statement } = JSON.parse(String(resource(done, `${area}-secrets-read`).inputs['policy'])) as {
    Statement: unknown[];
  };
  expect(Statement).toEqual([
    {
      Sid: 'ReadSecrets',
      Effect: 'Allow',
      Action: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'],
      Resource: [`arn:aws:secretsmanager:us-east-1:111111111111:secret:web-shop/dev/dt3vca0/${area}/*`],
    },
    {
      Sid: 'DecryptThroughSecretsManager',
      Effect: 'Allow',
      Action: ['kms:Decrypt'],
      Resource: [keyArn],
      Condition: { StringEquals: { 'kms:ViaService': 'secretsmanager.us-east-1.amazonaws.com' } },
    },
  ]);
  expect(resource(done, `ecs-execution-${area}-secrets`).inputs).toEqual({
    role: ROLE.ecsExecutionRoleName,
    policyArn: `arn:aws:mock:::${area}-secrets-read`,
  });
});

test('outputs name every secret; one that was removed is empty', async () => {
  const { outputs } = await run();
  expect(outputs).toMatchObject({
    secretNamePrefix: 'web-shop/dev/dt3vca0',
    jwtSigningKeyArn: 'arn:aws:mock:::jwt-signing-key-secret',
    secretArns: Object.fromEntries(NAMES.map((name) => [name, `arn:aws:mock:::${name}-secret`])),
  });
  const bare = await run({ generatedSecrets: null, externalSecrets: [] });
  expect(bare.undefinedOutputs).toEqual([]);
  expect(bare.outputs).toMatchObject({
    jwtSigningKeyArn: '',
    sessionSecretArn: '',
    externalApiKeysArn: '',
    oauthSecretsArn: '',
    secretArns: {},
  });
  expect(bare.resources).toHaveLength(4);
});

test.each<[string, unknown]>([
  ['applicationKeyArn', null],
  ['applicationKeyArn', ''],
  ['databaseKeyArn', null],
  ['ecsExecutionRoleName', null],
  ['generatedSecrets', ['Session Secret']],
  ['generatedSecrets', ['twice', 'twice']],
  ['externalSecrets', Array.from({ length: 21 }, (_, i) => `s${i}`)],
  ['externalSecrets', ['session-secret']],
  ['generatedSecretLength', 31],
  ['generatedSecretLength', 129],
  ['generatedSecretLength', null],
  ['rotationVersion', 0],
  ['rotationVersion', 1.5],
  ['recoveryWindowDays', 6],
  ['recoveryWindowDays', 31],
])('%s = %j is refused before anything is registered', async (key, value) => {
  const { error, resources } = await run({ [key]: value });
  expect(error).toMatchObject({ name: 'InvalidInput', key });
  expect(resources).toEqual([]);
});
