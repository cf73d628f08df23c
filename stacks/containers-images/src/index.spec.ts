import { countByType, ProgramHost, type ProgramRun, resource } from '../../testing/program-host';
import { templateConfig } from '../../testing/template-config';

let host: ProgramHost;
beforeAll(() => {
  host = new ProgramHost();
});
afterAll(() => host.close());

const run = (overrides: Record<string, unknown> = {}, environment = 'dev') =>
  host.run('containers-images', templateConfig('containers-images', environment, overrides));

const CONNECTION = 'arn:aws:codeconnections:us-east-1:111111111111:connection/0a1b2c3d';
const BUILDS = { sourceRepositoryUrl: 'https://github.com/northwind/shop', sourceConnectionArn: CONNECTION };
const document = (done: ProgramRun, name: string, key: string) =>
  JSON.parse(String(resource(done, name).inputs[key])) as { Statement: Record<string, unknown>[]; rules: unknown[] };

test.each(['dev', 'stage', 'prod'])('%s has four repositories with policies and no builds', async (environment) => {
  expect(countByType(await run({}, environment))).toEqual({
    'aws:ecr/repository:Repository': 4,
    'aws:ecr/lifecyclePolicy:LifecyclePolicy': 4,
  });
});

test('with a source there are a role, its policy, and a project with log group per repository', async () => {
  expect(countByType(await run(BUILDS))).toEqual({
    'aws:ecr/repository:Repository': 4,
    'aws:ecr/lifecyclePolicy:LifecyclePolicy': 4,
    'aws:iam/role:Role': 1,
    'aws:iam/rolePolicy:RolePolicy': 1,
    'aws:codebuild/project:Project': 4,
    'aws:cloudwatch/logGroup:LogGroup': 4,
  });
});

test.each([
  ['dev', 'MUTABLE', true],
  ['stage', 'IMMUTABLE', false],
  ['prod', 'IMMUTABLE', false],
])('repositories of %s are %s, encrypted and scanned (B2, B10, L4)', async (environment, mutability, force) => {
  expect(resource(await run({}, environment), 'backend-repo').inputs).toMatchObject({
    name: `web-shop/${environment}/dt3vca0/backend`,
    imageTagMutability: mutability,
    imageScanningConfiguration: { scanOnPush: true },
    encryptionConfigurations: [{ encryptionType: 'KMS', kmsKey: 'stub' }],
    forceDelete: force,
  });
});

test('untagged images go after a day, tagged ones when ten newer exist; without limits everything stays', async () => {
  expect(document(await run(), 'backend-lifecycle', 'policy').rules).toMatchObject([
    { rulePriority: 1, selection: { tagStatus: 'untagged', countNumber: 1 }, action: { type: 'expire' } },
    { rulePriority: 2, selection: { tagStatus: 'tagged', countNumber: 10 }, action: { type: 'expire' } },
  ]);
  const unlimited = await run({ retainImageCount: null, untaggedExpiryDays: null });
  expect(countByType(unlimited)).toEqual({ 'aws:ecr/repository:Repository': 4 });
});

test('no repository has a policy: pulls of the same account go by IAM (IMG-1)', async () => {
  expect(Object.keys(countByType(await run(BUILDS)))).not.toContain('aws:ecr/repositoryPolicy:RepositoryPolicy');
});

test('a build pushes <env>-<commit> and knows no secret (IMG-2, IMG-3)', async () => {
  const { inputs } = resource(await run({ ...BUILDS, repositories: ['backend'] }, 'stage'), 'backend-build');
  expect(inputs).toMatchObject({
    serviceRole: 'arn:aws:mock:::build-role',
    buildTimeout: 60,
    sourceVersion: 'main',
    artifacts: { type: 'NO_ARTIFACTS' },
    source: { type: 'GITHUB', location: BUILDS.sourceRepositoryUrl, auth: { resource: CONNECTION } },
    environment: {
      computeType: 'BUILD_GENERAL1_MEDIUM',
      privilegedMode: true,
      environmentVariables: [
        { name: 'REPOSITORY_URL', value: expect.stringMatching(/web-shop\/stage\/dt3vca0\/backend$/) },
        { name: 'TAG_PREFIX', value: 'stage' },
        { name: 'IMAGE_DIRECTORY', value: 'backend' },
      ],
    },
    logsConfig: { cloudwatchLogs: { groupName: '/cloud/dt3vca0/stage/containers-images/backend-build' } },
  });
  const { buildspec } = inputs['source'] as { buildspec: string };
  expect(buildspec).toContain('"$REPOSITORY_URL:$TAG_PREFIX-$CODEBUILD_RESOLVED_SOURCE_VERSION"');
  expect(buildspec).not.toContain('latest');
});

test('the role of the builds reaches its repositories, logs and source, nothing else (B5)', async () => {
  const done = await run({ ...BUILDS, repositories: ['backend'] });
  expect(document(done, 'build-role', 'assumeRolePolicy').Statement).toMatchObject([
    {
      Principal: { Service: 'codebuild.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': '111111111111' } },
    },
  ]);
  const granted = document(done, 'build-policy', 'policy').Statement;
  expect(granted.map(({ Sid, Resource }) => [Sid, Resource])).toEqual([
    ['SignIn', ['*']],
    ['PushImages', ['arn:aws:mock:::backend-repo']],
    ['WriteLogs', ['arn:aws:mock:::backend-build-group', 'arn:aws:mock:::backend-build-group:*']],
    ['ReadSource', [CONNECTION]],
  ]);
  expect(granted[0]).toMatchObject({ Action: ['ecr:GetAuthorizationToken'] });
  expect(granted[3]).toMatchObject({ Action: expect.arrayContaining(['codeconnections:UseConnection']) });
});

test.each([
  ['https://gitlab.com/northwind/shop', 'GITLAB'],
  ['https://bitbucket.org/northwind/shop', 'BITBUCKET'],
  ['https://gitlab.example.com/northwind/shop', 'GITLAB_SELF_MANAGED'],
  ['https://git.example.com/northwind/shop', 'GITHUB_ENTERPRISE'],
])('the source %s is of type %s', async (sourceRepositoryUrl, type) => {
  const done = await run({ ...BUILDS, sourceRepositoryUrl });
  expect(resource(done, 'nginx-build').inputs['source']).toMatchObject({ type });
});

test('outputs are empty for what there is not', async () => {
  expect((await run({ repositories: ['backend', 'mailer'] })).outputs).toMatchObject({
    repositoryUrls: { backend: expect.any(String), mailer: expect.any(String) },
    repositoryArns: { mailer: 'arn:aws:mock:::mailer-repo' },
    frontendRepoUrl: '',
    backendRepoUrl: '111111111111.dkr.ecr.us-east-1.amazonaws.com/web-shop/dev/dt3vca0/backend',
    workerRepoUrl: '',
    nginxRepoUrl: '',
    codebuildRoleArn: '',
    buildProjectNames: {},
  });
  expect((await run(BUILDS)).outputs).toMatchObject({
    codebuildRoleArn: 'arn:aws:mock:::build-role',
    buildProjectNames: { nginx: 'nginx-build-1234567' },
  });
});

test.each<[string, unknown, Record<string, unknown>?, string?]>([
  ['applicationKeyArn', ''],
  ['infrastructureKeyArn', null],
  ['repositories', null],
  ['repositories', []],
  ['repositories', Array.from({ length: 21 }, (_, i) => `r${i}`)],
  ['repositories', ['Front End']],
  ['repositories', ['backend', 'backend']],
  ['imageTagMutability', 'mutable'],
  ['imageTagMutability', 'MUTABLE', {}, 'prod'],
  ['retainImageCount', 0],
  ['untaggedExpiryDays', 31],
  ['sourceRepositoryUrl', 'git@github.com:northwind/shop.git'],
  ['sourceRepositoryUrl', 'https://user:password@github.com/northwind/shop'], // B4
  ['sourceConnectionArn', '', BUILDS],
  ['sourceConnectionArn', 'arn:aws:s3:::bucket'],
  ['buildTimeoutMinutes', 4],
  ['buildTimeoutMinutes', 481],
  ['buildComputeType', 'BUILD_LAMBDA_1GB'],
  ['buildComputeType', null, BUILDS],
])('%s = %j is refused before anything is registered', async (key, value, others = {}, environment = 'dev') => {
  const { error, resources } = await run({ ...others, [key]: value }, environment);
  expect(error).toMatchObject({ name: 'InvalidInput', key });
  expect(resources).toEqual([]);
});
