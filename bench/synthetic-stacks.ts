import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { PROJECT_ROOT } from '../src/shared/kernel/paths.js';

interface RealTemplate {
  readonly name: string;
  readonly category: string;
  readonly priority: number;
  readonly critical: boolean;
  readonly dependencies: readonly string[];
  readonly optionalDependencies: readonly string[];
  readonly estimatedDuration: number;
}

/** A log group, and an output that names what the stack was given: a change upstream would run all that depend on it. */
const PROGRAM = `'use strict';
const pulumi = require('@pulumi/pulumi');
const aws = require('@pulumi/aws');
const stack = STACK;
const config = new pulumi.Config(stack);
const group = new aws.cloudwatch.LogGroup('log', { name: '/bench/' + stack, retentionInDays: 7 });
module.exports = {
  stackName: stack,
  stackEnvironment: config.require('environment'),
  stackDeploymentId: config.require('deploymentId'),
  stackVersion: '1.0.0',
  __exists: true,
  groupArn: group.arn,
};
`;

/**
 * Writes stacks that have the graph, priorities and estimates of the real templates, but tiny programs of one resource. Each
 * takes an output of every stack it depends on, so that deciding means resolving placeholders as with real ones.
 * @param root an empty folder
 * @returns settings of a server that knows these stacks instead of the real ones; the template is `default`
 */
export function writeSyntheticStacks(root: string): {
  readonly stacks: number;
  readonly settings: Record<string, string>;
} {
  const source = join(PROJECT_ROOT, 'templates', 'config');
  const real = readdirSync(source)
    .filter((file) => file.endsWith('.yaml') && !file.startsWith('_'))
    .map((file) => parse(readFileSync(join(source, file), 'utf8')) as RealTemplate);
  const folder = (...path: string[]): string => {
    const made = join(root, ...path);
    mkdirSync(made, { recursive: true });
    return made;
  };
  cpSync(join(source, '_common.yaml'), join(folder('templates', 'config'), '_common.yaml'));
  for (const template of real) {
    write(join(root, 'templates', 'config', `${template.name}.yaml`), stringify(syntheticTemplate(template)));
    const program = PROGRAM.replace('STACK', JSON.stringify(template.name));
    write(join(folder('stacks', template.name, 'src'), 'index.ts'), program);
    write(join(folder('build', template.name, 'src'), 'index.js'), program);
  }
  write(join(folder('templates', 'default'), 'default.yaml'), stringify(manifestTemplate(real)));
  symlinkSync(join(PROJECT_ROOT, 'node_modules'), join(root, 'node_modules'));
  return {
    stacks: real.length,
    settings: {
      TEMPLATES_ROOT: join(root, 'templates'),
      STACKS_ROOT: join(root, 'stacks'),
      STACKS_BUILD_ROOT: join(root, 'build'),
    },
  };
}

function syntheticTemplate(template: RealTemplate): object {
  const { name, category, priority, critical, dependencies, optionalDependencies, estimatedDuration } = template;
  const inputs = dependencies.map((each) => [
    `${each}Group`,
    { type: 'string', required: true, default: `{{RUNTIME:${each}:groupArn}}` },
  ]);
  return {
    ...{ name, category, priority, critical, dependencies, optionalDependencies, estimatedDuration },
    version: '1.0.0',
    estimatedResources: 1,
    parameters: { inputs: Object.fromEntries(inputs) as object, outputs: { groupArn: { type: 'string' } } },
  };
}

function manifestTemplate(real: readonly RealTemplate[]): object {
  return {
    name: 'default',
    version: '1.0.0',
    environments: {
      dev: { enabled: true, account: '{{AWS_ACCOUNT_DEV}}', region: '{{PRIMARY_REGION}}' },
    },
    stacks: Object.fromEntries(
      real.map(({ name, dependencies, priority }) => [name, { enabled: true, dependencies, priority }]),
    ),
  };
}

function write(file: string, text: string): void {
  writeFileSync(file, text);
}
