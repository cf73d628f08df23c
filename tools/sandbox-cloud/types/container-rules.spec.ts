import { ACCOUNT, aNetwork, permission, SandboxRig, trust } from '../../../test/fakes/sandbox-rig.js';

/** What AWS refuses, and how, in ECR, ECS, Cloud Map, App Auto Scaling and CodeBuild. */
let rig: SandboxRig;
beforeEach(() => {
  rig = new SandboxRig();
});

const refused = (work: Promise<unknown>, code: string, message = ''): Promise<void> =>
  expect(work).rejects.toMatchObject({ name: 'CloudError', code, message: expect.stringContaining(message) as string });

describe('ECR', () => {
  const KEY = `arn:aws:kms:us-east-1:${ACCOUNT}:key/none`;
  const rule = (selection: object, more = {}) => ({ rulePriority: 1, selection, action: { type: 'expire' }, ...more });
  const UNTAGGED = { tagStatus: 'untagged', countType: 'sinceImagePushed', countUnit: 'days', countNumber: 1 };

  it('makes repositories with the shapes of AWS, each name once', async () => {
    const made = await rig.make('repository', 'r', { name: 'shop/backend' });
    expect(made).toMatchObject({
      id: 'shop/backend',
      outputs: {
        arn: `arn:aws:ecr:us-east-1:${ACCOUNT}:repository/shop/backend`,
        registryId: ACCOUNT,
        repositoryUrl: `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/shop/backend`,
        imageTagMutability: 'MUTABLE',
        encryptionConfigurations: [{ encryptionType: 'AES256', kmsKey: '' }],
      },
    });
    const again = rig.make('repository', 's', { name: 'shop/backend' });
    await refused(again, 'RepositoryAlreadyExistsException', `'shop/backend' already exists in the registry`);
    const encryptionConfigurations = [{ encryptionType: 'KMS', kmsKey: KEY }];
    await refused(rig.make('repository', 't', { name: 'other', encryptionConfigurations }), 'KmsException');
    expect((await rig.diff(made, { name: 'shop/backend', encryptionConfigurations })).replaces).toEqual([
      'encryptionConfigurations',
    ]);
  });

  it('deletes a repository with images only by force', async () => {
    const made = await rig.make('repository', 'r', { name: 'shop' });
    const [stored] = await rig.inventory();
    expect(rig.cloud.changeProblems(made.type, { images: [{ tag: 'v1' }] })).toEqual([]);
    await rig.cloud.changeByHand(stored!, { images: [{ tag: 'v1' }] });
    const moved = await rig.update(made, { name: 'shop', imageTagMutability: 'IMMUTABLE' }); // images stay in it
    await refused(rig.provider.delete(moved), 'RepositoryNotEmptyException', 'because it still contains images');
    await rig.provider.delete(await rig.update(moved, { name: 'shop', forceDelete: true }));
    expect(await rig.inventory()).toEqual([]);
  });

  it.each<[string, unknown[], string]>([
    ['no rules', [], 'missing required properties'],
    ['the same priority twice', [rule(UNTAGGED), rule({ ...UNTAGGED, tagStatus: 'any' })], 'unique across all rules'],
    ['untagged twice', [rule(UNTAGGED), rule(UNTAGGED, { rulePriority: 2 })], 'only one rule'],
    ['tags without a list', [rule({ ...UNTAGGED, tagStatus: 'tagged' })], 'tagPrefixList and tagPatternList'],
    ['no count', [rule({ ...UNTAGGED, countNumber: 0 })], 'countNumber'],
    ['a unit too many', [rule({ ...UNTAGGED, countType: 'imageCountMoreThan' })], 'countUnit'],
    ['no action', [rule(UNTAGGED, { action: {} })], 'action type'],
  ])('refuses a lifecycle policy with %s', async (_what, rules, message) => {
    await rig.make('repository', 'r', { name: 'shop' });
    const made = rig.make('imageLifecycle', 'l', { repository: 'shop', policy: JSON.stringify({ rules }) });
    await refused(made, 'InvalidParameterException', message);
  });

  it('keeps one lifecycle policy per repository, which goes with it', async () => {
    const policy = JSON.stringify({ rules: [rule(UNTAGGED)] });
    await refused(rig.make('imageLifecycle', 'l', { repository: 'shop', policy }), 'RepositoryNotFoundException');
    const made = await rig.make('repository', 'r', { name: 'shop' });
    await rig.make('imageLifecycle', 'l', { repository: 'shop', policy });
    await rig.make('imageLifecycle', 'm', { repository: 'shop', policy });
    expect(await rig.inventory()).toHaveLength(2);
    await rig.provider.delete(made);
    expect(await rig.inventory()).toEqual([]);
  });

  it('has one set of registry settings: the last one to put it owns it', async () => {
    await rig.make('registryScanning', 'a', { scanType: 'BASIC' });
    await rig.make('registryScanning', 'b', { scanType: 'ENHANCED' });
    expect((await rig.inventory()).map(({ id, inputs }) => [id, inputs.scanType])).toEqual([[ACCOUNT, 'ENHANCED']]);
    const rules = [{ scanFrequency: 'CONTINUOUS_SCAN', repositoryFilters: [] }];
    expect(await rig.failures('registryScanning', { scanType: 'BASIC', rules })).toEqual([
      expect.stringContaining('CONTINUOUS_SCAN is not available'),
    ]);
    const to = (region: string) => ({
      replicationConfiguration: { rules: [{ destinations: [{ region, registryId: ACCOUNT }] }] },
    });
    await refused(
      rig.make('registryReplication', 'r', to('us-east-1')),
      'InvalidParameterException',
      'source registry',
    );
    await refused(rig.make('registryReplication', 'r', to('us-moon-1')), 'InvalidParameterException', 'us-moon-1');
    await rig.make('registryReplication', 'r', to('us-west-2'));
  });
});

const CONTAINER = { name: 'api', image: 'api:1', portMappings: [{ containerPort: 8080 }] };
const definitions = (container: object = CONTAINER) => ({ containerDefinitions: JSON.stringify([container]) });
const FARGATE = {
  family: 'api',
  networkMode: 'awsvpc',
  requiresCompatibilities: ['FARGATE'],
  cpu: '256',
  memory: '512',
};

/** A cluster with Fargate capacity, a network, and a target group behind a listener. */
async function aCluster() {
  const network = await aNetwork(rig);
  const group = await rig.make('group', 'api', { vpcId: network.vpc.id });
  const cluster = await rig.make('cluster', 'c', { name: 'services' });
  const providers = await rig.make('capacityProviders', 'p', {
    clusterName: 'services',
    capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
  });
  const role = await rig.make('role', 'r', { assumeRolePolicy: trust() });
  const task = await rig.make('task', 't', { ...FARGATE, ...definitions(), taskRoleArn: role.outputs.arn });
  const subnets = network.subnets.map(({ id }) => id);
  const balancer = await rig.make('balancer', 'b', { subnets, internal: true });
  const target = await rig.make('targetGroup', 'tg', {
    vpcId: network.vpc.id,
    port: 8080,
    protocol: 'HTTP',
    targetType: 'ip',
  });
  const service = {
    name: 'api',
    cluster: cluster.id,
    taskDefinition: task.outputs.arn,
    capacityProviderStrategies: [{ capacityProvider: 'FARGATE', weight: 1 }],
    networkConfiguration: { subnets, securityGroups: [group.id] },
  };
  const behind = { loadBalancers: [{ targetGroupArn: target.id, containerName: 'api', containerPort: 8080 }] };
  const attach = () =>
    rig.make('listener', 'l', {
      loadBalancerArn: balancer.id,
      port: 80,
      defaultActions: [{ type: 'forward', targetGroupArn: target.id }],
    });
  return { ...network, group, cluster, providers, role, task, target, service, behind, attach };
}

describe('ECS', () => {
  it('makes cluster, revisions and services with the shapes of AWS', async () => {
    const { cluster, task, service } = await aCluster();
    expect(cluster.outputs).toMatchObject({
      arn: `arn:aws:ecs:us-east-1:${ACCOUNT}:cluster/services`,
      settings: [{ name: 'containerInsights', value: 'disabled' }],
    });
    expect(task.outputs).toMatchObject({
      arn: `arn:aws:ecs:us-east-1:${ACCOUNT}:task-definition/api:1`,
      arnWithoutRevision: `arn:aws:ecs:us-east-1:${ACCOUNT}:task-definition/api`,
      revision: 1,
    });
    const next = await rig.make('task', 't', { ...FARGATE, ...definitions({ ...CONTAINER, image: 'api:2' }) });
    expect(next.outputs['revision']).toBe(2);
    const made = await rig.make('ecsService', 's', service);
    expect(made.id).toBe(`arn:aws:ecs:us-east-1:${ACCOUNT}:service/services/api`);
    expect(await rig.diff(task, { ...FARGATE, ...definitions({ ...CONTAINER, image: 'api:3' }) })).toMatchObject({
      replaces: ['containerDefinitions', 'taskRoleArn'],
      deleteBeforeReplace: false,
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['no container', { containerDefinitions: '[]' }, 'does not have any container definitions'],
    ['a container without image', definitions({ name: 'api' }), 'Container.image should not be null'],
    ['an odd size', { cpu: '256', memory: '4096' }, 'No Fargate configuration exists for given values: 256 CPU, 4096'],
    ['another network', { networkMode: 'bridge' }, 'only supports network mode'],
    [
      'logs without a role',
      definitions({ ...CONTAINER, logConfiguration: { logDriver: 'awslogs' } }),
      'log driver awslogs',
    ],
    ['secrets without a role', definitions({ ...CONTAINER, secrets: [{ name: 'A' }] }), 'executionRoleArn'],
    ['a role that is none', { taskRoleArn: `arn:aws:iam::${ACCOUNT}:role/none` }, 'Role is not valid'],
  ])('refuses a task definition with %s', async (_what, change, message) => {
    await refused(rig.make('task', 't', { ...FARGATE, ...definitions(), ...change }), 'ClientException', message);
  });

  it('refuses a service that its cluster, task or network cannot carry', async () => {
    const { service, behind } = await aCluster();
    const make = (change: object) => rig.make('ecsService', 's', { ...service, ...change });
    await refused(make({ cluster: 'none' }), 'ClusterNotFoundException', 'Cluster not found.');
    await refused(make({ taskDefinition: 'none:1' }), 'ClientException', 'TaskDefinition not found.');
    const invalid = 'InvalidParameterException';
    await refused(make({ launchType: 'FARGATE' }), invalid, 'both a launch type and capacity provider strategy');
    const gpu = [{ capacityProvider: 'gpu', weight: 1 }];
    await refused(make({ capacityProviderStrategies: gpu }), invalid, 'not associated with the cluster');
    await refused(make({ networkConfiguration: undefined }), invalid, 'Network Configuration must be provided');
    await refused(make({ healthCheckGracePeriodSeconds: 60 }), invalid, 'Health check grace period');
    await refused(make({ networkConfiguration: { subnets: ['subnet-0'] } }), invalid, '[subnet-0]');
    const [balanced] = behind.loadBalancers;
    await refused(make({ loadBalancers: [{ ...balanced, containerName: 'web' }] }), invalid, 'container web does not');
    await refused(make({ loadBalancers: [{ ...balanced, containerPort: 1 }] }), invalid, 'container port 1 defined');
    const bare = await rig.make('task', 'bare', { ...FARGATE, family: 'bare', ...definitions() });
    const shell = { taskDefinition: bare.outputs.arn, enableExecuteCommand: true };
    await refused(make(shell), invalid, 'valid taskRoleArn');
  });

  it('takes a target group only once a listener uses it', async () => {
    const { service, behind, attach } = await aCluster();
    const make = () => rig.make('ecsService', 's', { ...service, ...behind });
    await refused(make(), 'InvalidParameterException', 'does not have an associated load balancer');
    await attach();
    await expect(make()).resolves.toBeDefined();
  });

  it('keeps service names unique in a cluster, and what services need from being deleted', async () => {
    const { cluster, providers, subnet, group, service } = await aCluster();
    const made = await rig.make('ecsService', 's', service);
    await refused(rig.make('ecsService', 't', service), 'InvalidParameterException', 'was not idempotent');
    await refused(rig.provider.delete(cluster), 'ClusterContainsServicesException', 'while Services are active');
    await refused(rig.provider.delete(providers), 'ResourceInUseException');
    await refused(rig.provider.delete(subnet), 'DependencyViolation');
    await refused(rig.provider.delete(group), 'DependencyViolation');
    for (const one of [made, providers, cluster, group]) await rig.provider.delete(one);
  });

  it.each([
    [true, []],
    [false, ['capacityProviderStrategies']],
  ])('with forceNewDeployment %s another capacity strategy replaces %j', async (forceNewDeployment, replaces) => {
    const { service } = await aCluster();
    const made = await rig.make('ecsService', 's', { ...service, forceNewDeployment });
    const capacityProviderStrategies = [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }];
    const change = { ...service, forceNewDeployment, capacityProviderStrategies };
    expect((await rig.diff(made, change)).replaces).toEqual(replaces);
  });

  it('refuses capacity that is not Fargate or not the cluster’s', async () => {
    await rig.make('cluster', 'c', { name: 'services' });
    const make = (news: object) => rig.make('capacityProviders', 'p', { clusterName: 'services', ...news });
    await refused(make({ capacityProviders: ['gpu'] }), 'InvalidParameterException', "'gpu' was not found");
    const stray = [{ capacityProvider: 'FARGATE_SPOT' }];
    await refused(
      make({ capacityProviders: ['FARGATE'], defaultCapacityProviderStrategies: stray }),
      'InvalidParameterException',
      'not associated',
    );
  });
});

describe('Cloud Map', () => {
  it('keeps names unique, and namespaces and entries while they are used', async () => {
    const { vpc, service } = await aCluster();
    const namespace = await rig.make('namespace', 'n', { name: 'shop.internal', vpc: vpc.id });
    expect(namespace.id).toMatch(/^ns-[0-9a-f]{16}$/);
    await refused(rig.make('namespace', 'm', { name: 'shop.internal', vpc: vpc.id }), 'ConflictingDomainExists');
    const dnsConfig = { namespaceId: namespace.id, dnsRecords: [{ type: 'A', ttl: 10 }] };
    const entry = await rig.make('discovery', 'd', { name: 'api', dnsConfig });
    await refused(rig.make('discovery', 'e', { name: 'api', dnsConfig }), 'ServiceAlreadyExists');
    await refused(
      rig.make('discovery', 'f', { name: 'x', dnsConfig: { ...dnsConfig, namespaceId: 'ns-0' } }),
      'NamespaceNotFound',
      'ns-0',
    );
    await refused(rig.provider.delete(namespace), 'ResourceInUse', 'Namespace has associated services');
    const made = await rig.make('ecsService', 's', {
      ...service,
      serviceRegistries: { registryArn: entry.outputs.arn },
    });
    await refused(rig.provider.delete(entry), 'ResourceInUse', 'registered instances');
    const news = (change: object) => ({ name: 'api', dnsConfig: { ...dnsConfig, ...change } });
    expect((await rig.diff(entry, news({ dnsRecords: [{ type: 'A', ttl: 60 }] }))).replaces).toEqual([]);
    expect((await rig.diff(entry, news({ namespaceId: 'ns-0' }))).replaces).toEqual(['dnsConfig']);
    for (const one of [made, entry, namespace]) await rig.provider.delete(one);
  });
});

describe('App Auto Scaling', () => {
  const scalable = {
    serviceNamespace: 'ecs',
    scalableDimension: 'ecs:service:DesiredCount',
    resourceId: 'service/services/api',
  };
  const policy = {
    ...scalable,
    policyType: 'TargetTrackingScaling',
    targetTrackingScalingPolicyConfiguration: { targetValue: 70 },
  };

  it('scales services that exist, between bounds in order; policies go with their target', async () => {
    const target = { ...scalable, minCapacity: 1, maxCapacity: 3 };
    await refused(rig.make('scalingTarget', 't', target), 'ValidationException', "ECS service doesn't exist");
    const { service } = await aCluster();
    await rig.make('ecsService', 's', service);
    await refused(
      rig.make('scalingTarget', 't', { ...target, minCapacity: 4 }),
      'ValidationException',
      'Maximum capacity',
    );
    await refused(rig.make('scalingPolicy', 'p', policy), 'ObjectNotFoundException', 'No scalable target registered');
    const made = await rig.make('scalingTarget', 't', target);
    expect(made.id).toBe('service/services/api');
    const scaling = await rig.make('scalingPolicy', 'p', policy);
    expect(scaling.outputs['alarmArns']).toEqual([
      expect.stringContaining('alarm:TargetTracking-service/services/api-AlarmHigh-'),
      expect.stringContaining('-AlarmLow-'),
    ]);
    await rig.provider.delete(made);
    expect(await rig.inventory({ type: scaling.type })).toEqual([]);
  });

  it('wants the configuration of the policy’s type', async () => {
    expect(await rig.failures('scalingPolicy', { ...policy, policyType: 'StepScaling' })).toEqual([
      expect.stringContaining('"stepScalingPolicyConfiguration" is required'),
    ]);
  });
});

describe('CodeBuild', () => {
  const project = {
    name: 'backend-build',
    artifacts: { type: 'NO_ARTIFACTS' },
    environment: { type: 'LINUX_CONTAINER', computeType: 'BUILD_GENERAL1_SMALL', image: 'x', privilegedMode: true },
    source: { type: 'GITHUB', location: 'https://github.com/northwind/shop' },
    serviceRole: `arn:aws:iam::${ACCOUNT}:role/none`,
  };

  it('needs a role that CodeBuild may take, and a name of its own', async () => {
    await refused(rig.make('buildProject', 'p', project), 'InvalidInputException', 'sts:AssumeRole');
    const foreign = await rig.make('role', 'tasks', { assumeRolePolicy: trust() });
    await refused(
      rig.make('buildProject', 'p', { ...project, serviceRole: foreign.outputs.arn }),
      'InvalidInputException',
      'sts:AssumeRole',
    );
    const role = await rig.make('role', 'builds', { assumeRolePolicy: trust('codebuild.amazonaws.com') });
    await rig.make('rolePolicy', 'p', { role: role.id, policy: permission() });
    const own = { ...project, serviceRole: role.outputs.arn };
    const made = await rig.make('buildProject', 'p', own);
    expect(made).toMatchObject({
      id: `arn:aws:codebuild:us-east-1:${ACCOUNT}:project/backend-build`,
      outputs: { buildTimeout: 60, queuedTimeout: 480, encryptionKey: expect.stringContaining('alias/aws/s3') },
    });
    await refused(rig.make('buildProject', 'q', own), 'ResourceAlreadyExistsException', 'Project already exists');
    expect((await rig.diff(made, { ...own, name: 'other' })).replaces).toEqual(['name']);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a source without place', { source: { type: 'GITHUB' } }, 'location is required'],
    ['Docker on Lambda', { environment: { ...project.environment, computeType: 'BUILD_LAMBDA_1GB' } }, 'privileged'],
    ['half a pipeline', { source: { type: 'CODEPIPELINE' } }, 'CODEPIPELINE must be'],
  ])('refuses %s', async (_what, change, reason) => {
    expect(await rig.failures('buildProject', { ...project, ...change })).toEqual([expect.stringContaining(reason)]);
  });
});
