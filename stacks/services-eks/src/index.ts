import * as pulumi from '@pulumi/pulumi';
import {
  assertCidr,
  assertMatches,
  assertNoOpenCidr,
  assertOneOf,
  assertRange,
  assertThat,
  EKS_ADDONS,
  type EksConfig,
  input,
  loadContext,
  type NodeGroupSpec,
} from '../../shared/index.js';
import { createAdminAccess } from './access.js';
import { createNetworkAddon, createNodeAddons } from './addons.js';
import { createCluster } from './cluster.js';
import { createNodeGroups, isArmType } from './node-groups.js';
import { createServiceAccounts } from './oidc.js';
import { eksOutputs } from './outputs.js';

const LOG_TYPES = ['api', 'audit', 'authenticator', 'controllerManager', 'scheduler'];
const ROLE_ARN = /^arn:aws:iam::\d{12}:role\/.+$/;

function readConfig(): EksConfig {
  const read = input(new pulumi.Config('services-eks'));

  const kubernetesVersion = assertMatches(
    'services-eks:kubernetesVersion',
    read.requireString('kubernetesVersion'),
    /^1\.(3[1-9]|[4-9][0-9])$/,
    'expected a minor version from 1.31 on, like 1.33',
  );
  const endpointPublicAccess = read.optBool('endpointPublicAccess');
  const publicAccessCidrs = read.optArray('publicAccessCidrs') ?? [];
  const isBounded = !endpointPublicAccess || publicAccessCidrs.length > 0;
  assertThat('services-eks:publicAccessCidrs', publicAccessCidrs, isBounded, 'needed when the endpoint is public');
  for (const cidr of publicAccessCidrs) {
    assertNoOpenCidr('services-eks:publicAccessCidrs', assertCidr('services-eks:publicAccessCidrs', cidr));
  }
  const enabledLogTypes = read.optArray('enabledLogTypes') ?? [];
  enabledLogTypes.forEach((type) => assertOneOf('services-eks:enabledLogTypes', type, LOG_TYPES));

  const nodeMaxSize = assertRange('services-eks:nodeMaxSize', read.requireNumber('nodeMaxSize'), 1, 450);
  const desired = read.requireNumber('nodeDesiredSize');
  const nodeDesiredSize = assertRange('services-eks:nodeDesiredSize', desired, 0, nodeMaxSize);
  const least = read.requireNumber('nodeMinSize');
  const nodeMinSize = assertRange('services-eks:nodeMinSize', least, 0, nodeDesiredSize);
  const nodeGroups: NodeGroupSpec[] = [
    {
      name: 'primary',
      instanceTypes: instanceTypes('nodeInstanceTypes', read.optArray('nodeInstanceTypes')),
      minSize: nodeMinSize,
      desiredSize: nodeDesiredSize,
      maxSize: nodeMaxSize,
    },
  ];
  const spotTypes = instanceTypes('spotInstanceTypes', read.optArray('spotInstanceTypes'));
  if (read.optBool('enableSpotNodeGroup')) {
    nodeGroups.push({ name: 'spot', instanceTypes: spotTypes, minSize: 0, desiredSize: 0, maxSize: nodeMaxSize });
  }
  const disk = read.optNumber('nodeDiskGiB');
  const addonVersions = read.optMap('addonVersions') ?? {};
  Object.keys(addonVersions).forEach((addon) => assertOneOf('services-eks:addonVersions', addon, EKS_ADDONS));
  const admins = read.optArray('adminPrincipalArns') ?? [];
  const isDistinct = new Set(admins).size === admins.length && admins.length <= 10;
  assertThat('services-eks:adminPrincipalArns', admins, isDistinct, 'at most 10 roles, each once');
  admins.forEach((arn) => assertMatches('services-eks:adminPrincipalArns', arn, ROLE_ARN, 'expected an IAM role ARN'));

  return {
    privateSubnetIds: read.requireArray('privateSubnetIds'),
    eksClusterRoleArn: read.requireString('eksClusterRoleArn', 'security:eksClusterRoleArn'),
    eksNodeRoleArn: read.requireString('eksNodeRoleArn', 'security:eksNodeRoleArn'),
    eksNodeSecurityGroupId: read.requireString('eksNodeSecurityGroupId', 'security:eksNodeSecurityGroupId'),
    applicationKeyArn: read.requireString('applicationKeyArn', 'security:applicationKeyArn'),
    infrastructureKeyArn: read.requireString('infrastructureKeyArn', 'security:infrastructureKeyArn'),
    kubernetesVersion,
    endpointPublicAccess,
    publicAccessCidrs,
    enabledLogTypes,
    nodeGroups,
    nodeDiskGiB: disk === undefined ? undefined : assertRange('services-eks:nodeDiskGiB', disk, 20, 1000),
    addonVersions,
    adminPrincipalArns: admins,
  };
}

/** 1 to 10 types of one processor architecture: a node group has one image. */
function instanceTypes(
  key: 'nodeInstanceTypes' | 'spotInstanceTypes',
  types: readonly string[] | undefined,
): readonly string[] | undefined {
  if (types === undefined) return undefined;
  const where = `services-eks:${key}` as const;
  assertThat(where, types, types.length >= 1 && types.length <= 10, 'expected 1 to 10 instance types');
  types.forEach((type) => assertMatches(where, type, /^[a-z0-9-]+\.[a-z0-9-]+$/, 'expected a type like t3.medium'));
  const arm = types.filter(isArmType).length;
  return assertThat(where, types, arm === 0 || arm === types.length, 'x86 and ARM types cannot share a node group');
}

const ctx = loadContext('services-eks');
const cfg = readConfig();

const cluster = createCluster(ctx, cfg);
const accounts = createServiceAccounts(ctx, cluster);
const network = createNetworkAddon(ctx, cfg, cluster);
const nodes = createNodeGroups(ctx, cfg, cluster, [network]);
createNodeAddons(ctx, cfg, cluster, { nodes: nodes.all, accounts });
createAdminAccess(ctx, cfg, cluster);

export = eksOutputs(ctx, { cluster, accounts, nodes });
