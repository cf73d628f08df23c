import type { CloudResource } from '../account-store.port.js';
import { hex, uuid } from '../identities.js';
import { flag, json, list, number, object, oneOf, pattern, setOf, text } from '../inputs.js';
import { type CheckFailure, CloudError, type Properties } from '../provider.port.js';
import {
  claimOf,
  type GuardContext,
  needText,
  type Place,
  type Reference,
  type ResourceSpec,
  textOf,
  textsOf,
} from '../resource-spec.js';
import { ec2Reference } from './ec2.js';
import { roleReference } from './iam.js';
import { launchTemplateReference } from './instances.js';
import { keyReference } from './kms.js';
import { roleTrusts } from './role-permissions.js';

/** Source of quotas: "Amazon EKS service quotas" of the EKS user guide, defaults. */
const CLUSTERS_PER_REGION = 100;
const NODE_GROUPS_PER_CLUSTER = 30;
const NODES_PER_GROUP = 450;

/** Kubernetes versions on offer, oldest first; a cluster that names none gets `DEFAULT_VERSION`. */
const VERSIONS = ['1.30', '1.31', '1.32', '1.33', '1.34', '1.35'];
const DEFAULT_VERSION = '1.34';

/** Add-ons on offer and the version that a cluster of 1.33 gets; others differ in the minor alone. */
const ADDONS: Readonly<Record<string, (minor: number) => string>> = {
  'vpc-cni': () => 'v1.20.4-eksbuild.2',
  'kube-proxy': (minor) => `v1.${minor}.3-eksbuild.4`,
  coredns: (minor) => `v1.${minor - 21}.2-eksbuild.4`,
  'aws-ebs-csi-driver': () => 'v1.51.0-eksbuild.1',
  'aws-efs-csi-driver': () => 'v2.1.13-eksbuild.1',
  'eks-pod-identity-agent': () => 'v1.3.9-eksbuild.3',
  'metrics-server': () => 'v0.8.0-eksbuild.2',
  'snapshot-controller': () => 'v8.3.0-eksbuild.1',
  'amazon-cloudwatch-observability': () => 'v4.5.0-eksbuild.1',
};

/** Add-ons whose pods need a node: they stay degraded, and their creation ends in an error, while there is none. */
const NEEDS_NODES = ['coredns', 'metrics-server', 'snapshot-controller'];

const LOG_TYPES = ['api', 'audit', 'authenticator', 'controllerManager', 'scheduler'];
const AUTHENTICATION_MODES = ['CONFIG_MAP', 'API_AND_CONFIG_MAP', 'API'];
const NODE_POLICIES = ['AmazonEKSWorkerNodePolicy', 'AmazonEC2ContainerRegistryReadOnly'];

const invalid = (message: string): CloudError => new CloudError('InvalidParameterException', message);

export const EKS_CLUSTER: ResourceSpec = {
  type: 'aws:eks/cluster:Cluster',
  kind: 'eks-cluster',
  taggable: true,
  seconds: { create: 540, update: 180, delete: 150 },
  autoName: { maxLength: 100 },
  inputs: {
    accessConfig: object({ computed: true, check: accessMode }),
    bootstrapSelfManagedAddons: flag({ default: true, replaces: true }),
    computeConfig: object(),
    controlPlaneScalingConfig: object({ computed: true }),
    defaultAddonsToRemoves: list(),
    deletionProtection: flag({ computed: true }),
    enabledClusterLogTypes: setOf({
      check: (types) =>
        textsOf(types)
          .map((type) => oneOf(...LOG_TYPES)(type))
          .find((reason) => reason),
    }),
    encryptionConfig: object({ replaces: true }),
    forceUpdateVersion: flag(),
    kubeApiServerConfig: object(),
    kubeControllerManagerConfig: object(),
    kubeSchedulerConfig: object(),
    kubernetesNetworkConfig: object({ computed: true, replaces: true }),
    name: text({
      computed: true,
      replaces: true,
      check: pattern(/^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/, 'expected 1 to 100 letters, digits, - and _'),
    }),
    outpostConfig: object({ replaces: true }),
    remoteNetworkConfig: object(),
    roleArn: text({
      required: true,
      replaces: true,
      check: pattern(/^arn:aws:iam::\d{12}:role\//, 'expected the ARN of a role'),
    }),
    storageConfig: object(),
    upgradePolicy: object({ computed: true }),
    version: text({ computed: true }),
    vpcConfig: object({ required: true }),
    zonalShiftConfig: object(),
  },
  outputs: [
    'arn',
    'certificateAuthority',
    'clusterId',
    'createdAt',
    'endpoint',
    'identities',
    'platformVersion',
    'status',
  ],
  validate: ({ vpcConfig }) => {
    const ids = (vpcConfig as Properties | undefined)?.subnetIds;
    return vpcConfig !== undefined && typeof vpcConfig === 'object' && ids === undefined
      ? [{ property: 'vpcConfig', reason: 'Missing required argument "vpcConfig.subnetIds"' }]
      : [];
  },
  id: ({ inputs }) => needText(inputs, 'name'),
  arn: ({ region, account, id }) => `arn:aws:eks:${region}:${account}:cluster/${id}`,
  compute: ({ inputs, refs, seed, region, createdAt }) => {
    const version = textOf(inputs.version) ?? DEFAULT_VERSION;
    const identity = hex(`${seed}|oidc`, 32).toUpperCase();
    const vpcConfig = inputs.vpcConfig as Properties;
    const isPublic = vpcConfig.endpointPublicAccess ?? true;
    return {
      accessConfig: {
        authenticationMode: 'CONFIG_MAP',
        bootstrapClusterCreatorAdminPermissions: true,
        ...(inputs.accessConfig as Properties | undefined),
      },
      certificateAuthority: { data: Buffer.from(`certificate authority of ${identity}`).toString('base64') },
      clusterId: '',
      controlPlaneScalingConfig: inputs.controlPlaneScalingConfig ?? { tier: 'standard' },
      createdAt: createdAt.toISOString(),
      deletionProtection: inputs.deletionProtection ?? false,
      endpoint: `https://${hex(`${seed}|endpoint`, 32).toUpperCase()}.gr7.${region}.eks.amazonaws.com`,
      identities: [{ oidcs: [{ issuer: `https://oidc.eks.${region}.amazonaws.com/id/${identity}` }] }],
      kubernetesNetworkConfig: inputs.kubernetesNetworkConfig ?? {
        elasticLoadBalancing: { enabled: false },
        ipFamily: 'ipv4',
        serviceIpv4Cidr: '172.20.0.0/16',
        serviceIpv6Cidr: '',
      },
      platformVersion: 'eks.12',
      status: 'ACTIVE',
      upgradePolicy: inputs.upgradePolicy ?? { supportType: 'EXTENDED' },
      version,
      vpcConfig: {
        controlPlaneEgressMode: 'AWS_MANAGED',
        endpointPrivateAccess: false,
        securityGroupIds: [],
        ...vpcConfig,
        endpointPublicAccess: isPublic,
        publicAccessCidrs: vpcConfig.publicAccessCidrs ?? (isPublic ? ['0.0.0.0/0'] : []),
        clusterSecurityGroupId: clusterGroupId(seed),
        vpcId: refs['subnet[0]']?.inputs.vpcId ?? '',
      },
    };
  },
  implicitClaims: ({ region, seed }) => [claimOf(region, 'sg', clusterGroupId(seed))],
  references: (inputs, place) => {
    const { subnetIds, securityGroupIds } = (inputs.vpcConfig ?? {}) as Properties;
    const provider = ((inputs.encryptionConfig as Properties | undefined)?.provider ?? {}) as Properties;
    const key = textOf(provider.keyArn);
    return {
      role: roleReference(inputs.roleArn, 'ignore', notAssumable(inputs.roleArn)),
      key: keyReference(key, place, 'ignore', invalid(`KeyArn in encryptionConfig provider, ${key}, is invalid`)),
      ...inNetwork('subnet', place, subnetIds, (id) => `The subnet ID '${id}' does not exist`),
      ...inNetwork('sg', place, securityGroupIds, (id) => `The security group '${id}' does not exist`),
    };
  },
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'eks-cluster', String(inputs.name)),
      taken: () => new CloudError('ResourceInUseException', `Cluster already exists with name: ${String(inputs.name)}`),
    },
  ],
  quotas: (_inputs, { region }) => [
    {
      limit: CLUSTERS_PER_REGION,
      query: { type: 'aws:eks/cluster:Cluster', region },
      error: new CloudError('ResourceLimitExceededException', 'Cluster limit exceeded for account.'),
    },
  ],
  guard: async (context) => {
    const { inputs, refs } = context;
    if (refs.role && !roleTrusts(refs.role, 'eks.amazonaws.com')) throw notAssumable(inputs.roleArn);
    assertZones(refs);
    const { endpointPrivateAccess = false, endpointPublicAccess = true } = inputs.vpcConfig as Properties;
    if (endpointPrivateAccess !== true && endpointPublicAccess !== true) {
      throw invalid('Private and public endpoint access cannot both be disabled.');
    }
    const version = textOf(inputs.version);
    if (version && !VERSIONS.includes(version)) throw invalid(`unsupported Kubernetes version ${version}`);
    await assertClusterUpdate(context);
  },
  guardDelete: ({ id, properties }) => {
    if (properties.deletionProtection === true) {
      throw new CloudError(
        'InvalidRequestException',
        `Cluster ${id} cannot be deleted while deletion protection is enabled.`,
      );
    }
    return Promise.resolve();
  },
  notFound: noCluster,
  inUse: () => new CloudError('ResourceInUseException', 'Cluster has nodegroups attached'),
};

export const NODE_GROUP: ResourceSpec = {
  type: 'aws:eks/nodeGroup:NodeGroup',
  kind: 'eks-node-group',
  taggable: true,
  seconds: { create: 120, update: 180, delete: 150 },
  autoName: { maxLength: 63, input: 'nodeGroupName' },
  inputs: {
    amiType: text({ computed: true, replaces: true }),
    capacityType: text({ computed: true, replaces: true, check: oneOf('ON_DEMAND', 'SPOT', 'CAPACITY_BLOCK') }),
    clusterName: text({ required: true, replaces: true }),
    diskSize: number({ computed: true, replaces: true }),
    forceUpdateVersion: flag(),
    instanceTypes: list({ computed: true, replaces: true }),
    labels: { kind: 'map' },
    launchTemplate: object(),
    nodeGroupName: text({
      computed: true,
      replaces: true,
      check: pattern(/^[0-9A-Za-z][A-Za-z0-9_-]{0,62}$/, 'expected 1 to 63 letters, digits, - and _'),
    }),
    nodeGroupNamePrefix: text({ computed: true, replaces: true }),
    nodeRepairConfig: object({ computed: true }),
    nodeRoleArn: text({ required: true, replaces: true }),
    releaseVersion: text({ computed: true }),
    remoteAccess: object({ replaces: true }),
    scalingConfig: object({ required: true, check: sizes }),
    subnetIds: setOf({ required: true, replaces: true }),
    taints: setOf(),
    updateConfig: object({ computed: true }),
    version: text({ computed: true }),
    warmPoolConfig: object(),
  },
  outputs: ['arn', 'resources', 'status'],
  validate: (inputs) => {
    const failures: CheckFailure[] = [];
    if (inputs.launchTemplate !== undefined && inputs.remoteAccess !== undefined) {
      failures.push({ property: 'remoteAccess', reason: '"remoteAccess": conflicts with launchTemplate' });
    }
    return failures;
  },
  id: ({ inputs }) => `${needText(inputs, 'clusterName')}:${needText(inputs, 'nodeGroupName')}`,
  arn: ({ inputs, seed, region, account }) =>
    `arn:aws:eks:${region}:${account}:nodegroup/${String(inputs.clusterName)}/${needText(inputs, 'nodeGroupName')}/${uuid(`${seed}|group`)}`,
  compute: ({ inputs, refs, seed }) => {
    const version = textOf(inputs.version) ?? textOf(refs.cluster?.properties.version) ?? DEFAULT_VERSION;
    const own = needText(inputs, 'nodeGroupName');
    return {
      amiType: inputs.amiType ?? 'AL2023_x86_64_STANDARD',
      capacityType: inputs.capacityType ?? 'ON_DEMAND',
      diskSize: inputs.diskSize ?? (inputs.launchTemplate === undefined ? 20 : 0),
      instanceTypes: inputs.instanceTypes ?? ['t3.medium'],
      launchTemplate: launchTemplateOf(inputs, refs.template),
      nodeGroupNamePrefix: inputs.nodeGroupNamePrefix ?? '',
      nodeRepairConfig: inputs.nodeRepairConfig ?? { enabled: false },
      releaseVersion: inputs.releaseVersion ?? `${version}.5-20251209`,
      resources: [
        {
          autoscalingGroups: [{ name: `eks-${own}-${uuid(`${seed}|group`)}` }],
          remoteAccessSecurityGroupId: '',
        },
      ],
      status: 'ACTIVE',
      updateConfig: inputs.updateConfig ?? { maxUnavailable: 1 },
      version,
    };
  },
  references: (inputs, place) => ({
    cluster: clusterReference(inputs.clusterName, place, 'refuse'),
    role: roleReference(inputs.nodeRoleArn, 'ignore', notAssumable(inputs.nodeRoleArn)),
    template: launchTemplateReference(inputs.launchTemplate, place, 'ignore'),
    ...inNetwork('subnet', place, inputs.subnetIds, (id) => `The subnet ID '${id}' does not exist`),
  }),
  claims: ({ inputs, region }) => {
    const [name, cluster] = [String(inputs.nodeGroupName), String(inputs.clusterName)];
    const taken = (): CloudError =>
      new CloudError(
        'ResourceInUseException',
        `NodeGroup already exists with name ${name} and cluster name ${cluster}`,
      );
    return [{ value: claimOf(region, 'eks-node-group', `${cluster}:${name}`), taken }];
  },
  quotas: ({ clusterName }, { region }) => [
    {
      limit: NODE_GROUPS_PER_CLUSTER,
      query: { type: 'aws:eks/nodeGroup:NodeGroup', region, ref: claimOf(region, 'eks-cluster', String(clusterName)) },
      error: new CloudError('ResourceLimitExceededException', 'Maximum number of managed node groups exceeded.'),
    },
  ],
  guard: async (context) => {
    const { inputs, refs } = context;
    if (refs.role && !roleTrusts(refs.role, 'ec2.amazonaws.com')) throw notAssumable(inputs.nodeRoleArn);
    await assertNodePolicies(context);
    assertTemplate(context);
    await assertNodeVersion(context);
  },
  notFound: (id) => new CloudError('ResourceNotFoundException', `No node group found for name: ${id.split(':')[1]}.`),
};

export const ADDON: ResourceSpec = {
  type: 'aws:eks/addon:Addon',
  kind: 'eks-addon',
  taggable: true,
  seconds: { create: 30, update: 30, delete: 20 },
  inputs: {
    addonName: text({ required: true, replaces: true }),
    addonVersion: text({ computed: true }),
    clusterName: text({ required: true, replaces: true }),
    configurationValues: json({ computed: true }),
    namespaceConfig: object({ computed: true, replaces: true }),
    podIdentityAssociations: setOf(),
    preserve: flag(),
    resolveConflictsOnCreate: text({ check: oneOf('NONE', 'OVERWRITE') }),
    resolveConflictsOnUpdate: text({ check: oneOf('NONE', 'OVERWRITE', 'PRESERVE') }),
    serviceAccountRoleArn: text(),
  },
  outputs: ['arn', 'createdAt', 'modifiedAt'],
  id: ({ inputs }) => `${needText(inputs, 'clusterName')}:${needText(inputs, 'addonName')}`,
  arn: ({ inputs, seed, region, account }) =>
    `arn:aws:eks:${region}:${account}:addon/${String(inputs.clusterName)}/${String(inputs.addonName)}/${uuid(seed)}`,
  compute: ({ inputs, refs, createdAt }) => ({
    addonVersion: inputs.addonVersion ?? defaultVersion(String(inputs.addonName), refs.cluster),
    configurationValues: inputs.configurationValues ?? '',
    createdAt: createdAt.toISOString(),
    modifiedAt: createdAt.toISOString(),
    namespaceConfig: inputs.namespaceConfig ?? { namespace: 'kube-system' },
  }),
  references: (inputs, place) => ({
    cluster: clusterReference(inputs.clusterName, place, 'cascade'),
    role: roleReference(
      inputs.serviceAccountRoleArn,
      'ignore',
      invalid(`Role with arn: ${String(inputs.serviceAccountRoleArn)} does not exist`),
    ),
  }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'eks-addon', `${String(inputs.clusterName)}:${String(inputs.addonName)}`),
      taken: () => new CloudError('ResourceInUseException', 'Addon already exists.'),
    },
  ],
  guard: async ({ inputs, refs, region, cloud }) => {
    const addon = needText(inputs, 'addonName');
    const version = textOf(inputs.addonVersion);
    const known = ADDONS[addon];
    if (!known || (version && !/^v\d+\.\d+\.\d+-eksbuild\.\d+$/.test(version))) {
      throw invalid(known ? 'Addon version specified is not supported' : 'Addon specified is not supported');
    }
    if (!NEEDS_NODES.includes(addon)) return;
    const nodes = await cloud.find({
      type: NODE_GROUP.type,
      ref: claimOf(region, 'eks-cluster', String(refs.cluster?.id)),
    });
    if (nodes.length === 0) {
      throw new CloudError(
        'InsufficientNumberOfReplicas',
        'The add-on is unhealthy because all deployments have all pods unscheduled no nodes available to schedule pods',
      );
    }
  },
  notFound: (id) => new CloudError('ResourceNotFoundException', `No addon: ${id.split(':')[1]} found in cluster`),
};

export const ACCESS_ENTRY: ResourceSpec = {
  type: 'aws:eks/accessEntry:AccessEntry',
  kind: 'eks-access-entry',
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    clusterName: text({ required: true, replaces: true }),
    kubernetesGroups: setOf({ computed: true }),
    principalArn: text({
      required: true,
      replaces: true,
      check: pattern(/^arn:aws:iam::\d{12}:(role|user)\/.+$/, 'expected the ARN of an IAM principal'),
    }),
    type: text({
      default: 'STANDARD',
      replaces: true,
      check: oneOf('STANDARD', 'EC2_LINUX', 'EC2_WINDOWS', 'EC2', 'FARGATE_LINUX', 'HYBRID_LINUX', 'HYPERPOD_LINUX'),
    }),
    userName: text({ computed: true }),
  },
  outputs: ['accessEntryArn', 'createdAt', 'modifiedAt'],
  id: entryId,
  compute: ({ inputs, seed, region, account, createdAt }) => {
    const principal = String(inputs.principalArn);
    const [, owner = '', kind = ''] = /^arn:aws:iam::(\d{12}):(role|user)\//.exec(principal) ?? [];
    const name = principal.split('/').pop() ?? '';
    return {
      accessEntryArn: `arn:aws:eks:${region}:${account}:access-entry/${String(inputs.clusterName)}/${kind}/${owner}/${name}/${uuid(seed)}`,
      createdAt: createdAt.toISOString(),
      kubernetesGroups: inputs.kubernetesGroups ?? [],
      modifiedAt: createdAt.toISOString(),
      userName:
        inputs.userName ?? (kind === 'role' ? `arn:aws:sts::${owner}:assumed-role/${name}/{{SessionName}}` : principal),
    };
  },
  references: (inputs, place) => ({ cluster: clusterReference(inputs.clusterName, place, 'cascade') }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'eks-access-entry', entryId({ inputs })),
      taken: () =>
        new CloudError(
          'ResourceInUseException',
          'The specified access entry resource is already in use on this cluster.',
        ),
    },
  ],
  guard: ({ refs }) => {
    if (modeOf(refs.cluster) === 'CONFIG_MAP') {
      throw new CloudError(
        'InvalidRequestException',
        "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
      );
    }
  },
  notFound: noEntry,
};

export const ACCESS_POLICY_ASSOCIATION: ResourceSpec = {
  type: 'aws:eks/accessPolicyAssociation:AccessPolicyAssociation',
  kind: 'eks-access-policy',
  seconds: { create: 1, delete: 1 },
  inputs: {
    accessScope: object({ required: true, replaces: true }),
    clusterName: text({ required: true, replaces: true }),
    policyArn: text({
      required: true,
      replaces: true,
      check: pattern(
        /^arn:aws:eks::aws:cluster-access-policy\/AmazonEKS\w+Policy$/,
        'expected the ARN of an EKS access policy',
      ),
    }),
    principalArn: text({ required: true, replaces: true }),
  },
  outputs: ['associatedAt', 'modifiedAt'],
  id: ({ inputs }) => `${entryId({ inputs }).replace(':', '#')}#${needText(inputs, 'policyArn')}`,
  compute: ({ createdAt }) => ({ associatedAt: createdAt.toISOString(), modifiedAt: createdAt.toISOString() }),
  references: (inputs, { region }) => ({
    entry: {
      claim: claimOf(region, 'eks-access-entry', entryId({ inputs })),
      onDelete: 'cascade',
      missing: noEntry(entryId({ inputs })),
    },
  }),
  notFound: noEntry,
};

/** A cluster by name. */
function clusterReference(
  clusterName: unknown,
  { region }: Place,
  onDelete: Reference['onDelete'],
): Reference | undefined {
  const name = textOf(clusterName);
  return name === undefined
    ? undefined
    : { claim: claimOf(region, 'eks-cluster', name), onDelete, missing: noCluster(name) };
}

/** Interfaces of EKS in subnets and groups: neither goes while they are there. */
function inNetwork(
  kind: 'subnet' | 'sg',
  { region }: Place,
  ids: unknown,
  message: (id: string) => string,
): Record<string, Reference | undefined> {
  return Object.fromEntries(
    textsOf(ids).map((id, i) => {
      const reference = ec2Reference(kind, region, id, 'refuse');
      return [`${kind}[${i}]`, reference && { ...reference, missing: invalid(message(id)) }];
    }),
  );
}

function assertZones(refs: GuardContext['refs']): void {
  const subnets = Object.entries(refs).flatMap(([name, subnet]) =>
    name.startsWith('subnet[') && subnet ? [subnet] : [],
  );
  if (new Set(subnets.map(({ properties }) => properties.availabilityZone)).size < 2) {
    throw invalid('Subnets specified must be in at least two different AZs');
  }
  if (new Set(subnets.map(({ inputs }) => inputs.vpcId)).size > 1) {
    throw invalid('Subnets specified must belong to the same VPC');
  }
}

/** One minor step up at a time, and no way back to the older authentication modes. */
async function assertClusterUpdate({ inputs, cloud, self }: GuardContext): Promise<void> {
  const [current] = self ? await cloud.findByClaims([self]) : [];
  if (!current) return;
  const [before, after] = [String(current.properties.version), textOf(inputs.version)];
  if (after && ![0, 1].includes(VERSIONS.indexOf(after) - VERSIONS.indexOf(before))) {
    throw invalid(`Unsupported Kubernetes minor version update from ${before} to ${after}`);
  }
  const next = textOf((inputs.accessConfig as Properties | undefined)?.authenticationMode);
  const mode = modeOf(current);
  if (next && AUTHENTICATION_MODES.indexOf(next) < AUTHENTICATION_MODES.indexOf(mode)) {
    throw invalid(`Unsupported authentication mode update from ${mode} to ${next}`);
  }
}

/** Without them the nodes never join. */
async function assertNodePolicies({ inputs, cloud }: GuardContext): Promise<void> {
  const reference = roleReference(inputs.nodeRoleArn, 'ignore');
  if (!reference) return;
  const attached = await cloud.find({
    type: 'aws:iam/rolePolicyAttachment:RolePolicyAttachment',
    ref: reference.claim,
  });
  const names = attached.map(({ inputs: { policyArn } }) => String(policyArn).split('/').pop());
  if (NODE_POLICIES.some((policy) => !names.includes(policy))) {
    throw new CloudError('NodeCreationFailure', 'Instances failed to join the kubernetes cluster');
  }
}

function assertTemplate({ inputs, refs }: GuardContext): void {
  if (inputs.launchTemplate === undefined) return;
  if (inputs.diskSize !== undefined) {
    throw invalid('Disk size must be specified within the launch template.');
  }
  if (inputs.instanceTypes !== undefined && textOf(refs.template?.properties.instanceType)) {
    throw invalid('Launch template and instance types cannot both specify the instance type.');
  }
}

/** Nodes are at most as new as their control plane. */
async function assertNodeVersion({ inputs, refs, cloud, self }: GuardContext): Promise<void> {
  const version = textOf(inputs.version);
  const plane = String(refs.cluster?.properties.version);
  if (!version) return;
  if (VERSIONS.indexOf(version) > VERSIONS.indexOf(plane) || !VERSIONS.includes(version)) {
    throw invalid(`Requested nodegroup version ${version} is greater than the cluster version ${plane}`);
  }
  const [current] = self ? await cloud.findByClaims([self]) : [];
  const before = textOf(current?.properties.version);
  if (before && VERSIONS.indexOf(version) < VERSIONS.indexOf(before)) {
    throw invalid(`Requested nodegroup version ${version} is lower than its version ${before}`);
  }
}

function accessMode(value: Properties): string | undefined {
  const mode = value.authenticationMode;
  return typeof mode === 'string' ? oneOf(...AUTHENTICATION_MODES)(mode) : undefined;
}

function sizes({ minSize, desiredSize, maxSize }: Properties): string | undefined {
  const [least, wanted, most] = [minSize, desiredSize, maxSize].map(Number) as [number, number, number];
  if ([least, wanted, most].some((size) => !Number.isInteger(size) || size < 0)) {
    return 'minSize, desiredSize and maxSize must be whole numbers';
  }
  if (most < 1 || most > NODES_PER_GROUP) return `expected maxSize to be in the range (1 - ${NODES_PER_GROUP})`;
  if (least > wanted) return `Minimum capacity ${least} can't be greater than desired size ${wanted}`;
  return wanted > most ? `desired capacity ${wanted} can't be greater than max size ${most}` : undefined;
}

function notAssumable(role: unknown): CloudError {
  return invalid(
    `Role with arn: ${String(role)}, could not be assumed because it does not exist or the trusted entity is not correct`,
  );
}

function launchTemplateOf(inputs: Properties, template: CloudResource | undefined): Properties | undefined {
  const asked = inputs.launchTemplate as Properties | undefined;
  if (!asked) return undefined;
  return { ...asked, id: template?.id ?? asked.id, name: template?.properties.name ?? asked.name };
}

function modeOf(cluster: CloudResource | undefined): string {
  return String((cluster?.properties.accessConfig as Properties | undefined)?.authenticationMode);
}

function defaultVersion(addon: string, cluster: CloudResource | undefined): string {
  const minor = Number(String(cluster?.properties.version).split('.')[1]);
  return ADDONS[addon]?.(minor) ?? '';
}

function clusterGroupId(seed: string): string {
  return `sg-${hex(`${seed}|cluster-group`)}`;
}

function entryId({ inputs }: { readonly inputs: Properties }): string {
  return `${needText(inputs, 'clusterName')}:${needText(inputs, 'principalArn')}`;
}

function noCluster(name: string): CloudError {
  return new CloudError('ResourceNotFoundException', `No cluster found for name: ${name}.`);
}

function noEntry(id: string): CloudError {
  return new CloudError('ResourceNotFoundException', `The specified principalArn could not be found: ${id}`);
}
