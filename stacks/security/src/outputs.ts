import { commonOutputs, type Context, type SecurityConfig, type SecurityOutputs } from '../../shared/index.js';
import type { Roles } from './iam-roles.js';
import type { Keys } from './kms.js';
import { version } from './package.json';
import type { SecurityGroups, Tier } from './security-groups.js';

export interface SecurityResources {
  readonly groups: SecurityGroups;
  readonly keys: Keys;
  readonly roles: Roles;
}

export function securityOutputs(ctx: Context, cfg: SecurityConfig, resources: SecurityResources): SecurityOutputs {
  const { groups, keys, roles } = resources;
  const groupId = (tier: Tier) => groups[tier]?.id ?? '';
  return {
    ...commonOutputs(ctx, version),
    loadBalancerSecurityGroupId: groupId('alb'),
    webSecurityGroupId: groupId('web'),
    apiSecurityGroupId: groupId('api'),
    databaseSecurityGroupId: groupId('database'),
    internalLoadBalancerSecurityGroupId: groupId('internal-alb'),
    vpcLinkSecurityGroupId: groupId('vpc-link'),
    ec2SecurityGroupId: groupId('ec2'),
    lambdaSecurityGroupId: groupId('lambda'),
    eksNodeSecurityGroupId: groupId('eks-node'),
    efsSecurityGroupId: groupId('efs'),
    ecsExecutionRoleArn: roles.ecsExecution?.arn ?? '',
    ecsExecutionRoleName: roles.ecsExecution?.name ?? '',
    eksClusterRoleArn: roles.eksCluster?.arn ?? '',
    eksNodeRoleArn: roles.eksNode?.arn ?? '',
    applicationKeyArn: keys.application.arn,
    databaseKeyArn: keys.database.arn,
    infrastructureKeyArn: keys.infrastructure.arn,
    applicationKeyId: keys.application.keyId,
    databaseKeyId: keys.database.keyId,
    infrastructureKeyId: keys.infrastructure.keyId,
    webPort: cfg.webPort,
    apiPort: cfg.apiPort,
    databasePort: cfg.databasePort,
  };
}
