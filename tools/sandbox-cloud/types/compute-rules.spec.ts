import { ACCOUNT, aNetwork, SandboxRig, trust } from '../../../test/fakes/sandbox-rig.js';
import { StaticCloudQueries } from '../../../src/modules/orchestrator/placeholders/static.cloud-queries.js';
import type { Properties } from '../provider.port.js';

/** What AWS refuses, and how, in EKS, EC2 launch templates, instance profiles and EC2 Auto Scaling. */
let rig: SandboxRig;
beforeEach(() => {
  rig = new SandboxRig();
});

const refused = (work: Promise<unknown>, code: string, message = ''): Promise<void> =>
  expect(work).rejects.toMatchObject({ name: 'CloudError', code, message: expect.stringContaining(message) as string });

describe('EKS', () => {
  const roleFor = async (name: string, service: string, policies: readonly string[] = []) => {
    const role = await rig.make('role', name, { assumeRolePolicy: trust(service) });
    for (const policy of policies) {
      const policyArn = `arn:aws:iam::aws:policy/${policy}`;
      await rig.make('attachment', policy, { role: role.outputs.name, policyArn });
    }
    return String(role.outputs.arn);
  };
  const aCluster = async (changes: Properties = {}, network: Properties = {}) => {
    const { subnets } = await aNetwork(rig);
    const roleArn = await roleFor('plane', 'eks.amazonaws.com');
    const subnetIds = subnets.map(({ id }) => id);
    const vpcConfig = { subnetIds, ...network };
    const accessConfig = { authenticationMode: 'API' };
    const news = { name: 'shop', version: '1.32', roleArn, vpcConfig, accessConfig, ...changes };
    return { cluster: await rig.make('eksCluster', 'c', news), subnetIds };
  };
  const nodesOf = async (subnetIds: string[], changes: Properties = {}) => ({
    clusterName: 'shop',
    nodeRoleArn: await roleFor('nodes', 'ec2.amazonaws.com', [
      'AmazonEKSWorkerNodePolicy',
      'AmazonEC2ContainerRegistryReadOnly',
    ]),
    subnetIds,
    scalingConfig: { minSize: 1, desiredSize: 1, maxSize: 2 },
    ...changes,
  });

  it('makes clusters with the shapes of AWS', async () => {
    const { cluster } = await aCluster();
    expect(cluster).toMatchObject({
      id: 'shop',
      outputs: {
        arn: `arn:aws:eks:us-east-1:${ACCOUNT}:cluster/shop`,
        status: 'ACTIVE',
        vpcConfig: { endpointPublicAccess: true, publicAccessCidrs: ['0.0.0.0/0'] },
      },
    });
    expect(cluster.outputs.endpoint).toMatch(/^https:\/\/[0-9A-F]{32}\.gr7\.us-east-1\.eks\.amazonaws\.com$/);
    const [identity] = cluster.outputs.identities as { oidcs: { issuer: string }[] }[];
    expect(identity?.oidcs[0]?.issuer).toMatch(/^https:\/\/oidc\.eks\.us-east-1\.amazonaws\.com\/id\/[0-9A-F]{32}$/);
    expect((cluster.outputs.vpcConfig as Properties).clusterSecurityGroupId).toMatch(/^sg-[0-9a-f]{17}$/);
    await refused(rig.make('eksCluster', 'd', cluster.inputs), 'ResourceInUseException', 'with name: shop');
  });

  it.each<[string, Properties, Properties, string]>([
    ['a version out of support', { version: '1.20' }, {}, 'unsupported Kubernetes version 1.20'],
    ['a role that does not exist', { roleArn: `arn:aws:iam::${ACCOUNT}:role/none` }, {}, 'could not be assumed'],
    ['a missing subnet', {}, { subnetIds: ['subnet-1', 'subnet-2'] }, "'subnet-1' does not exist"],
    ['a missing group', {}, { securityGroupIds: ['sg-1'] }, "'sg-1' does not exist"],
    ['no endpoint at all', {}, { endpointPublicAccess: false }, 'cannot both be disabled'],
    [
      'a missing key',
      { encryptionConfig: { provider: { keyArn: 'arn:aws:kms:us-east-1:1:key/k' }, resources: ['secrets'] } },
      {},
      'KeyArn in encryptionConfig',
    ],
  ])('refuses %s', async (_, changes, network, message) => {
    await refused(aCluster(changes, network), 'InvalidParameterException', message);
  });

  it('refuses one zone, and a role that trusts another service', async () => {
    const { subnets } = await aNetwork(rig, ['a']);
    const vpcConfig = { subnetIds: subnets.map(({ id }) => id) };
    const roleArn = await roleFor('plane', 'eks.amazonaws.com');
    await refused(
      rig.make('eksCluster', 'c', { roleArn, vpcConfig }),
      'InvalidParameterException',
      'two different AZs',
    );
    const wrong = await roleFor('wrong', 'ec2.amazonaws.com');
    await refused(
      rig.make('eksCluster', 'c', { roleArn: wrong, vpcConfig }),
      'InvalidParameterException',
      'trusted entity',
    );
  });

  it.each([
    ['1.34', 'Unsupported Kubernetes minor version update from 1.32 to 1.34'],
    ['1.31', 'Unsupported Kubernetes minor version update from 1.32 to 1.31'],
  ])('moves by one minor version up: not to %s', async (version, message) => {
    const { cluster } = await aCluster();
    await refused(rig.update(cluster, { ...cluster.inputs, version }), 'InvalidParameterException', message);
    const next = await rig.update(cluster, { ...cluster.inputs, version: '1.33' });
    expect(next.outputs).toMatchObject({ version: '1.33', endpoint: cluster.outputs.endpoint });
    const accessConfig = { authenticationMode: 'CONFIG_MAP' };
    await refused(
      rig.update(next, { ...next.inputs, accessConfig }),
      'InvalidParameterException',
      'authentication mode',
    );
  });

  it('keeps a cluster with nodes and a protected one; add-ons and entries go with it', async () => {
    const { cluster, subnetIds } = await aCluster({ deletionProtection: true });
    const nodes = await rig.make('nodeGroup', 'n', await nodesOf(subnetIds));
    expect(nodes.id).toMatch(/^shop:n-[0-9a-f]{7}$/);
    expect(nodes.outputs).toMatchObject({ version: '1.32', amiType: 'AL2023_x86_64_STANDARD', status: 'ACTIVE' });
    const addon = await rig.make('addon', 'dns', { clusterName: 'shop', addonName: 'coredns' });
    expect(addon.outputs.addonVersion).toMatch(/^v1\.11\.\d+-eksbuild\.\d+$/);
    const principalArn = `arn:aws:iam::${ACCOUNT}:role/ops`;
    await rig.make('accessEntry', 'e', { clusterName: 'shop', principalArn });
    await refused(rig.provider.delete(cluster), 'ResourceInUseException', 'Cluster has nodegroups attached');
    await rig.provider.delete(nodes);
    await refused(rig.provider.delete(cluster), 'InvalidRequestException', 'deletion protection');
    await rig.provider.delete(await rig.update(cluster, { ...cluster.inputs, deletionProtection: false }));
    expect(await rig.inventory({ type: addon.type })).toEqual([]);
    expect(await rig.inventory({ type: 'aws:eks/accessEntry:AccessEntry' })).toEqual([]);
  });

  it('nodes need a role that lets them join, a version of the cluster, and one place for disk and type', async () => {
    const { subnetIds } = await aCluster();
    const good = await nodesOf(subnetIds);
    const bare = await roleFor('bare', 'ec2.amazonaws.com');
    await refused(
      rig.make('nodeGroup', 'n', { ...good, nodeRoleArn: bare }),
      'NodeCreationFailure',
      'failed to join the kubernetes cluster',
    );
    await refused(
      rig.make('nodeGroup', 'n', { ...good, version: '1.33' }),
      'InvalidParameterException',
      'greater than the cluster version',
    );
    await refused(rig.make('nodeGroup', 'n', { ...good, clusterName: 'none' }), 'ResourceNotFoundException', 'none');
    const template = await rig.make('launchTemplate', 't', { instanceType: 't3.large' });
    const launchTemplate = { id: template.id, version: '1' };
    for (const extra of [{ diskSize: 50 }, { instanceTypes: ['t3.medium'] }]) {
      await refused(rig.make('nodeGroup', 'n', { ...good, launchTemplate, ...extra }), 'InvalidParameterException');
    }
    expect((await rig.failures('nodeGroup', { ...good, launchTemplate, remoteAccess: {} }))[0]).toContain('conflicts');
    const scalingConfig = { minSize: 2, desiredSize: 1, maxSize: 2 };
    expect((await rig.failures('nodeGroup', { ...good, scalingConfig }))[0]).toContain("Minimum capacity 2 can't be");
  });

  it('add-ons exist once, by name, and some only beside nodes', async () => {
    await aCluster();
    const addon = (addonName: string, changes: Properties = {}) =>
      rig.make('addon', addonName, { clusterName: 'shop', addonName, ...changes });
    await addon('vpc-cni');
    await refused(rig.make('addon', 'again', { clusterName: 'shop', addonName: 'vpc-cni' }), 'ResourceInUseException');
    await refused(addon('dashboard'), 'InvalidParameterException', 'Addon specified is not supported');
    await refused(addon('kube-proxy', { addonVersion: 'latest' }), 'InvalidParameterException', 'version specified');
    await refused(addon('coredns'), 'InsufficientNumberOfReplicas', 'no nodes available');
  });

  it('access needs the API mode, an entry before its policy, and each principal once', async () => {
    await aCluster();
    const entry = { clusterName: 'shop', principalArn: `arn:aws:iam::${ACCOUNT}:role/ops` };
    const admin = {
      ...entry,
      policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy',
      accessScope: { type: 'cluster' },
    };
    await refused(rig.make('accessPolicy', 'p', admin), 'ResourceNotFoundException');
    await rig.make('accessEntry', 'e', entry);
    await refused(rig.make('accessEntry', 'f', entry), 'ResourceInUseException', 'already in use on this cluster');
    await expect(rig.make('accessPolicy', 'p', admin)).resolves.toBeDefined();
    rig = new SandboxRig();
    await aCluster({ accessConfig: { authenticationMode: 'CONFIG_MAP' } });
    await refused(rig.make('accessEntry', 'e', entry), 'InvalidRequestException', 'authentication mode');
  });

  it('an issuer is known to an account once', async () => {
    const news = { url: 'https://oidc.example.com/id/1', clientIdLists: ['sts.amazonaws.com'] };
    const provider = await rig.make('oidcProvider', 'o', news);
    expect(provider.id).toBe(`arn:aws:iam::${ACCOUNT}:oidc-provider/oidc.example.com/id/1`);
    await refused(rig.make('oidcProvider', 'p', news), 'EntityAlreadyExists');
  });
});

describe('launch templates and instance profiles', () => {
  it('a change makes a version, tags do not, and a preview does not know it', async () => {
    const news = { imageId: 'ami-0123456789abcdef0', instanceType: 't3.micro', updateDefaultVersion: true };
    const made = await rig.make('launchTemplate', 't', news);
    expect(made.id).toMatch(/^lt-[0-9a-f]{17}$/);
    expect(made.outputs).toMatchObject({ latestVersion: 1, defaultVersion: 1 });
    const tagged = await rig.update(made, { ...made.inputs, tags: { a: 'b' } });
    expect(tagged.outputs).toMatchObject({ latestVersion: 1, defaultVersion: 1 });
    const next = await rig.update(tagged, { ...tagged.inputs, instanceType: 't3.small' });
    expect(next.outputs).toMatchObject({ latestVersion: 2, defaultVersion: 2 });
    const { outputs } = await rig.provider.update({
      ...next,
      oldInputs: next.inputs,
      oldOutputs: next.outputs,
      news: { ...next.inputs, instanceType: 't3.large' },
      preview: true,
    });
    expect(outputs.latestVersion).not.toBe(2);
  });

  it.each([
    [{ imageId: 'amazon-linux' }, 'imageId: expected the id of an image'],
    [{ userData: 'echo "not base64"' }, 'userData: expected base64'],
    [{ userData: Buffer.alloc(16_385).toString('base64') }, 'userData: user data is limited to 16384 bytes'],
    [{ metadataOptions: { httpPutResponseHopLimit: 65 } }, 'metadataOptions: expected httpPutResponseHopLimit'],
    [{ blockDeviceMappings: [{ ebs: { kmsKeyId: 'k' } }] }, 'blockDeviceMappings: ebs.kmsKeyId needs'],
    [{ defaultVersion: 1, updateDefaultVersion: true }, 'defaultVersion: "defaultVersion": conflicts'],
  ])('%j: %s', async (news, expected) => {
    expect((await rig.failures('launchTemplate', news))[0]).toContain(expected);
  });

  it('profiles have names of their own and hold their role', async () => {
    const role = await rig.make('role', 'r', { assumeRolePolicy: trust('ec2.amazonaws.com') });
    const profile = await rig.make('instanceProfile', 'p', { name: 'web', role: role.outputs.name });
    expect(profile.outputs.arn).toBe(`arn:aws:iam::${ACCOUNT}:instance-profile/web`);
    await refused(rig.make('instanceProfile', 'q', { name: 'web' }), 'EntityAlreadyExists', 'Instance Profile web');
    await refused(rig.provider.delete(role), 'DeleteConflict');
    await rig.provider.delete(profile);
    await rig.provider.delete(role);
  });
});

describe('EC2 Auto Scaling', () => {
  const aGroup = async (changes: Properties = {}, template: Properties = {}) => {
    const { subnet } = await aNetwork(rig, ['a']);
    const news = { imageId: 'ami-0123456789abcdef0', instanceType: 't3.micro', ...template };
    const { id } = await rig.make('launchTemplate', 't', news);
    return rig.make('asg', 'g', {
      name: 'web',
      minSize: 1,
      maxSize: 3,
      desiredCapacity: 1,
      vpcZoneIdentifiers: [subnet.id],
      launchTemplate: { id, version: '1' },
      ...changes,
    });
  };

  it('makes groups in the zones of their subnets, which stay while they are there', async () => {
    const group = await aGroup();
    expect(group).toMatchObject({
      id: 'web',
      outputs: { availabilityZones: ['us-east-1a'], desiredCapacity: 1, healthCheckType: 'EC2' },
    });
    expect(group.outputs.arn).toMatch(
      new RegExp(`^arn:aws:autoscaling:us-east-1:${ACCOUNT}:autoScalingGroup:[0-9a-f-]{36}:autoScalingGroupName/web$`),
    );
    await refused(rig.make('asg', 'h', group.inputs), 'AlreadyExists', 'with the name web already exists');
    const [subnet] = await rig.inventory({ type: 'aws:ec2/subnet:Subnet' });
    await refused(rig.provider.delete({ ...subnet!, outputs: subnet!.properties }), 'DependencyViolation');
  });

  it('new bounds move the capacity; asked for outside of them it is refused', async () => {
    const group = await aGroup();
    const grown = await rig.update(group, { ...group.inputs, minSize: 2 });
    expect(grown.outputs.desiredCapacity).toBe(2);
    await refused(
      rig.update(grown, { ...grown.inputs, desiredCapacity: 9 }),
      'ValidationError',
      'Desired capacity:9 must be between the specified min size:2 and max size:3',
    );
    await refused(rig.update(grown, { ...grown.inputs, maxSize: 1 }), 'ValidationError', 'Max bound, 1');
  });

  it.each<[string, Properties, Properties, string]>([
    ['without an image', {}, { imageId: null }, 'must contain the parameter ImageId'],
    ['without a type', {}, { instanceType: null }, 'must contain the parameter InstanceType'],
    ['of a missing template', { launchTemplate: { id: 'lt-1' } }, {}, 'does not exist'],
    ['in a missing subnet', { vpcZoneIdentifiers: ['subnet-1'] }, {}, "'subnet-1' does not exist"],
    ['for a missing target group', { targetGroupArns: ['arn:none'] }, {}, 'Target Groups may not be valid'],
  ])('refuses a group %s', async (_, changes, template, message) => {
    await refused(aGroup(changes, template), 'ValidationError', message);
  });

  it('refuses instances in security groups of another network', async () => {
    const other = await rig.make('vpc', 'other', { cidrBlock: '10.9.0.0/16' });
    const { id } = await rig.make('group', 'far', { vpcId: other.id });
    await refused(aGroup({}, { vpcSecurityGroupIds: [id] }), 'ValidationError', 'belong to different networks');
  });

  it('policies belong to their group: the name is free in another one, and they go with it', async () => {
    const group = await aGroup();
    const second = await rig.make('asg', 'h', { ...group.inputs, name: 'worker' });
    const policy = (autoscalingGroupName: string) => ({
      name: 'cpu',
      autoscalingGroupName,
      policyType: 'TargetTrackingScaling',
      targetTrackingConfiguration: { targetValue: 70 },
    });
    for (const name of ['web', 'worker']) await rig.make('asgPolicy', name, policy(name));
    await refused(rig.make('asgPolicy', 'x', policy('none')), 'ValidationError', "'none' not found");
    expect((await rig.failures('asgPolicy', { autoscalingGroupName: 'web' }))[0]).toContain('scalingAdjustment');
    for (const made of [group, second]) await rig.provider.delete(made);
    expect(await rig.inventory({ type: 'aws:autoscaling/policy:Policy' })).toEqual([]);
  });
});

describe('the look-up of images', () => {
  const lookUp = async (args: Properties) =>
    (await rig.provider.invoke({ token: 'aws:ec2/getAmi:getAmi', args })).result;
  const named = (name: string) => ({ filters: [{ name: 'name', values: [name] }] });

  it('finds the image that the placeholder latestAmiId gives', async () => {
    const queries = new StaticCloudQueries({
      parameters: async () => ({ ssm: {}, secrets: {} }),
      inventory: async () => ({ resources: [] }),
    });
    const place = { organization: 'acme', account: ACCOUNT, region: 'us-east-1' };
    const { value } = await queries.latestImage(place, 'amazonLinux2023', 'arm64');
    const found = await lookUp({ ...named('al2023-ami-2023.*-arm64'), owners: ['amazon'], mostRecent: true });
    expect(found).toMatchObject({ id: value, architecture: 'arm64', arn: `arn:aws:ec2:us-east-1::image/${value}` });
  });

  it('takes the newest on request, and refuses several, none and a filter that there is none of', async () => {
    expect(await lookUp({ owners: ['amazon'], mostRecent: true })).toHaveProperty(
      'description',
      'Amazon Linux 2023 AMI',
    );
    await refused(lookUp({ owners: ['amazon'] }), 'AmbiguousImage', 'more than one result');
    await refused(lookUp(named('windows-*')), 'InvalidAMIID.NotFound', 'no results');
    await refused(lookUp({ filters: [{ name: 'colour', values: ['red'] }] }), 'InvalidParameterValue', "'colour'");
  });
});
