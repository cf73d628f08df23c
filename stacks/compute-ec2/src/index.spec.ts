import { countByType, ProgramHost, type ProgramRun, resource } from '../../testing/program-host';
import { templateConfig } from '../../testing/template-config';

let host: ProgramHost;
beforeAll(() => {
  host = new ProgramHost();
});
afterAll(() => host.close());

const GIVEN = {
  vpcId: 'vpc-1',
  publicSubnetIds: ['subnet-public-a', 'subnet-public-b'],
  privateSubnetIds: ['subnet-private-a', 'subnet-private-b'],
  loadBalancerSecurityGroupId: 'sg-alb',
  ec2SecurityGroupId: 'sg-ec2',
  webPort: 3000,
  applicationKeyArn: 'arn:aws:kms:us-east-1:111111111111:key/application',
  infrastructureKeyArn: 'arn:aws:kms:us-east-1:111111111111:key/infrastructure',
  amiId: 'ami-0123456789abcdef0',
};
const DNS = { hostedZoneId: 'Z1', domainName: 'dev.shop.example.com', certificateArn: 'arn:aws:acm:::certificate/1' };
const SECRETS = { appSecretsReadPolicyArn: 'arn:aws:iam::111111111111:policy/app-secrets' };
const STORAGE = {
  primaryBucketArn: 'arn:aws:s3:::shop-primary',
  artifactsBucketArn: 'arn:aws:s3:::shop-artifacts',
  logsBucketName: 'shop-logs',
};
const DATABASE = { databaseAccessPolicyArn: 'arn:aws:iam::111111111111:policy/database-access' };
const none = (...parts: object[]) =>
  Object.fromEntries(parts.flatMap((part) => Object.keys(part).map((key) => [key, null])));

const run = (environment = 'dev', overrides: Record<string, unknown> = {}) =>
  host.run(
    'compute-ec2',
    templateConfig('compute-ec2', environment, { ...GIVEN, ...DNS, ...SECRETS, ...STORAGE, ...DATABASE, ...overrides }),
  );

interface Statement {
  readonly Sid: string;
  readonly Action: string[];
  readonly Resource: string[];
}
const statements = (done: ProgramRun, name: string) =>
  (JSON.parse(String(resource(done, name).inputs['policy'])) as { Statement: Statement[] }).Statement;
const script = (done: ProgramRun, tier: string) =>
  Buffer.from(String(resource(done, `${tier}-template`).inputs['userData']), 'base64').toString();

test.each(['dev', 'stage', 'prod'])('%s has the counts of the specification per type', async (environment) => {
  const done = await run(environment);
  expect(countByType(done)).toEqual({
    'aws:iam/role:Role': 2,
    'aws:iam/instanceProfile:InstanceProfile': 2,
    'aws:iam/rolePolicyAttachment:RolePolicyAttachment': 8,
    'aws:iam/rolePolicy:RolePolicy': 2,
    'aws:cloudwatch/logGroup:LogGroup': 2,
    'aws:ec2/launchTemplate:LaunchTemplate': 2,
    'aws:autoscaling/group:Group': 2,
    'aws:autoscaling/policy:Policy': 2,
    'aws:lb/loadBalancer:LoadBalancer': 1,
    'aws:lb/targetGroup:TargetGroup': 1,
    'aws:lb/listener:Listener': 2,
    'aws:route53/record:Record': 1,
  });
  expect(done.resources).toHaveLength(27);
});

test.each<[string, Record<string, unknown>, number]>([
  ['dns', none(DNS), 25], // one listener less, no record
  ['secrets', none(SECRETS), 25],
  ['storage', none(STORAGE), 25],
  ['database-rds', none(DATABASE), 25],
  ['all of them', none(DNS, SECRETS, STORAGE, DATABASE), 19],
])('without %s it still runs, with %3$i resources and nothing undefined (G3)', async (_, overrides, total) => {
  const done = await run('prod', overrides);
  expect(done.error).toBeUndefined();
  expect(done.resources).toHaveLength(total);
  expect(done.undefinedOutputs).toEqual([]);
});

test('with a certificate the balancer is public, speaks TLS 1.2 or later and sends HTTP there (B3)', async () => {
  const done = await run('prod');
  expect(resource(done, 'ec2-alb').inputs).toMatchObject({
    internal: false,
    subnets: GIVEN.publicSubnetIds,
    securityGroups: ['sg-alb'],
    enableDeletionProtection: true,
    dropInvalidHeaderFields: true,
    accessLogs: { bucket: 'shop-logs', prefix: 'compute-ec2', enabled: true },
  });
  expect(resource(done, 'https-listener').inputs).toMatchObject({
    port: 443,
    protocol: 'HTTPS',
    sslPolicy: expect.stringMatching(/TLS13-1-2/),
    certificateArn: DNS.certificateArn,
    defaultActions: [{ type: 'forward', targetGroupArn: 'arn:aws:mock:::web-targets' }],
  });
  expect(resource(done, 'http-listener').inputs).toMatchObject({
    port: 80,
    defaultActions: [{ type: 'redirect', redirect: { port: '443', protocol: 'HTTPS', statusCode: 'HTTP_301' } }],
  });
  expect(resource(done, 'ec2-record').inputs).toMatchObject({
    zoneId: 'Z1',
    name: 'ec2.dev.shop.example.com',
    type: 'A',
  });
  expect(done.outputs['endpointUrl']).toBe('https://ec2.dev.shop.example.com');
});

test.each([
  ['nothing of dns', none(DNS), 'http://ec2-alb.elb.example.com'],
  ['a zone alone', { certificateArn: '' }, 'http://ec2.dev.shop.example.com'],
])('with %s the balancer is internal and HTTP stays inside the VPC (EC2-4)', async (_, overrides, url) => {
  const done = await run('prod', overrides);
  expect(resource(done, 'ec2-alb').inputs).toMatchObject({ internal: true, subnets: GIVEN.privateSubnetIds });
  expect(
    done.resources.filter(({ type }) => type === 'aws:lb/listener:Listener').map(({ inputs }) => inputs),
  ).toMatchObject([{ port: 80, protocol: 'HTTP', defaultActions: [{ type: 'forward' }] }]);
  expect(done.outputs['endpointUrl']).toBe(url);
  // not the group of a public balancer: a group serves one balancer, and both exist while one takes the place of the other
  expect(done.outputs['webTargetGroupArn']).toBe('arn:aws:mock:::web-internal-targets');
});

test('targets listen on the very port of the rules, and are asked at the health path (SEC-1)', async () => {
  const done = await run('dev', { webPort: 4000, healthCheckPath: '/up' });
  expect(resource(done, 'web-targets').inputs).toMatchObject({
    port: 4000,
    targetType: 'instance',
    vpcId: 'vpc-1',
    healthCheck: { path: '/up' },
  });
  expect(script(done, 'web')).toContain("PORT='4000'");
});

test.each([
  ['dev', { web: ['t3.micro', 1, 3], worker: ['t3.small', 1, 3] }, false, 20],
  ['stage', { web: ['t3.small', 2, 5], worker: ['t3.medium', 2, 6] }, true, 20],
  ['prod', { web: ['t3.medium', 3, 10], worker: ['t3.large', 2, 6] }, true, 30],
])('%s: tiers %j, detailed monitoring %s', async (environment, tiers, isDetailed, volumeSize) => {
  const done = await run(environment);
  for (const [tier, [instanceType, minSize, maxSize]] of Object.entries(tiers)) {
    expect(resource(done, `${tier}-template`).inputs).toMatchObject({
      imageId: GIVEN.amiId,
      instanceType,
      monitoring: { enabled: isDetailed },
      blockDeviceMappings: [{ ebs: { volumeSize, volumeType: 'gp3' } }],
    });
    expect(resource(done, `${tier}-asg`)).toMatchObject({
      ignoreChanges: ['desiredCapacity'],
      inputs: {
        minSize,
        maxSize,
        desiredCapacity: minSize,
        vpcZoneIdentifiers: GIVEN.privateSubnetIds,
        launchTemplate: { id: `${tier}-template-id`, version: '1' },
        instanceRefresh: { strategy: 'Rolling', preferences: { minHealthyPercentage: 50 } },
      },
    });
    expect(resource(done, `${tier}-scaling`).inputs).toMatchObject({
      policyType: 'TargetTrackingScaling',
      targetTrackingConfiguration: {
        predefinedMetricSpecification: { predefinedMetricType: 'ASGAverageCPUUtilization' },
        targetValue: 70,
      },
    });
  }
});

test('web instances are judged by the balancer, workers by EC2', async () => {
  const done = await run();
  expect(resource(done, 'web-asg')).toMatchObject({
    inputs: {
      healthCheckType: 'ELB',
      healthCheckGracePeriod: 300,
      targetGroupArns: ['arn:aws:mock:::web-targets'],
    },
  });
  expect(resource(done, 'web-asg').dependencies).toEqual(
    expect.arrayContaining(['https-listener', 'http-listener', 'web-ssm', 'web-buckets']),
  );
  expect(resource(done, 'worker-asg').inputs).toMatchObject({ healthCheckType: 'EC2' });
  expect(resource(done, 'worker-asg').inputs).not.toHaveProperty('targetGroupArns');
});

test('instances: no key pair, IMDSv2 alone, encrypted volume, tags on all of it (EC2-1, EC2-3, B2, B9, T3)', async () => {
  const done = await run('prod');
  for (const tier of ['web', 'worker']) {
    const { inputs } = resource(done, `${tier}-template`);
    expect(inputs).not.toHaveProperty('keyName');
    expect(inputs).toMatchObject({
      metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 1 },
      vpcSecurityGroupIds: ['sg-ec2'],
      iamInstanceProfile: { arn: `arn:aws:mock:::${tier}-profile` },
      blockDeviceMappings: [{ ebs: { encrypted: 'true', kmsKeyId: GIVEN.applicationKeyArn } }],
    });
    const launched = inputs['tagSpecifications'] as { resourceType: string; tags: Record<string, string> }[];
    const backup = tier === 'worker' ? 'Required' : undefined;
    expect(launched.map(({ resourceType, tags }) => [resourceType, tags['Stack'], tags['Backup']])).toEqual([
      ['instance', 'compute-ec2', undefined],
      ['volume', 'compute-ec2', backup],
    ]);
    const passedOn = resource(done, `${tier}-asg`).inputs['tags'] as { key: string; propagateAtLaunch: boolean }[];
    expect(passedOn.filter(({ propagateAtLaunch }) => !propagateAtLaunch).map(({ key }) => key)).toEqual(['Name']);
  }
});

test('each tier has its own role: Session Manager, the agent, and what the other stacks offer (B5)', async () => {
  const done = await run();
  const attached = (tier: string) =>
    done.resources
      .filter(({ type, name }) => type.endsWith(':RolePolicyAttachment') && name.startsWith(tier))
      .map(({ inputs }) => String(inputs['policyArn']).split('/').at(-1));
  const both = ['AmazonSSMManagedInstanceCore', 'CloudWatchAgentServerPolicy', 'app-secrets', 'database-access'];
  expect(attached('web')).toEqual(both);
  expect(attached('worker')).toEqual(both);
  const grants = (tier: string) =>
    statements(done, `${tier}-buckets`).map(({ Action, Resource }) => `${Action.join(' ')} on ${Resource.join(' ')}`);
  const read = ['s3:ListBucket on arn:aws:s3:::shop-artifacts', 's3:GetObject on arn:aws:s3:::shop-artifacts/*'];
  expect(grants('web')).toEqual([...read, `kms:Decrypt on ${GIVEN.applicationKeyArn}`]);
  expect(grants('worker')).toEqual([
    ...read,
    's3:ListBucket on arn:aws:s3:::shop-primary',
    's3:GetObject s3:PutObject s3:DeleteObject on arn:aws:s3:::shop-primary/*',
    `kms:Decrypt kms:GenerateDataKey on ${GIVEN.applicationKeyArn}`,
  ]);
});

test('user data fails loudly, tells where logs go and ends with the own script (EC2-2)', async () => {
  const done = await run('stage', { bootstrapScript: 'dnf install -y nginx\nsystemctl enable --now nginx\n' });
  const text = script(done, 'worker');
  expect(text.split('\n').slice(0, 2)).toEqual(['#!/bin/bash', 'set -euo pipefail']);
  expect(text).toContain('"log_group_name": "/cloud/dt3vca0/stage/compute-ec2/worker"');
  expect(text).toContain("ARTIFACTS_BUCKET='shop-artifacts'");
  expect(text).not.toContain('PORT=');
  expect(text.trimEnd().split('\n').slice(-2)).toEqual(['dnf install -y nginx', 'systemctl enable --now nginx']);
  const agent = /<<'AGENT'\n([\s\S]*?)\nAGENT\n/.exec(text)?.[1] ?? '';
  expect(JSON.parse(agent)).toHaveProperty('logs.logs_collected.files.collect_list');
  expect(Buffer.byteLength(text)).toBeLessThan(16 * 1024 - 12 * 1024); // room for the longest script
});

test('a worker tier alone needs no balancer, and its outputs are empty', async () => {
  const done = await run('prod', { tiers: ['worker'], webInstanceType: null, webMin: null, webMax: null });
  expect(done.resources).toHaveLength(11);
  expect(done.outputs).toMatchObject({
    asgNames: { worker: expect.any(String) as string },
    albArn: '',
    albArnSuffix: '',
    albDnsName: '',
    albZoneId: '',
    webTargetGroupArn: '',
    webTargetGroupArnSuffix: '',
    endpointUrl: '',
  });
});

test('without its optional inputs features are off', async () => {
  const optional = ['rootVolumeGiB', 'targetCpuUtilization', 'healthCheckPath', 'bootstrapScript', 'logRetentionDays'];
  const done = await run('prod', Object.fromEntries(optional.map((key) => [key, null])));
  expect(done.error).toBeUndefined();
  expect(done.undefinedOutputs).toEqual([]);
  expect(done.resources).toHaveLength(25); // no scaling policies
});

test.each([
  ['export DB_PASSWORD=hunter2hunter2', 'a password'],
  ['curl -H "x-api-key: 0123456789abcdef" example.com', 'a password'],
  ['psql postgres://dbadmin:correcthorse@db.example.com/shop', 'credentials in an address'],
  ['aws configure set aws_access_key_id AKIAABCDEFGHIJKLMNOP', 'an AWS access key'],
  ['-----BEGIN RSA PRIVATE KEY-----', 'a private key'],
  [`git clone https://x:${'ghp_'}${'a'.repeat(36)}@example.com/r`, 'a GitHub token'],
])('a script with %s is refused without being repeated (B4)', async (line, kind) => {
  const { error, resources } = await run('dev', { bootstrapScript: `set -e\n${line}\n` });
  expect(error).toMatchObject({ name: 'InvalidInput', key: 'bootstrapScript' });
  expect(error?.message).toBe(
    `compute-ec2: bootstrapScript = "(not shown)" is refused: line 2 holds what looks like ${kind}`,
  );
  expect(resources).toEqual([]);
});

test.each([
  'export DB_PASSWORD="$(aws secretsmanager get-secret-value --secret-id x --query SecretString --output text)"',
  'TOKEN=$(curl -X PUT http://169.254.169.254/latest/api/token)',
  'psql "postgres://$DB_USER:$DB_PASSWORD@$DB_HOST/shop"',
])('a script that reads its secret when it runs is fine: %s', async (bootstrapScript) => {
  expect((await run('dev', { bootstrapScript })).error).toBeUndefined();
});

test.each<[string, unknown, Record<string, unknown>?]>([
  ['vpcId', null],
  ['publicSubnetIds', null],
  ['privateSubnetIds', null],
  ['loadBalancerSecurityGroupId', ''],
  ['ec2SecurityGroupId', ''],
  ['webPort', null],
  ['applicationKeyArn', null],
  ['infrastructureKeyArn', null],
  ['amiId', null],
  ['amiId', 'amazon-linux'],
  ['webInstanceType', 'micro'],
  ['webInstanceType', null],
  ['workerInstanceType', null],
  ['tiers', []],
  ['tiers', ['web', 'web']],
  ['tiers', ['batch']],
  ['webMin', 0],
  ['webMin', 4],
  ['webMin', null],
  ['webMax', 51],
  ['workerMin', -1],
  ['workerMax', 51],
  ['rootVolumeGiB', 7],
  ['rootVolumeGiB', 501],
  ['targetCpuUtilization', 9],
  ['targetCpuUtilization', 91],
  ['healthCheckPath', 'health'],
  ['bootstrapScript', '#'.repeat(12 * 1024 + 1)],
])('%s = %j is refused before anything is registered', async (key, value, others = {}) => {
  const { error, resources } = await run('dev', { ...others, [key]: value });
  expect(error).toMatchObject({ name: 'InvalidInput', key });
  expect(error?.message).toMatch(new RegExp(`^compute-ec2: ${key} (=|is missing)`));
  expect(resources).toEqual([]);
});
