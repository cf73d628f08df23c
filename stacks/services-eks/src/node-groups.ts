import { LaunchTemplate } from '@pulumi/aws/ec2/index.js';
import { NodeGroup } from '@pulumi/aws/eks/index.js';
import * as pulumi from '@pulumi/pulumi';
import { type Context, type EksConfig, type NodeGroupSpec, opts, tags } from '../../shared/index.js';
import { type ClusterResources, TIMEOUT_MINUTES } from './cluster.js';

export interface NodeGroups {
  readonly primary: NodeGroup;
  readonly spot: NodeGroup | undefined;
  readonly all: readonly NodeGroup[];
}

/** Nodes of several groups take what they have in common from one launch template; image and start-up stay with EKS. */
export function createNodeGroups(
  ctx: Context,
  cfg: EksConfig,
  { cluster }: ClusterResources,
  dependsOn: pulumi.Resource[],
): NodeGroups {
  const template = createLaunchTemplate(ctx, cfg, cluster.vpcConfig.clusterSecurityGroupId);
  const create = (spec: NodeGroupSpec): NodeGroup =>
    new NodeGroup(
      `${spec.name}-nodes`,
      {
        clusterName: cluster.name,
        version: cluster.version,
        nodeRoleArn: cfg.eksNodeRoleArn,
        subnetIds: [...cfg.privateSubnetIds],
        amiType: isArm(spec) ? 'AL2023_ARM_64_STANDARD' : 'AL2023_x86_64_STANDARD',
        capacityType: spec.name === 'spot' ? 'SPOT' : 'ON_DEMAND',
        instanceTypes: spec.instanceTypes && [...spec.instanceTypes],
        scalingConfig: { minSize: spec.minSize, desiredSize: spec.desiredSize, maxSize: spec.maxSize },
        updateConfig: { maxUnavailablePercentage: 25 },
        launchTemplate: { id: template.id, version: pulumi.interpolate`${template.latestVersion}` },
        ...(spec.name === 'spot' ? { taints: [{ key: 'spot', value: 'true', effect: 'NO_SCHEDULE' }] } : {}),
        tags: tags(ctx, `${spec.name}-nodes`),
      },
      opts(ctx, {
        dependsOn,
        timeoutMinutes: TIMEOUT_MINUTES,
        ignoreChanges: ['scalingConfig.desiredSize'], // the autoscaler's business after the start
      }),
    );
  const [primary, spot] = cfg.nodeGroups.map(create);
  if (!primary) throw new pulumi.RunError(`${ctx.stack}: no node group is configured`);
  return { primary, spot, all: spot ? [primary, spot] : [primary] };
}

function createLaunchTemplate(ctx: Context, cfg: EksConfig, clusterGroupId: pulumi.Input<string>): LaunchTemplate {
  const copied = tags(ctx, 'node'); // T3
  return new LaunchTemplate(
    'node-template',
    {
      updateDefaultVersion: true,
      vpcSecurityGroupIds: [clusterGroupId, cfg.eksNodeSecurityGroupId],
      metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 2 }, // B9
      blockDeviceMappings: [
        {
          deviceName: '/dev/xvda', // root of Amazon Linux 2023
          ebs: {
            volumeType: 'gp3',
            volumeSize: cfg.nodeDiskGiB, // here and not in the node group (EKS-2)
            encrypted: 'true',
            kmsKeyId: cfg.applicationKeyArn,
            deleteOnTermination: 'true',
          },
        },
      ],
      tagSpecifications: [
        { resourceType: 'instance', tags: copied },
        { resourceType: 'volume', tags: copied },
      ],
      tags: tags(ctx, 'node-template'),
    },
    opts(ctx),
  );
}

/** Graviton families: `m7g`, `c6gn`, `t4g` …, and `a1`. */
export const isArmType = (type: string): boolean => /^([a-z]+\d+g[a-z]*|a1)\./.test(type);

const isArm = ({ instanceTypes = [] }: NodeGroupSpec): boolean => instanceTypes.some(isArmType);
