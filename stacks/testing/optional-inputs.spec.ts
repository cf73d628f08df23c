import { ProgramHost, type ProgramRun } from './program-host';
import {
  commonTemplate,
  manifestTemplate,
  producersOf,
  STACK_NAMES,
  stackTemplate,
  templateConfig,
} from './template-config';

/** X7 and the features-off half of X2 (stacks.md 15): what a stack does without what it does not need. */

let host: ProgramHost;
beforeAll(() => {
  host = new ProgramHost();
});
afterAll(() => host.close());

const run = (stack: string, overrides: Readonly<Record<string, unknown>>, environment = 'dev') =>
  host.run(
    stack,
    templateConfig(stack, environment, { ...manifestTemplate('default').stacks[stack]?.config, ...overrides }),
  );

/** The inputs that come from these stacks, left out. */
const without = (stack: string, producers: readonly string[]): Record<string, null> =>
  Object.fromEntries(
    Object.entries(producersOf(stack)).flatMap(([key, producer]) =>
      producers.includes(producer) ? [[key, null]] : [],
    ),
  );

function expectAllOutputs(stack: string, { error, outputs, undefinedOutputs }: ProgramRun): void {
  expect([stack, error]).toEqual([stack, undefined]);
  const declared = [commonTemplate(), stackTemplate(stack)].flatMap(({ parameters }) =>
    Object.entries(parameters.outputs),
  );
  expect(Object.keys(outputs).sort()).toEqual(declared.map(([name]) => name).sort());
  expect(undefinedOutputs).toEqual([]);
  const typeOf = (value: unknown) => (Array.isArray(value) ? 'array' : typeof value);
  for (const [name, { type }] of declared) expect([name, typeOf(outputs[name])]).toEqual([name, type]);
}

const EDGES = STACK_NAMES.flatMap((stack) =>
  stackTemplate(stack).optionalDependencies.map((producer) => [stack, producer] as const),
);

test.each(EDGES)('X7: %s instantiates without %s', async (stack, producer) => {
  for (const environment of ['dev', 'prod']) {
    expectAllOutputs(stack, await run(stack, without(stack, [producer]), environment));
  }
});

test.each([...new Set(EDGES.map(([stack]) => stack))])('X7: %s instantiates without any of them', async (stack) => {
  for (const environment of ['dev', 'stage', 'prod']) {
    const done = await run(stack, without(stack, stackTemplate(stack).optionalDependencies), environment);
    expectAllOutputs(stack, done);
  }
});

/** What besides flags switches a feature off. */
const OFF: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  dns: { hostedZoneId: 'Z0GIVEN' },
  network: { natGateways: 'none', interfaceEndpoints: [] },
  security: { workloads: [] },
  secrets: { generatedSecrets: [], externalSecrets: [], ecsExecutionRoleName: '' },
  authentication: { extraCallbackUrls: [] },
  storage: { buckets: ['primary', 'logs', 'artifacts'], efsSecurityGroupId: '' },
  'services-ecr': { baseRepositories: [] },
  'services-eks': { enabledLogTypes: [] },
  'services-api': { corsAllowedOrigins: [], publicRoutes: [] },
  'compute-ec2': { tiers: ['worker'] },
  'compute-lambda': { dailySchedule: '', hourlySchedule: '', uploadPrefix: '' },
  monitoring: { alertEmail: '', natGatewayIds: [], monthlyBudgetUsd: 0, errorLogPattern: null },
};

test.each(STACK_NAMES)('X2: %s exports every output with all its features off', async (stack) => {
  const inputs = Object.entries(stackTemplate(stack).parameters.inputs);
  const flags = inputs.flatMap(([key, { type }]) => (type === 'boolean' ? [[key, false] as const] : []));
  const done = await run(stack, {
    ...Object.fromEntries(flags),
    ...without(stack, stackTemplate(stack).optionalDependencies),
    ...OFF[stack],
  });
  expectAllOutputs(stack, done);
});
