import { ProgramHost } from './program-host';
import {
  commonTemplate,
  type InputSpec,
  manifestTemplate,
  STACK_NAMES,
  stackTemplate,
  templateConfig,
} from './template-config';

/**
 * X3 of stacks.md 15. What a template says about an input (type, range, pattern, choices) the program holds to as well: the cases
 * are made of the template. Rules over several inputs stand in the table below, and again, case by case, beside each program.
 */

let host: ProgramHost;
beforeAll(() => {
  host = new ProgramHost();
});
afterAll(() => host.close());

/** With the values of the default template. */
const run = (stack: string, overrides: Readonly<Record<string, unknown>>, environment = 'dev') =>
  host.run(
    stack,
    templateConfig(stack, environment, { ...manifestTemplate('default').stacks[stack]?.config, ...overrides }),
  );

const inputsOf = (stack: string): [string, InputSpec][] =>
  Object.entries({ ...commonTemplate().parameters.inputs, ...stackTemplate(stack).parameters.inputs });

/** Values that the template itself refuses. */
function badValues({ type, minimum, maximum, pattern, allowedValues }: InputSpec): unknown[] {
  switch (type) {
    case 'boolean':
      return ['maybe'];
    case 'number':
      return ['many', ...(minimum === undefined ? [] : [minimum - 1]), ...(maximum === undefined ? [] : [maximum + 1])];
    case 'string':
      return [
        ...(allowedValues ? ['none of these'] : []),
        ...(pattern && !new RegExp(pattern).test('\u00a7 no') ? ['\u00a7 no'] : []),
        ...(maximum === undefined ? [] : ['x'.repeat(maximum + 1)]),
        ...(minimum === 1 ? [''] : []),
      ];
    case 'array':
      return [
        '[',
        'text',
        ...(minimum ? [[]] : []),
        ...(maximum === undefined ? [] : [Array.from({ length: maximum + 1 }, (_, i) => `x${i}`)]),
      ];
    case 'object':
      return ['{', ['text']];
    default:
      return type satisfies never;
  }
}

describe.each(STACK_NAMES)('X3: %s', (stack) => {
  const required = inputsOf(stack).filter(([, spec]) => spec.required);
  const malformed = inputsOf(stack).flatMap(([key, spec]) => badValues(spec).map((value) => [key, value] as const));

  test.each(required.map(([key]) => key))('without %s nothing is registered', async (key) => {
    const { error, resources } = await run(stack, { [key]: null });
    expect(error).toMatchObject({ name: 'InvalidInput', key });
    expect(error?.message).toMatch(new RegExp(`^${stack}: ${key} is missing: expected `));
    expect(resources).toEqual([]);
  });

  test.each(malformed)('%s = %j is refused before anything is registered', async (key, value) => {
    const { error, resources } = await run(stack, { [key]: value });
    expect(error).toMatchObject({ name: 'InvalidInput', key });
    expect(error?.message).toMatch(new RegExp(`^${stack}: ${key} = `));
    expect(resources).toEqual([]);
  });
});

const SERVICE = { name: 'api', repository: 'api', securityTier: 'api' };

/** Rules of the Validation columns that one input alone cannot break: stack, what breaks it, the key that is named, environment. */
const TOGETHER: [string, Record<string, unknown>, string, string?][] = [
  ['dns', { createHostedZone: false, hostedZoneId: '' }, 'hostedZoneId'],
  ['network', { azCount: 3, availabilityZoneNames: ['us-east-1a', 'us-east-1b'] }, 'availabilityZoneNames'],
  ['network', { enableFlowLogs: false }, 'enableFlowLogs', 'prod'],
  ['network', { vpcCidr: '8.8.0.0/16' }, 'vpcCidr'],
  ['security', { workloads: ['apigateway'] }, 'workloads'],
  ['security', { apiPort: 3000 }, 'apiPort'],
  ['security', { enableKeyRotation: false }, 'enableKeyRotation', 'prod'],
  ['secrets', { generatedSecrets: ['same'], externalSecrets: ['same'] }, 'externalSecrets'],
  ['secrets', { recoveryWindowDays: 3 }, 'recoveryWindowDays'],
  ['authentication', { mfaMode: 'OFF' }, 'mfaMode', 'prod'],
  ['authentication', { extraCallbackUrls: ['http://localhost:3000/auth/callback'] }, 'extraCallbackUrls', 'stage'],
  ['authentication', { enableGoogle: true, googleClientId: '' }, 'googleClientId'],
  ['storage', { buckets: ['primary', 'logs'] }, 'buckets'],
  ['storage', { iaTransitionDays: 90, glacierTransitionDays: 90 }, 'glacierTransitionDays'],
  ['storage', { enableEfs: true, efsSecurityGroupId: '' }, 'efsSecurityGroupId'],
  ['storage', { backupColdStorageDays: 30, backupRetentionDays: 100 }, 'backupColdStorageDays'],
  ['database-rds', { allocatedStorage: 200, maxAllocatedStorage: 100 }, 'maxAllocatedStorage'],
  ['database-rds', { masterUsername: 'postgres' }, 'masterUsername'],
  ['database-rds', { backupWindow: '03:30-04:30', maintenanceWindow: 'sun:04:00-sun:05:00' }, 'maintenanceWindow'],
  ['containers-images', { imageTagMutability: 'MUTABLE' }, 'imageTagMutability', 'prod'],
  ['containers-images', { sourceRepositoryUrl: 'https://git.example.com/a.git' }, 'sourceConnectionArn'],
  ['containers-apps', { apps: [] }, 'apps'],
  ['containers-apps', { apps: [{ ...SERVICE, name: 'a', repository: 'none', port: 8080, default: true }] }, 'apps'],
  ['containers-apps', { cpu: 256, memory: 4096 }, 'memory'],
  ['containers-apps', { minCapacity: 4, maxCapacity: 3 }, 'maxCapacity'],
  ['containers-apps', { enableExecuteCommand: true }, 'enableExecuteCommand', 'prod'],
  ['services-ecr', { enhancedScanning: true }, 'enhancedScanning'],
  ['services-ecr', { replicationRegions: ['us-west-2'] }, 'replicationRegions'],
  ['services-ecr', { manageRegistrySettings: true, replicationRegions: ['us-east-1'] }, 'replicationRegions'],
  ['services-ecs', { services: [SERVICE, SERVICE] }, 'services'],
  ['services-ecs', { services: [{ ...SERVICE, repository: 'none' }] }, 'services'],
  ['services-ecs', { minCapacity: 4, maxCapacity: 3 }, 'maxCapacity'],
  ['services-eks', { nodeMinSize: 3, nodeDesiredSize: 2 }, 'nodeMinSize'],
  ['services-eks', { endpointPublicAccess: true }, 'publicAccessCidrs'],
  ['services-eks', { endpointPublicAccess: true, publicAccessCidrs: ['0.0.0.0/0'] }, 'publicAccessCidrs'],
  ['services-api', { protectedRoutes: ['GET /a'], publicRoutes: ['GET /a'] }, 'publicRoutes'],
  ['services-api', { publicRoutes: ['$default'] }, 'publicRoutes'],
  ['services-api', { corsAllowedOrigins: ['http://localhost:3000'] }, 'corsAllowedOrigins', 'prod'],
  ['compute-ec2', { webMin: 4, webMax: 3 }, 'webMin'],
  ['compute-ec2', { tiers: [] }, 'tiers'],
  ['compute-lambda', { batchSize: 11, batchWindowSeconds: 0 }, 'batchWindowSeconds'],
  ['compute-lambda', { reservedConcurrency: 0 }, 'reservedConcurrency'],
  ['compute-lambda', { uploadPrefix: 'processed/' }, 'uploadPrefix'],
  ['monitoring', { responseTimeSeconds: 0 }, 'responseTimeSeconds'],
];

test.each(TOGETHER)('X3: %s refuses %j, naming %s', async (stack, overrides, key, environment = 'dev') => {
  const { error, resources } = await run(stack, overrides, environment);
  expect(error).toMatchObject({ name: 'InvalidInput', key });
  expect(resources).toEqual([]);
});

describe('X3: common keys', () => {
  const COMMON = commonTemplate().parameters.inputs;
  const required = Object.entries(COMMON).filter(([, { required: isRequired }]) => isRequired);

  test.each(required.map(([key]) => key))('a run without %s is refused before anything is registered', async (key) => {
    const run = await host.run('network', templateConfig('network', 'dev', { [key]: null }));
    expect(run.error?.message).toBe(`network: ${key} is missing: expected a string`);
    expect(run.resources).toEqual([]);
  });

  test.each<[string, unknown, string]>([
    ['deploymentId', 'X3VCA0', 'expected D and 5 to 9'],
    ['organization', 'x'.repeat(101), 'at most 100 characters'],
    ['project', '!!!', 'at least one letter'],
    ['environment', 'staging', 'expected one of dev, stage, prod'],
    ['region', 'us-east', 'expected an AWS region'],
    ['secondaryRegion', 'us-east-1', 'must differ from region'],
    ['accountId', '1234', '12 digits'],
    ['domain', 'localhost', 'at least two labels'],
    ['team', 'x'.repeat(65), 'at most 64 characters'],
    ['costCenter', 'x'.repeat(65), 'at most 64 characters'],
    ['protectStateful', 'yes', 'expected one of true, false'],
    ['logRetentionDays', 8, 'expected one of 1, 3, 5'],
    ['logRetentionDays', 'many', 'expected a number'],
    ['extraTags', { Stack: 'mine' }, 'Stack is a tag of every resource'],
    ['extraTags', { name: 'mine' }, 'name is a tag of every resource'],
    ['extraTags', ['a'], 'expected an object of strings'],
    ['extraTags', Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`t${i}`, 'x'])), 'at most 20 tags'],
    ['extraTags', '{', 'expected JSON'],
  ])('%s = %j is refused before anything is registered', async (key, value, rule) => {
    const run = await host.run('network', templateConfig('network', 'dev', { [key]: value }));
    expect(run.error).toMatchObject({ name: 'InvalidInput', key });
    expect(run.error?.message).toContain(`network: ${key} = `);
    expect(run.error?.message).toContain(rule);
    expect(run.resources).toEqual([]);
  });
});
