import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AppError } from '../../shared/errors/app-error.js';
import { compareNames } from '../orchestrator/graph.js';
import { applyRules, findingLine, isBlocking } from './finding.js';
import { BUILT_IN_TEMPLATES, type ManifestTemplate } from './manifest-template.js';
import { readManifestTemplate } from './manifest-template.document.js';
import { REGISTRY_RULES } from './registry-rules.js';
import type { StackTemplate, StackTemplates } from './stack-template.js';
import { type CommonParameters, readCommonParameters, readStackTemplate } from './stack-template.document.js';
import { TEMPLATE_RULES } from './template-rules.js';
import { readYaml } from './yaml-text.js';

/** Common inputs and outputs of all stacks (stacks.md 1.1, 1.2); no stack. */
const COMMON_FILE = '_common.yaml';

export interface LoadedTemplates {
  /** By name, in the order priority, then name. */
  readonly stackTemplates: StackTemplates;
  /** Under the own parameters of every stack (stacks.md 1.1, 1.2). */
  readonly common: CommonParameters;
  /** Built-in ones, in the order of their list. */
  readonly manifestTemplates: ReadonlyMap<string, ManifestTemplate>;
}

/** Files below `templates/` are wrong; the message lists every problem of every file. The server does not start. */
export class TemplateFilesInvalid extends AppError {
  constructor(readonly problems: readonly string[]) {
    super(
      'VALIDATION_INVALID_TEMPLATE',
      500,
      `The template files have ${problems.length} problem(s):\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
  }
}

/**
 * Reads `<root>/config/*.yaml` and `<root>/default/*.yaml`, the system of record of the built-in ones.
 * @throws TemplateFilesInvalid with all problems of all files
 */
export function loadTemplates(root: string): LoadedTemplates {
  const problems: string[] = [];
  const common = loadCommon(join(root, 'config', COMMON_FILE), problems);
  const stackTemplates = loadStackTemplates(join(root, 'config'), common, problems);
  const manifestTemplates = loadManifestTemplates(join(root, 'default'), stackTemplates, problems);
  if (problems.length > 0) throw new TemplateFilesInvalid(problems);
  return { stackTemplates, common, manifestTemplates };
}

function loadStackTemplates(folder: string, common: CommonParameters, problems: string[]): StackTemplates {
  const found: StackTemplate[] = [];
  for (const file of yamlFiles(folder, problems)) {
    const read = readFile(join(folder, file), problems);
    if (read === undefined) continue;
    const { template, findings } = readStackTemplate(read.document, common, true);
    problems.push(...findings.map((finding) => `config/${file}: ${findingLine(finding)}`));
    if (!template) continue;
    if (`${template.name}.yaml` !== file)
      problems.push(`config/${file}: name is ${template.name}, expected ${basename(file, '.yaml')}`);
    found.push(template);
  }
  const templates = inStartOrder(found);
  if (problems.length === 0) {
    problems.push(...applyRules(REGISTRY_RULES, templates).map((finding) => `config: ${findingLine(finding)}`));
  }
  return templates;
}

/** By name, in the order priority, then name. */
export function inStartOrder(templates: readonly StackTemplate[]): StackTemplates {
  const sorted = [...templates].sort((a, b) => a.priority - b.priority || compareNames(a.name, b.name));
  return new Map(sorted.map((template) => [template.name, template]));
}

function loadCommon(file: string, problems: string[]): CommonParameters {
  const none = { inputs: {}, outputs: {} };
  if (!existsSync(file)) return none;
  const read = readFile(file, problems);
  if (read === undefined) return none;
  const { common, problems: own } = readCommonParameters(read.document);
  problems.push(...own.map((problem) => `config/${COMMON_FILE}: ${problem}`));
  return common;
}

function loadManifestTemplates(
  folder: string,
  stackTemplates: StackTemplates,
  problems: string[],
): Map<string, ManifestTemplate> {
  const found: ManifestTemplate[] = [];
  for (const file of yamlFiles(folder, problems)) {
    const read = readFile(join(folder, file), problems);
    if (read === undefined) continue;
    const { template, findings } = readManifestTemplate(read.document, {
      type: 'built-in',
      fallbackName: basename(file, '.yaml'),
      content: read.text,
    });
    const further = template ? applyRules(TEMPLATE_RULES, { template, stackTemplates }).filter(isBlocking) : [];
    problems.push(...[...findings, ...further].map((finding) => `default/${file}: ${findingLine(finding)}`));
    if (template) found.push(template);
  }
  const rank = (name: string): number => BUILT_IN_TEMPLATES.indexOf(name) + 1 || BUILT_IN_TEMPLATES.length + 1;
  found.sort((a, b) => rank(a.name) - rank(b.name) || compareNames(a.name, b.name));
  return new Map(found.map((template) => [template.name, template]));
}

function yamlFiles(folder: string, problems: string[]): string[] {
  if (!existsSync(folder)) {
    problems.push(`folder ${basename(folder)} is missing below TEMPLATES_ROOT`);
    return [];
  }
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml') && !file.startsWith('_'))
    .sort(compareNames);
}

function readFile(path: string, problems: string[]): { document: unknown; text: string } | undefined {
  const text = readFileSync(path, 'utf8');
  const { document, findings } = readYaml(text);
  problems.push(...findings.map((finding) => `${basename(path)}: ${finding.ruleId} ${finding.message}`));
  return findings.length > 0 ? undefined : { document, text };
}
