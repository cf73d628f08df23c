import type {
  Fingerprint,
  InstanceFacts,
  RunOptions,
  RunRequest,
  RunStack,
} from '../../src/modules/orchestrator/run-request.js';

export const NEVER_DEPLOYED: InstanceFacts = {
  status: 'not_deployed',
  stackVersion: 0,
  fingerprint: null,
  lastOperationSucceeded: true,
  driftDetected: false,
  outputs: {},
  dependencies: [],
  lastDeployedAt: null,
  lastConfig: null,
};

export const OPTIONS: RunOptions = {
  preview: false,
  parallel: 3,
  schedule: 'ready',
  smartSkip: true,
  force: false,
  continueOnError: false,
  rollbackOnError: true,
  stackTimeoutSeconds: null,
  destructiveConfirmed: false,
};

export function aFingerprint(total = 'before'): Fingerprint {
  return { total, identity: '', config: '', resolved: {}, code: '', template: '', dependencies: '' };
}

/** A stack as it stands after a successful deploy. */
export function aDeployedInstance(facts: Partial<InstanceFacts> = {}): InstanceFacts {
  return {
    ...NEVER_DEPLOYED,
    status: 'deployed',
    stackVersion: 1,
    fingerprint: aFingerprint(),
    outputs: { id: { value: 'old-1', secret: false } },
    lastDeployedAt: new Date('2029-12-01T00:00:00.000Z'),
    lastConfig: { values: { size: 'old' }, secretKeys: [] },
    ...facts,
  };
}

export function aRunStack(name: string, fields: Partial<RunStack> = {}): RunStack {
  return {
    name,
    priority: 100,
    dependencies: [],
    selected: true,
    skipManually: false,
    critical: true,
    estimateSeconds: 60,
    programDir: `/stacks/${name}`,
    codeHash: 'c0de',
    templateHash: 'te2p1a7e',
    inputs: {},
    outputs: {},
    config: {},
    secretKeys: [],
    sticky: {},
    instance: NEVER_DEPLOYED,
    ...fields,
  };
}

/** Stack → its dependencies; priorities follow the order of the keys. */
export function stacksOf(
  graph: Readonly<Record<string, readonly string[]>>,
  fields: Readonly<Record<string, Partial<RunStack>>> = {},
): RunStack[] {
  return Object.entries(graph).map(([name, dependencies], index) =>
    aRunStack(name, { dependencies, priority: (index + 1) * 10, ...fields[name] }),
  );
}

export function aRunRequest(
  stacks: readonly RunStack[],
  options: Partial<RunOptions> = {},
  fields: Partial<RunRequest> = {},
): RunRequest {
  return {
    operationId: 'op-000000000001',
    type: 'deploy',
    startedBy: 'dev@acme.test',
    scope: { organization: 'acme', deploymentId: 'DTEST1', environment: 'dev', operationId: 'op-000000000001' },
    place: {
      organization: 'acme',
      organizationName: 'Acme',
      pulumiOrg: 'organization',
      project: 'shop',
      projectName: 'Shop',
      domain: 'acme.test',
      deploymentId: 'DTEST1',
      environment: 'dev',
      account: '111111111111',
      region: 'us-east-1',
      environmentConfig: {},
      processEnv: {},
    },
    options: { ...OPTIONS, ...options },
    stacks,
    environmentVersion: 0,
    manifestRevision: 1,
    fence: 1,
    ...fields,
  };
}
