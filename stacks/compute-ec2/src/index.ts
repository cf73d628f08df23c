import * as pulumi from '@pulumi/pulumi';
import {
  assertMatches,
  assertNoSecret,
  assertOneOf,
  assertRange,
  assertThat,
  type Context,
  EC2_TIERS,
  type Ec2Config,
  type Ec2Tier,
  type Ec2TierSpec,
  input,
  InvalidInput,
  loadContext,
} from '../../shared/index.js';
import { createGroup } from './autoscaling.js';
import { createRecord } from './dns-records.js';
import { createIdentity } from './iam.js';
import { createLaunchTemplate } from './launch-templates.js';
import { createLoadBalancer } from './load-balancer.js';
import { ec2Outputs } from './outputs.js';

/** Bytes. */
const LONGEST_SCRIPT = 12 * 1024;

function readConfig(ctx: Context): Ec2Config {
  const read = input(new pulumi.Config('compute-ec2'));
  const opt = (key: string, value: number | undefined, from: number, to: number) =>
    value === undefined ? undefined : assertRange(`compute-ec2:${key}`, value, from, to);

  const amiId = read.requireString('amiId');
  assertMatches('compute-ec2:amiId', amiId, /^ami-[0-9a-f]+$/, 'expected the id of an image');
  const tiers = read.optArray('tiers') ?? [];
  assertThat('compute-ec2:tiers', tiers, tiers.length > 0, 'expected web, worker or both');
  assertThat('compute-ec2:tiers', tiers, new Set(tiers).size === tiers.length, 'a tier is named twice');
  const web = { type: read.optString('webInstanceType'), min: read.optNumber('webMin'), max: read.optNumber('webMax') };
  const worker = {
    type: read.optString('workerInstanceType'),
    min: read.optNumber('workerMin'),
    max: read.optNumber('workerMax'),
  };
  const hostedZoneId = read.optString('hostedZoneId');
  const domainName = read.optString('domainName');
  const healthCheckPath = read.optString('healthCheckPath');
  if (healthCheckPath) assertMatches('compute-ec2:healthCheckPath', healthCheckPath, /^\//, 'begins with /');
  const bootstrapScript = read.optString('bootstrapScript');
  if (bootstrapScript) {
    assertNoSecret('compute-ec2:bootstrapScript', bootstrapScript);
    const bytes = Buffer.byteLength(bootstrapScript);
    assertThat('compute-ec2:bootstrapScript', `${bytes} bytes`, bytes <= LONGEST_SCRIPT, 'at most 12 KiB');
  }

  return {
    vpcId: read.requireString('vpcId', 'network:vpcId'),
    publicSubnetIds: read.requireArray('publicSubnetIds'),
    privateSubnetIds: read.requireArray('privateSubnetIds'),
    loadBalancerSecurityGroupId: read.requireString(
      'loadBalancerSecurityGroupId',
      'security:loadBalancerSecurityGroupId',
    ),
    ec2SecurityGroupId: read.requireString('ec2SecurityGroupId', 'security:ec2SecurityGroupId'),
    webPort: read.requireNumber('webPort'),
    applicationKeyArn: read.requireString('applicationKeyArn', 'security:applicationKeyArn'),
    infrastructureKeyArn: read.requireString('infrastructureKeyArn', 'security:infrastructureKeyArn'),
    dns: hostedZoneId && domainName ? { hostedZoneId, domainName } : undefined,
    certificateArn: read.optString('certificateArn'),
    appSecretsReadPolicyArn: read.optString('appSecretsReadPolicyArn'),
    primaryBucketArn: read.optString('primaryBucketArn'),
    artifactsBucketArn: read.optString('artifactsBucketArn'),
    logsBucketName: read.optString('logsBucketName'),
    databaseAccessPolicyArn: read.optString('databaseAccessPolicyArn'),
    amiId,
    tiers: tiers.map((name) => {
      const tier = assertOneOf('compute-ec2:tiers', name, EC2_TIERS);
      return tier === 'web' ? tierSpec(tier, web, 1) : tierSpec(tier, worker, 0);
    }),
    rootVolumeGiB: opt('rootVolumeGiB', read.optNumber('rootVolumeGiB'), 8, 500),
    targetCpuUtilization: opt('targetCpuUtilization', read.optNumber('targetCpuUtilization'), 10, 90),
    healthCheckPath,
    bootstrapScript,
    detailedMonitoring: ctx.environment !== 'dev',
  };
}

type TierInputs = Readonly<Record<'min' | 'max', number | undefined>> & { readonly type: string | undefined };

/** A tier that is asked for needs its type and size. */
function tierSpec(name: Ec2Tier, { type, min, max }: TierInputs, least: 0 | 1): Ec2TierSpec {
  const given = <T>(key: string, value: T | undefined, expected: string): T => {
    if (value === undefined) throw new InvalidInput(`compute-ec2:${name}${key}`, undefined, expected);
    return value;
  };
  const expected = 'expected an instance type like t3.micro';
  const instanceType = given('InstanceType', type, expected);
  assertMatches(`compute-ec2:${name}InstanceType`, instanceType, /^[a-z0-9-]+\.[a-z0-9-]+$/, expected);
  const maxSize = assertRange(`compute-ec2:${name}Max`, given('Max', max, 'expected a number'), least, 50);
  const minSize = assertRange(`compute-ec2:${name}Min`, given('Min', min, 'expected a number'), least, maxSize);
  return { name, instanceType, minSize, maxSize };
}

const ctx = loadContext('compute-ec2');
const cfg = readConfig(ctx);

const front = createLoadBalancer(ctx, cfg);
if (front) createRecord(ctx, cfg, front);
const tiers = cfg.tiers.map((tier) => {
  const identity = createIdentity(ctx, cfg, tier);
  const template = createLaunchTemplate(ctx, cfg, tier, identity);
  const deps = { identity, template, front: tier.name === 'web' ? front : undefined };
  return { name: tier.name, identity, template, group: createGroup(ctx, cfg, tier, deps) };
});

export = ec2Outputs(ctx, cfg, tiers, front);
