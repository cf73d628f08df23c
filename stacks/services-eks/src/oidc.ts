import type { Cluster } from '@pulumi/aws/eks/index.js';
import { OpenIdConnectProvider, Role, RolePolicy, RolePolicyAttachment } from '@pulumi/aws/iam/index.js';
import * as pulumi from '@pulumi/pulumi';
import { type Context, opts, policy, tags } from '../../shared/index.js';
import type { ClusterResources } from './cluster.js';

export interface ServiceAccounts {
  readonly provider: OpenIdConnectProvider;
  readonly issuerUrl: pulumi.Output<string>;
  readonly ebsCsiRole: Role;
  /** The driver cannot work before it. */
  readonly ebsCsiPermission: RolePolicyAttachment;
  readonly autoscalerRole: Role;
}

const AUDIENCE = 'sts.amazonaws.com';

/** Issuer of the cluster's service account tokens, and the roles of two service accounts. Role names are generated (EKS-1). */
export function createServiceAccounts(ctx: Context, { cluster, clusterName }: ClusterResources): ServiceAccounts {
  const issuerUrl = issuerOf(ctx, cluster);
  const provider = new OpenIdConnectProvider(
    'oidc-provider',
    // No thumbprint: IAM trusts the certificate authority of EKS by itself, and a fixed one would break when it is renewed.
    { url: issuerUrl, clientIdLists: [AUDIENCE], tags: tags(ctx, 'oidc-provider') },
    opts(ctx),
  );

  /** Taken by one service account of `kube-system` alone. */
  const role = (logical: string, serviceAccount: string): Role => {
    // The keys of the condition hold the issuer, so the document is built once that is known.
    const trust = pulumi
      .all([issuerUrl, provider.arn])
      .apply(([url, arn]) => webIdentityTrust(url.replace(/^https:\/\//, ''), arn, serviceAccount));
    return new Role(`${logical}-role`, { assumeRolePolicy: trust, tags: tags(ctx, `${logical}-role`) }, opts(ctx));
  };

  const ebsCsiRole = role('ebs-csi', 'ebs-csi-controller-sa');
  const ebsCsiPermission = new RolePolicyAttachment(
    'ebs-csi-driver',
    { role: ebsCsiRole.name, policyArn: 'arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy' },
    opts(ctx),
  );
  const autoscalerRole = role('cluster-autoscaler', 'cluster-autoscaler');
  createAutoscalerPolicy(ctx, clusterName, autoscalerRole);
  return { provider, issuerUrl, ebsCsiRole, ebsCsiPermission, autoscalerRole };
}

function issuerOf(ctx: Context, cluster: Cluster): pulumi.Output<string> {
  return cluster.identities.apply(([identity]) => {
    const issuer = identity?.oidcs[0]?.issuer;
    if (!issuer) throw new pulumi.RunError(`${ctx.stack}: EKS reports no token issuer of the cluster`);
    return issuer;
  });
}

function webIdentityTrust(issuer: string, providerArn: string, serviceAccount: string): pulumi.Output<string> {
  return policy([
    {
      sid: 'AssumeRole',
      principal: { Federated: providerArn },
      actions: ['sts:AssumeRoleWithWebIdentity'],
      condition: {
        StringEquals: {
          [`${issuer}:aud`]: AUDIENCE,
          [`${issuer}:sub`]: `system:serviceaccount:kube-system:${serviceAccount}`,
        },
      },
    },
  ]);
}

/** Looks at everything, resizes only the groups that EKS has tagged as this cluster's. */
function createAutoscalerPolicy(ctx: Context, clusterName: string, role: Role): void {
  const { region, accountId } = ctx;
  new RolePolicy(
    'cluster-autoscaler-policy',
    {
      role: role.id,
      policy: policy([
        {
          sid: 'ReadCapacity',
          actions: [
            'autoscaling:DescribeAutoScalingGroups',
            'autoscaling:DescribeAutoScalingInstances',
            'autoscaling:DescribeLaunchConfigurations',
            'autoscaling:DescribeScalingActivities',
            'autoscaling:DescribeTags',
            'ec2:DescribeImages',
            'ec2:DescribeInstanceTypes',
            'ec2:DescribeLaunchTemplateVersions',
            'ec2:GetInstanceTypesFromInstanceRequirements',
          ],
          resources: ['*'],
          wildcardReason: 'the Describe actions of EC2 and Auto Scaling have no resource level',
        },
        {
          sid: 'ReadNodeGroups',
          actions: ['eks:DescribeNodegroup'],
          resources: [`arn:aws:eks:${region}:${accountId}:nodegroup/${clusterName}/*/*`],
        },
        {
          sid: 'ResizeNodeGroups',
          actions: ['autoscaling:SetDesiredCapacity', 'autoscaling:TerminateInstanceInAutoScalingGroup'],
          resources: [`arn:aws:autoscaling:${region}:${accountId}:autoScalingGroup:*:autoScalingGroupName/*`],
          condition: { StringEquals: { [`aws:ResourceTag/k8s.io/cluster-autoscaler/${clusterName}`]: 'owned' } },
        },
      ]),
    },
    opts(ctx),
  );
}
