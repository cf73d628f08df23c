import { runManifest } from './manifest-run';
import { countByType, ProgramHost, type ProgramRun } from './program-host';
import { DEFAULT_COUNTS, defaultCounts, ENVIRONMENTS, GRAND_TOTALS, TOTALS } from './resource-counts';
import { manifestTemplate, STACK_NAMES, stackTemplate } from './template-config';

/** Every template, every environment, every stack of it, each fed with what its producers export (stacks.md 10 and 11). */

let host: ProgramHost;
beforeAll(() => {
  host = new ProgramHost();
});
afterAll(() => host.close());

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, one) => total + one, 0);

test('X1: the tables of counts agree with each other and with the templates', () => {
  expect(Object.keys(DEFAULT_COUNTS).sort()).toEqual(STACK_NAMES);
  for (const [template, totals] of Object.entries(TOTALS)) {
    expect(Object.keys(totals).sort()).toEqual(Object.keys(manifestTemplate(template).stacks).sort());
    for (const [index, total] of (GRAND_TOTALS[template] ?? []).entries()) {
      expect([template, sum(Object.values(totals).map((row) => row[index] ?? 0))]).toEqual([template, total]);
    }
  }
  for (const stack of STACK_NAMES) {
    const totals = ENVIRONMENTS.map((environment) => sum(Object.values(defaultCounts(stack, environment))));
    expect([stack, totals]).toEqual([stack, TOTALS['default']?.[stack]]);
    expect([stack, stackTemplate(stack).estimatedResources]).toEqual([stack, totals[0]]);
  }
});

const RUNS = Object.keys(TOTALS).flatMap((template) =>
  Object.keys(manifestTemplate(template).environments).map((environment, index) => ({ template, environment, index })),
);

describe.each(RUNS)('X1: template $template in $environment', ({ template, environment, index }) => {
  let runs: ReadonlyMap<string, ProgramRun>;
  beforeAll(async () => {
    runs = await runManifest(host, template, environment);
  }, 120_000);

  test('every stack instantiates with what its producers export', () => {
    for (const [stack, run] of runs) {
      expect([stack, run.error]).toEqual([stack, undefined]);
      expect([stack, run.undefinedOutputs]).toEqual([stack, []]);
    }
  });

  test('has the total of every stack, and of all', () => {
    const totals = Object.fromEntries([...runs].map(([stack, { resources }]) => [stack, resources.length]));
    const expected = Object.entries(TOTALS[template] ?? {}).map(([stack, row]) => [stack, row[index]]);
    expect(totals).toEqual(Object.fromEntries(expected));
    expect(sum(Object.values(totals))).toBe(GRAND_TOTALS[template]?.[index]);
  });

  test('registers every name once per type', () => {
    for (const [stack, { resources }] of runs) {
      const names = resources.map(({ type, name }) => `${type} ${name}`);
      expect([stack, new Set(names).size]).toEqual([stack, names.length]);
    }
  });

  if (template !== 'default') return;
  test.each(STACK_NAMES)('%s has the count of every type', (stack) => {
    const run = runs.get(stack);
    expect(run && countByType(run)).toEqual(defaultCounts(stack, environment));
  });
});
