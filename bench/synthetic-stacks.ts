import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { PROJECT_ROOT } from '../src/shared/kernel/paths.js';

/** What of a stack template decides order and time. */
export interface GraphTemplate {
  readonly name: string;
  readonly category: string;
  readonly priority: number;
  readonly critical: boolean;
  readonly dependencies: readonly string[];
  readonly optionalDependencies: readonly string[];
  readonly estimatedDuration: number;
}

/**
 * A log group, and an output that names what the stack was given: a change upstream would run all that depend on it. Passes
 * the checks of the code before a deployment.
 */
function programOf({ name, dependencies }: GraphTemplate): string {
  return `'use strict';
const pulumi = require('@pulumi/pulumi');
const aws = require('@pulumi/aws');
const config = new pulumi.Config('${name}');
const given = [
${dependencies.map((each) => `  config.require('${inputOf(each)}'),\n`).join('')}];
const group = new aws.cloudwatch.LogGroup('log', { name: '/bench/${name}', retentionInDays: 7, tags: { given: String(given.length) } });
module.exports = {
  stackName: '${name}',
  stackEnvironment: config.require('environment'),
  stackDeploymentId: config.require('deploymentId'),
  stackVersion: '1.0.0',
  __exists: true,
  groupArn: group.arn,
};
`;
}

function inputOf(dependency: string): string {
  return `${dependency}Group`;
}

const TEMPLATES = join(PROJECT_ROOT, 'templates', 'config');

/** Graph, priorities and estimates of the real templates. */
export function realGraph(): GraphTemplate[] {
  return readdirSync(TEMPLATES)
    .filter((file) => file.endsWith('.yaml') && !file.startsWith('_'))
    .map((file) => parse(readFileSync(join(TEMPLATES, file), 'utf8')) as GraphTemplate);
}

/** A graph of any size: each stack needs up to three of the twenty before it, the same ones every time. */
export function aGraphOf(size: number): GraphTemplate[] {
  const nameOf = (index: number): string => `stack-${String(index).padStart(4, '0')}`;
  return Array.from({ length: size }, (_, index) => ({
    name: nameOf(index),
    category: 'devops',
    priority: 1 + (index % 900),
    critical: true,
    dependencies: [...new Set([1, 7, 17].map((back) => index - back - (index % 3)))]
      .filter((other) => other >= 0)
      .map(nameOf),
    optionalDependencies: [],
    estimatedDuration: 60 + (index % 7) * 30,
  }));
}

/**
 * Writes stacks that have a given graph, but tiny programs of one resource. Each takes an output of every stack it depends on,
 * so that deciding means resolving placeholders as with real ones.
 * @param root an empty folder
 * @param real default: the graph of the real templates
 * @returns settings of a server that knows these stacks instead of the real ones; the template is `default`
 */
export function writeSyntheticStacks(
  root: string,
  real: readonly GraphTemplate[] = realGraph(),
): {
  readonly stacks: number;
  readonly settings: Record<string, string>;
} {
  const folder = (...path: string[]): string => {
    const made = join(root, ...path);
    mkdirSync(made, { recursive: true });
    return made;
  };
  cpSync(join(TEMPLATES, '_common.yaml'), join(folder('templates', 'config'), '_common.yaml'));
  for (const template of real) {
    write(join(root, 'templates', 'config', `${template.name}.yaml`), stringify(syntheticTemplate(template)));
    const program = programOf(template);
    const source = folder('stacks', template.name, 'src');
    write(join(source, 'index.ts'), program.replace('module.exports =', 'export ='));
    write(join(source, 'Pulumi.yaml'), stringify({ name: template.name, runtime: 'nodejs', description: 'Bench' }));
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

function syntheticTemplate(template: GraphTemplate): object {
  const { name, category, priority, critical, dependencies, optionalDependencies, estimatedDuration } = template;
  const inputs = dependencies.map((each) => [
    inputOf(each),
    { type: 'string', required: true, default: `{{RUNTIME:${each}:groupArn}}` },
  ]);
  return {
    ...{ name, category, priority, critical, dependencies, optionalDependencies, estimatedDuration },
    version: '1.0.0',
    estimatedResources: 1,
    parameters: { inputs: Object.fromEntries(inputs) as object, outputs: { groupArn: { type: 'string' } } },
  };
}

function manifestTemplate(real: readonly GraphTemplate[]): object {
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
