import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { PROJECT_ROOT } from '../../shared/kernel/paths.js';
import { estimate, remainingOf, type TimedStack } from './estimate.js';

/** The graph of built-in templates with the estimates they carry. */
function template(...names: string[]): TimedStack[] {
  return names.map((name) => {
    const text = readFileSync(join(PROJECT_ROOT, 'templates', 'config', `${name}.yaml`), 'utf8');
    const read = parse(text) as {
      priority: number;
      estimatedDuration: number;
      dependencies: string[];
      optionalDependencies?: string[];
    };
    const dependencies = [...read.dependencies, ...(read.optionalDependencies ?? [])].filter((each) =>
      names.includes(each),
    );
    return { name, priority: read.priority, dependencies, seconds: read.estimatedDuration };
  });
}

const MINIMAL = template('dns', 'network', 'security');
const MICROSERVICES = template(
  ...[
    'network',
    'security',
    'secrets',
    'authentication',
    'containers-images',
    'services-ecr',
    'services-ecs',
    'services-api',
  ],
);
const DATA = template('network', 'security', 'secrets', 'storage', 'database-rds', 'compute-lambda', 'monitoring');
const DEFAULT = template(
  ...['dns', 'network', 'security', 'secrets', 'authentication', 'storage', 'database-rds', 'containers-images'],
  ...[
    'services-ecr',
    'containers-apps',
    'services-ecs',
    'services-eks',
    'services-api',
    'compute-ec2',
    'compute-lambda',
  ],
  'monitoring',
);

describe('estimates (deployments.md 6.5, vectors 1 and 1a of 6.6)', () => {
  it.each([
    ['[6.6-1] default', DEFAULT, 3, 'ready', 2520],
    ['[6.6-1] default by layer', DEFAULT, 3, 'layer', 2940],
    ['[6.6-1] default critical path', DEFAULT, 16, 'ready', 2340],
    ['[6.6-1] default one after another', DEFAULT, 1, 'ready', 4950],
    ['[6.6-1a] minimal', MINIMAL, 3, 'ready', 600],
    ['[6.6-1a] minimal one after another', MINIMAL, 1, 'ready', 780],
    ['[6.6-1a] microservices', MICROSERVICES, 3, 'ready', 1140],
    ['[6.6-1a] microservices one after another', MICROSERVICES, 1, 'ready', 1350],
    ['[6.6-1a] data-platform', DATA, 3, 'ready', 2040],
    ['[6.6-1a] data-platform by layer', DATA, 3, 'layer', 2160],
    ['[6.6-1a] data-platform one after another', DATA, 1, 'ready', 2220],
    ['nothing', [], 3, 'ready', 0],
  ] as const)('%s', (_name, stacks, lanes, schedule, expected) => {
    expect(estimate(stacks, lanes, schedule)).toBe(expected);
  });

  it('counts a running stack from where it is, on its lane', () => {
    const stacks = [
      { name: 'a', priority: 1, dependencies: [], seconds: 30, isRunning: true },
      { name: 'b', priority: 2, dependencies: [], seconds: 10 },
      { name: 'c', priority: 3, dependencies: ['a'], seconds: 5 },
    ];
    expect([estimate(stacks, 1, 'ready'), estimate(stacks, 2, 'ready')]).toEqual([45, 35]);
  });

  it('never expects less of a running stack than a tenth of its estimate', () => {
    expect([remainingOf(100, 30), remainingOf(100, 95), remainingOf(100, 500)]).toEqual([70, 10, 10]);
  });
});
