import * as pulumi from '@pulumi/pulumi';
import {
  assertCidr,
  assertOneOf,
  assertRange,
  assertThat,
  type Context,
  input,
  loadContext,
  type SecurityConfig,
  WORKLOADS,
} from '../../shared/index.js';
import { createRoles } from './iam-roles.js';
import { createKeys } from './kms.js';
import { securityOutputs } from './outputs.js';
import { createSecurityGroupRules } from './security-group-rules.js';
import { createSecurityGroups } from './security-groups.js';

function readConfig(ctx: Context): SecurityConfig {
  const read = input(new pulumi.Config('security'));
  const port = (key: 'webPort' | 'apiPort' | 'databasePort', value: number) =>
    assertRange(`security:${key}`, value, 1024, 65_535);

  const workloads = read
    .requireArray('workloads')
    .map((workload) => assertOneOf('security:workloads', workload, WORKLOADS));
  assertThat(
    'security:workloads',
    workloads,
    !workloads.includes('apigateway') || workloads.includes('ecs'),
    'apigateway needs ecs',
  );
  const albIngressCidrs = read.optArray('albIngressCidrs');
  if (albIngressCidrs) {
    const { length } = albIngressCidrs;
    assertThat('security:albIngressCidrs', albIngressCidrs, length >= 1 && length <= 20, 'expected 1 to 20 blocks');
    albIngressCidrs.forEach((cidr) => assertCidr('security:albIngressCidrs', cidr));
  }
  const webPort = port('webPort', read.requireNumber('webPort'));
  const apiPort = port('apiPort', read.requireNumber('apiPort'));
  const databasePort = port('databasePort', read.requireNumber('databasePort'));
  assertThat('security:apiPort', apiPort, apiPort !== webPort, 'must differ from webPort');
  assertThat(
    'security:databasePort',
    databasePort,
    databasePort !== webPort && databasePort !== apiPort,
    'must differ from webPort and apiPort',
  );
  const enableKeyRotation = read.optBool('enableKeyRotation');
  if (ctx.environment === 'prod') {
    assertThat('security:enableKeyRotation', enableKeyRotation, enableKeyRotation, 'must be true in prod');
  }
  const window = read.optNumber('keyDeletionWindowDays');

  return {
    vpcId: read.requireString('vpcId', 'network:vpcId'),
    workloads,
    albIngressCidrs: albIngressCidrs ?? [],
    webPort,
    apiPort,
    databasePort,
    enableKeyRotation,
    keyDeletionWindowDays:
      window === undefined ? undefined : assertRange('security:keyDeletionWindowDays', window, 7, 30),
  };
}

const ctx = loadContext('security');
const cfg = readConfig(ctx);

const groups = createSecurityGroups(ctx, cfg);
createSecurityGroupRules(ctx, cfg, groups);
const keys = createKeys(ctx, cfg);
const roles = createRoles(ctx, cfg);

export = securityOutputs(ctx, cfg, { groups, keys, roles });
