import { countByType, ProgramHost, type ProgramRun, resource } from '../../testing/program-host';
import { templateConfig } from '../../testing/template-config';

let host: ProgramHost;
beforeAll(() => {
  host = new ProgramHost();
});
afterAll(() => host.close());

const run = (overrides: Record<string, unknown> = {}, environment = 'dev') =>
  host.run('services-ecr', templateConfig('services-ecr', environment, overrides));

const MANAGED = { manageRegistrySettings: true };
const ofType = (done: ProgramRun, type: string) => done.resources.filter((one) => one.type.endsWith(`:${type}`));
const document = (done: ProgramRun, name: string, key: string) =>
  JSON.parse(String(resource(done, name).inputs[key])) as Record<string, unknown>;

test.each(['dev', 'stage', 'prod'])('%s has the counts of the specification per type', async (environment) => {
  expect(countByType(await run({}, environment))).toEqual({
    'aws:ecr/repository:Repository': 6,
    'aws:ecr/lifecyclePolicy:LifecyclePolicy': 6,
    'aws:cloudwatch/eventRule:EventRule': 1,
    'aws:cloudwatch/eventTarget:EventTarget': 1,
    'aws:sns/topic:Topic': 1,
    'aws:sns/topicPolicy:TopicPolicy': 1,
  });
});

test.each([
  ['dev', 'MUTABLE', true, 5],
  ['stage', 'IMMUTABLE', false, 10],
  ['prod', 'IMMUTABLE', false, 20],
])('service repositories of %s are %s and keep their images (B2, B10, L4)', async (environment, tags, force, kept) => {
  const done = await run({}, environment);
  expect(resource(done, 'service-api-repo').inputs).toMatchObject({
    name: `web-shop/${environment}/dt3vca0/services/api`,
    imageTagMutability: tags,
    imageScanningConfiguration: { scanOnPush: true },
    encryptionConfigurations: [{ encryptionType: 'KMS', kmsKey: 'stub' }],
    forceDelete: force,
  });
  expect(document(done, 'service-api-lifecycle', 'policy')).toMatchObject({
    rules: [
      { rulePriority: 1, selection: { tagStatus: 'untagged', countUnit: 'days', countNumber: 1 } },
      { rulePriority: 2, selection: { tagStatus: 'tagged', countType: 'imageCountMoreThan', countNumber: kept } },
    ],
  });
});

test('base repositories are immutable everywhere and keep more for longer', async () => {
  const done = await run();
  expect(resource(done, 'base-node-repo').inputs).toMatchObject({
    name: 'web-shop/dev/dt3vca0/base/node',
    imageTagMutability: 'IMMUTABLE',
  });
  const { rules } = document(done, 'base-node-lifecycle', 'policy') as { rules: { selection: object }[] };
  expect(rules.map(({ selection }) => selection)).toMatchObject([{ countNumber: 3 }, { countNumber: 50 }]);
});

test('critical findings of these repositories go straight to an encrypted topic (ECR-3)', async () => {
  const done = await run({ serviceRepositories: ['api'], baseRepositories: ['node'] });
  expect(document(done, 'scan-rule', 'eventPattern')).toEqual({
    source: ['aws.ecr'],
    'detail-type': ['ECR Image Scan'],
    detail: {
      'scan-status': ['COMPLETE'],
      'repository-name': ['web-shop/dev/dt3vca0/services/api', 'web-shop/dev/dt3vca0/base/node'],
      'finding-severity-counts': { CRITICAL: [{ numeric: ['>', 0] }] },
    },
  });
  expect(resource(done, 'scan-target').inputs).toMatchObject({ arn: 'arn:aws:mock:::scan-topic' });
  expect(resource(done, 'scan-topic').inputs).toMatchObject({ kmsMasterKeyId: 'stub' });
  expect(document(done, 'scan-topic-policy', 'policy')['Statement']).toContainEqual(
    expect.objectContaining({
      Effect: 'Allow',
      Principal: { Service: ['events.amazonaws.com'] },
      Condition: { StringEquals: { 'aws:SourceAccount': '111111111111' } },
    }),
  );
  expect(ofType(done, 'Function')).toEqual([]);
});

test('enhanced scans are reported by Inspector, by ARN', async () => {
  const done = await run({ ...MANAGED, enhancedScanning: true, serviceRepositories: ['api'], baseRepositories: [] });
  expect(document(done, 'scan-rule', 'eventPattern')).toMatchObject({
    source: ['aws.inspector2'],
    detail: { 'repository-name': ['arn:aws:mock:::service-api-repo'] },
  });
});

test('registry settings exist only in the deployment that owns them', async () => {
  const owner = await run({ ...MANAGED, replicationRegions: ['us-west-2', 'eu-west-1'] });
  expect(resource(owner, 'registry-scanning').inputs).toMatchObject({
    scanType: 'BASIC',
    rules: [{ scanFrequency: 'SCAN_ON_PUSH' }],
  });
  expect(resource(owner, 'registry-replication').inputs['replicationConfiguration']).toEqual({
    rules: [
      {
        destinations: [
          { region: 'us-west-2', registryId: '111111111111' },
          { region: 'eu-west-1', registryId: '111111111111' },
        ],
        repositoryFilters: [{ filter: 'web-shop/', filterType: 'PREFIX_MATCH' }],
      },
    ],
  });
  expect(owner.outputs['replicationEnabled']).toBe(true);
  expect((await run(MANAGED)).resources).toHaveLength(17);
});

test('no policy allows every action on repositories (ECR-2)', async () => {
  for (const { inputs } of (await run()).resources) expect(JSON.stringify(inputs)).not.toContain('ecr:*');
});

test('outputs name the registry and every repository', async () => {
  const { outputs } = await run({ baseRepositories: [] });
  expect(outputs).toMatchObject({
    registryId: '111111111111',
    registryUri: '111111111111.dkr.ecr.us-east-1.amazonaws.com',
    repositoryUrls: {
      api: '111111111111.dkr.ecr.us-east-1.amazonaws.com/web-shop/dev/dt3vca0/services/api',
      worker: expect.any(String),
      scheduler: expect.any(String),
    },
    repositoryArns: { api: 'arn:aws:mock:::service-api-repo' },
    baseRepositoryUrls: {},
    scanTopicArn: 'arn:aws:mock:::scan-topic',
    replicationEnabled: false,
  });
});

test('without limits images stay: the untagged ones alone expire', async () => {
  const done = await run({ retainServiceImages: null });
  expect(document(done, 'service-api-lifecycle', 'policy')['rules']).toHaveLength(1);
});

test.each<[string, unknown, Record<string, unknown>?, string?]>([
  ['applicationKeyArn', null],
  ['applicationKeyArn', ''],
  ['infrastructureKeyArn', null],
  ['serviceRepositories', null],
  ['serviceRepositories', []],
  ['serviceRepositories', Array.from({ length: 31 }, (_, i) => `r${i}`)],
  ['serviceRepositories', ['Api']],
  ['serviceRepositories', ['api', 'api']],
  ['serviceRepositories', ['api', 'frontend']], // ECR-1
  ['baseRepositories', ['node_20']],
  ['baseRepositories', Array.from({ length: 21 }, (_, i) => `r${i}`)],
  ['serviceTagMutability', 'SOMETIMES'],
  ['serviceTagMutability', 'MUTABLE', {}, 'prod'],
  ['retainServiceImages', 0],
  ['retainServiceImages', 1001],
  ['retainBaseImages', 0],
  ['enhancedScanning', true],
  ['replicationRegions', ['us-west-2']],
  ['replicationRegions', ['us-east-1'], MANAGED],
  ['replicationRegions', ['oregon'], MANAGED],
  ['replicationRegions', ['us-west-2', 'us-west-2'], MANAGED],
])('%s = %j is refused before anything is registered', async (key, value, others = {}, environment = 'dev') => {
  const { error, resources } = await run({ ...others, [key]: value }, environment);
  expect(error).toMatchObject({ name: 'InvalidInput', key });
  expect(resources).toEqual([]);
});
