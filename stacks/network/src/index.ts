import * as pulumi from '@pulumi/pulumi';
import {
  assertCidr,
  assertOneOf,
  assertRange,
  assertThat,
  type Context,
  input,
  InvalidInput,
  loadContext,
  NAT_MODES,
  type NetworkConfig,
} from '../../shared/index.js';
import { createEndpoints } from './endpoints.js';
import { createFlowLogs } from './flow-logs.js';
import { createNatGateways } from './nat-gateway.js';
import { networkOutputs } from './outputs.js';
import { createRouting } from './routing.js';
import { createSubnets } from './subnets.js';
import { createVpc } from './vpc.js';

const INTERFACE_SERVICES = [
  'ecr.api',
  'ecr.dkr',
  'secretsmanager',
  'logs',
  'ssm',
  'ssmmessages',
  'ec2messages',
  'sts',
  'kms',
] as const;

/** Without NAT, tasks still start when they can pull images, read secrets and write logs inside the VPC (NET-4). */
const NEEDED_WITHOUT_NAT = ['ecr.api', 'ecr.dkr', 'secretsmanager', 'logs'];
const STACKS_WITH_EGRESS = 'containers-apps, services-ecs, services-eks, compute-ec2, compute-lambda';

function readConfig(ctx: Context): NetworkConfig {
  const read = input(new pulumi.Config('network'));

  const vpcCidr = assertCidr('network:vpcCidr', read.requireString('vpcCidr'), {
    privateOnly: true,
    minPrefix: 16,
    maxPrefix: 20,
  });
  const azCount = assertRange('network:azCount', read.requireNumber('azCount'), 2, 3);
  const zones = [...new Set(read.requireArray('availabilityZoneNames'))].sort();
  assertThat('network:availabilityZoneNames', zones, zones.length >= azCount, `expected at least ${azCount} zones`);
  const nat = read.optString('natGateways');
  const enableFlowLogs = read.optBool('enableFlowLogs');
  if (ctx.environment === 'prod') {
    assertThat('network:enableFlowLogs', enableFlowLogs, enableFlowLogs, 'must be true in prod');
  }
  const trafficType = read.optString('flowLogTrafficType');
  if (trafficType !== undefined) assertOneOf('network:flowLogTrafficType', trafficType, ['ALL', 'ACCEPT', 'REJECT']);
  if (enableFlowLogs && trafficType === undefined) {
    throw new InvalidInput(
      'network:flowLogTrafficType',
      undefined,
      'expected a string, because enableFlowLogs is true',
    );
  }
  const interfaceEndpoints = (read.optArray('interfaceEndpoints') ?? []).map((service) =>
    assertOneOf('network:interfaceEndpoints', service, INTERFACE_SERVICES),
  );
  assertThat(
    'network:interfaceEndpoints',
    interfaceEndpoints,
    new Set(interfaceEndpoints).size === interfaceEndpoints.length,
    'each service once',
  );

  return {
    vpcCidr,
    azCount,
    availabilityZones: zones.slice(0, azCount),
    natGateways: nat === undefined ? 'none' : assertOneOf('network:natGateways', nat, NAT_MODES),
    enableFlowLogs,
    flowLogTrafficType: trafficType,
    enableVpcEndpoints: read.optBool('enableVpcEndpoints'),
    interfaceEndpoints,
  };
}

function warnAboutLostEgress(cfg: NetworkConfig): void {
  const missing = NEEDED_WITHOUT_NAT.filter((service) => !cfg.interfaceEndpoints.includes(service));
  if (cfg.natGateways !== 'none' || missing.length === 0) return;
  void pulumi.log.warn(
    `natGateways is none and interfaceEndpoints lacks ${missing.join(', ')}: ${STACKS_WITH_EGRESS} lose egress`,
  );
}

const ctx = loadContext('network');
const cfg = readConfig(ctx);
warnAboutLostEgress(cfg);

const vpc = createVpc(ctx, cfg);
const subnets = createSubnets(ctx, cfg, vpc);
const nat = createNatGateways(ctx, cfg, vpc, subnets);
const routes = createRouting(ctx, vpc, subnets, nat);
const endpoints = createEndpoints(ctx, cfg, vpc, subnets, routes);
const flowLogs = createFlowLogs(ctx, cfg, vpc);

export = networkOutputs(ctx, cfg, { vpc, subnets, nat, routes, endpoints, flowLogs });
