import type { LogGroup } from '@pulumi/aws/cloudwatch/index.js';
import { FlowLog } from '@pulumi/aws/ec2/index.js';
import { Role, RolePolicy } from '@pulumi/aws/iam/index.js';
import * as pulumi from '@pulumi/pulumi';
import { assumeRole, type Context, logGroup, type NetworkConfig, opts, policy, tags } from '../../shared/index.js';
import type { VpcResources } from './vpc.js';

export interface FlowLogs {
  readonly group: LogGroup;
}

/** Traffic records of the VPC. The group has AWS's own key: it exists before the keys of `security` (named exception of B2). */
export function createFlowLogs(ctx: Context, cfg: NetworkConfig, { vpc }: VpcResources): FlowLogs | undefined {
  if (!cfg.enableFlowLogs) return undefined;

  const group = logGroup(ctx, 'flow-log');
  const role = new Role(
    'flow-log-role',
    { assumeRolePolicy: assumeRole(ctx, 'vpc-flow-logs.amazonaws.com'), tags: tags(ctx, 'flow-log-role') },
    opts(ctx),
  );
  const permission = new RolePolicy(
    'flow-log-policy',
    {
      role: role.id,
      policy: policy([
        {
          sid: 'WriteFlowLogs',
          actions: ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogGroups', 'logs:DescribeLogStreams'],
          resources: [group.arn, pulumi.interpolate`${group.arn}:*`],
        },
      ]),
    },
    opts(ctx),
  );
  new FlowLog(
    'flow-log',
    {
      vpcId: vpc.id,
      trafficType: cfg.flowLogTrafficType,
      logDestinationType: 'cloud-watch-logs',
      logDestination: group.arn,
      iamRoleArn: role.arn,
      tags: tags(ctx, 'flow-log'),
    },
    opts(ctx, { dependsOn: [permission] }),
  );
  return { group };
}
