import { EMPTY, type Overrides } from './stack-config.js';

/** What changes of a stack's configuration make which kind of run; `{}` = back to the defaults. */
export interface StackScenarios {
  /** Changes in place, beside a tag. */
  readonly update: Overrides;
  /** Makes something new in the place of something. */
  readonly replace: Overrides;
  /** Takes something away. */
  readonly remove: Overrides;
}

/** Part of the physical names of almost everything. */
const OTHER_NAMES: Overrides = { deploymentId: 'DT3VCB1' };

/** Stacks in an order in which each stands after what it reads (stacks.md section 6). */
export const SCENARIOS: Readonly<Record<string, StackScenarios>> = {
  dns: { update: { defaultTtl: 600 }, replace: { domain: 'store.example.com' }, remove: { includeWildcard: false } },
  network: {
    update: { flowLogTrafficType: 'REJECT' },
    replace: { vpcCidr: '10.9.0.0/16' },
    remove: { enableVpcEndpoints: false },
  },
  security: { update: { apiPort: 8081 }, replace: OTHER_NAMES, remove: { workloads: ['ecs', 'lambda'] } },
  secrets: {
    update: { recoveryWindowDays: 8 },
    replace: { rotationVersion: 2 },
    remove: { generatedSecrets: ['jwt-signing-key'] },
  },
  authentication: { update: { accessTokenMinutes: 30 }, replace: OTHER_NAMES, remove: { enableIdentityPool: false } },
  storage: {
    update: { logExpirationDays: 45 },
    replace: OTHER_NAMES,
    remove: { buckets: ['primary', 'logs', 'artifacts'] },
  },
  'database-rds': {
    update: { backupRetentionDays: 3, credentialRotationDays: 15 },
    replace: OTHER_NAMES,
    remove: { createReadReplica: false, monitoringInterval: 0 },
  },
  'containers-images': {
    update: { retainImageCount: 5 },
    replace: OTHER_NAMES,
    remove: { repositories: ['frontend', 'backend'] },
  },
  'services-ecr': { update: { retainBaseImages: 40 }, replace: OTHER_NAMES, remove: { baseRepositories: ['node'] } },
  'containers-apps': {
    update: { cpu: 1024, memory: 2048 },
    replace: OTHER_NAMES,
    remove: { enableWaf: false, enableExecuteCommand: false },
  },
  'services-ecs': {
    update: { targetCpuUtilization: 60 },
    replace: OTHER_NAMES,
    remove: { enableExecuteCommand: false },
  },
  'services-eks': {
    update: { nodeMaxSize: 12, enableSpotNodeGroup: true },
    replace: { nodeInstanceTypes: ['t3.xlarge'] },
    remove: {},
  },
  'services-api': { update: { corsMaxAgeSeconds: 3600 }, replace: OTHER_NAMES, remove: { publicRoutes: [] } },
  'compute-ec2': { update: { targetCpuUtilization: 60 }, replace: OTHER_NAMES, remove: { tiers: ['web'] } },
  'compute-lambda': {
    update: { dataProcessorMemory: 512, enableTracing: true },
    replace: OTHER_NAMES,
    remove: { enableTracing: false },
  },
  monitoring: { update: { cpuThreshold: 70 }, replace: OTHER_NAMES, remove: { eksClusterName: EMPTY } },
};

export const ENVIRONMENTS = ['dev', 'stage', 'prod'] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];

/** In this order, each on what the one before has left; `failure` and `recovery` begin with nothing. */
export const STEPS = [
  'create',
  'unchanged',
  'update',
  'replace',
  'remove',
  'refresh',
  'repair',
  'destroy',
  'failure',
  'recovery',
] as const;
export type StepName = (typeof STEPS)[number];
