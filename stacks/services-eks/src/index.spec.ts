import { countByType, ProgramHost, type ProgramRun, resource } from '../../testing/program-host';
import { templateConfig } from '../../testing/template-config';

let host: ProgramHost;
beforeAll(() => {
  host = new ProgramHost();
});
afterAll(() => host.close());

const GIVEN = {
  privateSubnetIds: ['subnet-a', 'subnet-b'],
  eksClusterRoleArn: 'arn:aws:iam::111111111111:role/eks-cluster',
  eksNodeRoleArn: 'arn:aws:iam::111111111111:role/eks-node',
  eksNodeSecurityGroupId: 'sg-node',
  applicationKeyArn: 'arn:aws:kms:us-east-1:111111111111:key/application',
  infrastructureKeyArn: 'arn:aws:kms:us-east-1:111111111111:key/infrastructure',
};
const run = (environment = 'dev', overrides: Record<string, unknown> = {}) =>
  host.run('services-eks', templateConfig('services-eks', environment, { ...GIVEN, ...overrides }));

interface Statement {
  readonly Sid: string;
  readonly Action: string[];
  readonly Resource: string[];
  readonly Condition?: { readonly StringEquals: Record<string, string> };
}
const statements = (done: ProgramRun, name: string, key = 'policy') =>
  (JSON.parse(String(resource(done, name).inputs[key])) as { Statement: Statement[] }).Statement;

const ROLES = ['arn:aws:iam::111111111111:role/ops', 'arn:aws:iam::111111111111:role/team/lead'];

test.each([
  ['dev', {}, 13],
  ['stage', {}, 13],
  ['prod', {}, 13],
  ['dev', { enableSpotNodeGroup: true }, 14],
  ['dev', { adminPrincipalArns: ROLES }, 17],
])('%s with %j has %3$i resources', async (environment, overrides, total) => {
  const done = await run(environment, overrides);
  expect(done.resources).toHaveLength(total);
  expect(countByType(done)).toMatchObject({
    'aws:cloudwatch/logGroup:LogGroup': 1,
    'aws:eks/cluster:Cluster': 1,
    'aws:iam/openIdConnectProvider:OpenIdConnectProvider': 1,
    'aws:eks/addon:Addon': 4,
    'aws:iam/role:Role': 2,
    'aws:iam/rolePolicyAttachment:RolePolicyAttachment': 1,
    'aws:iam/rolePolicy:RolePolicy': 1,
    'aws:ec2/launchTemplate:LaunchTemplate': 1,
    'aws:eks/nodeGroup:NodeGroup': total === 14 ? 2 : 1,
  });
});

test('the control plane is private, encrypted, logged and reached by access entries alone', async () => {
  const done = await run('prod');
  const { inputs, timeouts, protect, dependencies } = resource(done, 'cluster');
  expect(inputs).toMatchObject({
    name: 'web-shop-prod-cluster-dt3vca0',
    version: '1.33',
    roleArn: GIVEN.eksClusterRoleArn,
    accessConfig: { authenticationMode: 'API', bootstrapClusterCreatorAdminPermissions: false },
    encryptionConfig: { provider: { keyArn: GIVEN.infrastructureKeyArn }, resources: ['secrets'] },
    enabledClusterLogTypes: ['api', 'audit', 'authenticator', 'controllerManager', 'scheduler'],
    deletionProtection: true,
  });
  expect(inputs['vpcConfig']).toEqual({
    subnetIds: ['subnet-a', 'subnet-b'],
    endpointPrivateAccess: true,
    endpointPublicAccess: false,
  });
  expect(timeouts).toEqual({ create: '40m', update: '40m', delete: '40m' });
  expect(protect).toBe(false); // not of the stateful set L1: EKS protects it itself
  expect(dependencies).toContain('control-plane-group');
  expect(resource(done, 'control-plane-group').inputs).toMatchObject({
    name: '/aws/eks/web-shop-prod-cluster-dt3vca0/cluster',
    kmsKeyId: GIVEN.infrastructureKeyArn,
    retentionInDays: 90,
  });
});

test('a public endpoint is open to the given blocks and no others', async () => {
  const done = await run('dev', { endpointPublicAccess: true, publicAccessCidrs: ['198.51.100.0/24'] });
  expect(resource(done, 'cluster').inputs['vpcConfig']).toMatchObject({
    endpointPrivateAccess: true,
    endpointPublicAccess: true,
    publicAccessCidrs: ['198.51.100.0/24'],
  });
});

test.each([
  ['dev', ['t3.medium'], { minSize: 1, desiredSize: 2, maxSize: 3 }],
  ['stage', ['t3.large'], { minSize: 2, desiredSize: 2, maxSize: 5 }],
  ['prod', ['m5.large'], { minSize: 3, desiredSize: 3, maxSize: 10 }],
])('%s: on-demand nodes %j whose number the autoscaler owns', async (environment, instanceTypes, scalingConfig) => {
  const done = await run(environment);
  const { inputs, ignoreChanges, timeouts, dependencies } = resource(done, 'primary-nodes');
  expect(inputs).toMatchObject({
    clusterName: `web-shop-${environment}-cluster-dt3vca0`,
    version: '1.33',
    nodeRoleArn: GIVEN.eksNodeRoleArn,
    subnetIds: ['subnet-a', 'subnet-b'],
    amiType: 'AL2023_x86_64_STANDARD',
    capacityType: 'ON_DEMAND',
    instanceTypes,
    scalingConfig,
    updateConfig: { maxUnavailablePercentage: 25 },
    launchTemplate: { id: 'node-template-id', version: '1' },
  });
  expect(inputs).not.toHaveProperty('diskSize'); // EKS-2
  expect(inputs).not.toHaveProperty('remoteAccess'); // EKS-3
  expect(inputs).not.toHaveProperty('taints');
  expect(ignoreChanges).toEqual(['scalingConfig.desiredSize']);
  expect(timeouts).toMatchObject({ create: '40m' });
  expect(dependencies).toContain('vpc-cni');
});

test('nodes: encrypted root volume of the asked size, no old metadata service, tags on all that is launched (B2, B9, T3)', async () => {
  const { inputs } = resource(await run('prod', { nodeDiskGiB: 80 }), 'node-template');
  expect(inputs).toMatchObject({
    vpcSecurityGroupIds: ['sg-cluster', 'sg-node'],
    metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 2 },
    blockDeviceMappings: [
      { ebs: { volumeType: 'gp3', volumeSize: 80, encrypted: 'true', kmsKeyId: GIVEN.applicationKeyArn } },
    ],
  });
  const launched = inputs['tagSpecifications'] as { resourceType: string; tags: Record<string, string> }[];
  expect(launched.map(({ resourceType, tags }) => [resourceType, tags['Stack'], tags['DeploymentId']])).toEqual([
    ['instance', 'services-eks', 'DT3VCA0'],
    ['volume', 'services-eks', 'DT3VCA0'],
  ]);
  for (const key of ['imageId', 'userData', 'keyName', 'instanceType']) expect(inputs).not.toHaveProperty(key);
});

test('ARM types get the ARM image', async () => {
  const done = await run('dev', { nodeInstanceTypes: ['m7g.large', 'c6gd.large'] });
  expect(resource(done, 'primary-nodes').inputs).toMatchObject({ amiType: 'AL2023_ARM_64_STANDARD' });
});

test('spot nodes start at none and take only what tolerates them', async () => {
  const done = await run('stage', { enableSpotNodeGroup: true });
  expect(resource(done, 'spot-nodes').inputs).toMatchObject({
    capacityType: 'SPOT',
    instanceTypes: ['t3.medium', 't3.large'],
    scalingConfig: { minSize: 0, desiredSize: 0, maxSize: 5 },
    taints: [{ key: 'spot', value: 'true', effect: 'NO_SCHEDULE' }],
    launchTemplate: { id: 'node-template-id' },
  });
  expect(done.outputs['spotNodeGroupName']).toBe('spot-nodes-1234567');
});

test('the network comes before the nodes, the other add-ons after them', async () => {
  const done = await run('dev', { addonVersions: { coredns: 'v1.12.1-eksbuild.2' }, enableSpotNodeGroup: true });
  const addon = (name: string) => resource(done, name);
  expect(addon('vpc-cni').dependencies).not.toContain('primary-nodes');
  for (const name of ['kube-proxy', 'coredns', 'aws-ebs-csi-driver']) {
    expect(addon(name).dependencies).toEqual(expect.arrayContaining(['primary-nodes', 'spot-nodes']));
  }
  for (const name of ['vpc-cni', 'kube-proxy', 'coredns', 'aws-ebs-csi-driver']) {
    expect(addon(name).inputs).toMatchObject({
      addonName: name,
      resolveConflictsOnCreate: 'OVERWRITE',
      resolveConflictsOnUpdate: 'PRESERVE',
    });
  }
  expect(addon('coredns').inputs['addonVersion']).toBe('v1.12.1-eksbuild.2');
  expect(addon('kube-proxy').inputs).not.toHaveProperty('addonVersion');
  expect(addon('aws-ebs-csi-driver').inputs['serviceAccountRoleArn']).toBe('arn:aws:mock:::ebs-csi-role');
  expect(addon('aws-ebs-csi-driver').dependencies).toContain('ebs-csi-driver');
});

test('each service account role trusts its own account of this cluster and has a generated name (EKS-1, B5)', async () => {
  const done = await run();
  expect(resource(done, 'oidc-provider').inputs).toMatchObject({
    url: 'https://oidc.example.com/id/1',
    clientIdLists: ['sts.amazonaws.com'],
  });
  expect(resource(done, 'oidc-provider').inputs).not.toHaveProperty('thumbprintLists');
  for (const [role, account] of [
    ['ebs-csi-role', 'ebs-csi-controller-sa'],
    ['cluster-autoscaler-role', 'cluster-autoscaler'],
  ] as const) {
    expect(resource(done, role).inputs).not.toHaveProperty('name');
    expect(statements(done, role, 'assumeRolePolicy')).toMatchObject([
      {
        Principal: { Federated: 'arn:aws:mock:::oidc-provider' },
        Action: ['sts:AssumeRoleWithWebIdentity'],
        Condition: {
          StringEquals: {
            'oidc.example.com/id/1:aud': 'sts.amazonaws.com',
            'oidc.example.com/id/1:sub': `system:serviceaccount:kube-system:${account}`,
          },
        },
      },
    ]);
  }
});

test('the autoscaler resizes groups of this cluster alone', async () => {
  const [read, groups, write] = statements(await run(), 'cluster-autoscaler-policy');
  expect(read?.Action.every((action) => /:(Describe|Get)/.test(action))).toBe(true);
  expect(groups?.Resource).toEqual(['arn:aws:eks:us-east-1:111111111111:nodegroup/web-shop-dev-cluster-dt3vca0/*/*']);
  expect(write).toMatchObject({
    Action: ['autoscaling:SetDesiredCapacity', 'autoscaling:TerminateInstanceInAutoScalingGroup'],
    Condition: {
      StringEquals: { 'aws:ResourceTag/k8s.io/cluster-autoscaler/web-shop-dev-cluster-dt3vca0': 'owned' },
    },
  });
});

test('administrators are named by their role, so that the list may change anywhere', async () => {
  const names = async (adminPrincipalArns: string[]) =>
    (await run('dev', { adminPrincipalArns })).resources
      .filter(({ type }) => type === 'aws:eks/accessEntry:AccessEntry')
      .map(({ name, inputs }) => `${name} ${String(inputs['principalArn'])}`);
  const both = await names(ROLES);
  expect(both).toHaveLength(2);
  expect(await names(ROLES.slice(1))).toEqual([both[1]]);
  const done = await run('dev', { adminPrincipalArns: ROLES });
  const policy = done.resources.find(({ type }) => type.endsWith(':AccessPolicyAssociation'));
  expect(policy?.inputs).toMatchObject({
    principalArn: ROLES[0],
    policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy',
    accessScope: { type: 'cluster' },
  });
});

test('without its optional inputs every feature is off and its output empty', async () => {
  const optional = [
    'endpointPublicAccess',
    'publicAccessCidrs',
    'enabledLogTypes',
    'nodeInstanceTypes',
    'nodeDiskGiB',
    'enableSpotNodeGroup',
    'spotInstanceTypes',
    'addonVersions',
    'adminPrincipalArns',
    'logRetentionDays',
  ];
  const done = await run('prod', Object.fromEntries(optional.map((key) => [key, null])));
  expect(done.error).toBeUndefined();
  expect(done.undefinedOutputs).toEqual([]);
  expect(done.outputs).toMatchObject({ spotNodeGroupName: '', clusterSecurityGroupId: 'sg-cluster' });
  expect(resource(done, 'primary-nodes').inputs).not.toHaveProperty('instanceTypes');
});

test.each(['eksClusterRoleArn', 'eksNodeRoleArn', 'eksNodeSecurityGroupId'])(
  '%s that security has switched off is refused with both names (G8)',
  async (key) => {
    const { error, resources } = await run('dev', { [key]: '' });
    expect(error?.message).toBe(
      `services-eks: ${key} = "" is refused: stack security has switched off ${key}, which services-eks needs`,
    );
    expect(resources).toEqual([]);
  },
);

test.each<[string, unknown, Record<string, unknown>?]>([
  ['privateSubnetIds', null],
  ['eksClusterRoleArn', null],
  ['applicationKeyArn', null],
  ['infrastructureKeyArn', null],
  ['kubernetesVersion', null],
  ['kubernetesVersion', '1.30'],
  ['kubernetesVersion', '1.33.1'],
  ['publicAccessCidrs', [], { endpointPublicAccess: true }],
  ['publicAccessCidrs', ['0.0.0.0/0'], { endpointPublicAccess: true }],
  ['publicAccessCidrs', ['198.51.100.1/24'], { endpointPublicAccess: true }],
  ['enabledLogTypes', ['kubelet']],
  ['nodeInstanceTypes', []],
  ['nodeInstanceTypes', Array.from({ length: 11 }, (_, i) => `m5.${i}xlarge`)],
  ['nodeInstanceTypes', ['m5']],
  ['nodeInstanceTypes', ['m5.large', 'm7g.large']],
  ['nodeMinSize', 3],
  ['nodeMinSize', -1],
  ['nodeDesiredSize', 4],
  ['nodeMaxSize', 0],
  ['nodeMaxSize', null],
  ['nodeDiskGiB', 19],
  ['nodeDiskGiB', 1001],
  ['spotInstanceTypes', [], { enableSpotNodeGroup: true }],
  ['addonVersions', { 'metrics-server': 'v1' }],
  ['adminPrincipalArns', ['arn:aws:iam::111111111111:user/me']],
  ['adminPrincipalArns', [ROLES[0], ROLES[0]]],
  ['adminPrincipalArns', Array.from({ length: 11 }, (_, i) => `arn:aws:iam::111111111111:role/r${i}`)],
])('%s = %j is refused before anything is registered', async (key, value, others = {}) => {
  const { error, resources } = await run('dev', { ...others, [key]: value });
  expect(error).toMatchObject({ name: 'InvalidInput', key });
  expect(error?.message).toMatch(new RegExp(`^services-eks: ${key} (=|is missing)`));
  expect(resources).toEqual([]);
});
