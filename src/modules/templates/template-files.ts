import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseDocument } from 'yaml';
import { AppError } from '../../shared/errors/app-error.js';
import { compareNames } from '../orchestrator/graph.js';
import { applyRules, findingLine, isBlocking } from './finding.js';
import { BUILT_IN_TEMPLATES, type ManifestTemplate } from './manifest-template.js';
import { readManifestTemplate } from './manifest-template.document.js';
import { REGISTRY_RULES } from './registry-rules.js';
import type { StackTemplate, StackTemplates } from './stack-template.js';
import { type CommonParameters, readCommonParameters, readStackTemplate } from './stack-template.document.js';
import { TEMPLATE_RULES } from './template-rules.js';

/** Resolved aliases of one file: no document of ours comes near, an alias bomb would. */
const MAX_ALIASES = 100;
/** Common inputs and outputs of all stacks (stacks.md 1.1, 1.2); no stack. */
const COMMON_FILE = '_common.yaml';

export interface LoadedTemplates {
  /** By name, in the order priority, then name. */
  readonly stackTemplates: StackTemplates;
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
  const stackTemplates = loadStackTemplates(join(root, 'config'), problems);
  const manifestTemplates = loadManifestTemplates(join(root, 'default'), stackTemplates, problems);
  if (problems.length > 0) throw new TemplateFilesInvalid(problems);
  return { stackTemplates, manifestTemplates };
}

function loadStackTemplates(folder: string, problems: string[]): StackTemplates {
  const common = loadCommon(join(folder, COMMON_FILE), problems);
  const found: StackTemplate[] = [];
  for (const file of yamlFiles(folder, problems)) {
    const read = readYaml(join(folder, file), problems);
    if (read === undefined) continue;
    const { template, findings } = readStackTemplate(read.document, common, true);
    problems.push(...findings.map((finding) => `config/${file}: ${findingLine(finding)}`));
    if (!template) continue;
    if (`${template.name}.yaml` !== file)
      problems.push(`config/${file}: name is ${template.name}, expected ${basename(file, '.yaml')}`);
    found.push(template);
  }
  found.sort((a, b) => a.priority - b.priority || compareNames(a.name, b.name));
  const templates = new Map(found.map((template) => [template.name, template]));
  if (problems.length === 0) {
    problems.push(...applyRules(REGISTRY_RULES, templates).map((finding) => `config: ${findingLine(finding)}`));
  }
  return templates;
}

function loadCommon(file: string, problems: string[]): CommonParameters {
  const none = { inputs: {}, outputs: {} };
  if (!existsSync(file)) return none;
  const read = readYaml(file, problems);
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
    const read = readYaml(join(folder, file), problems);
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

/** TPL-001: the text parses, no key twice. */
function readYaml(path: string, problems: string[]): { document: unknown; text: string } | undefined {
  const text = readFileSync(path, 'utf8');
  const document = parseDocument(text, { uniqueKeys: true, schema: 'core' });
  const errors = [...document.errors, ...document.warnings];
  problems.push(...errors.map((error) => `${basename(path)}: TPL-001 ${error.message.split('\n', 1)[0]}`));
  return errors.length > 0 ? undefined : { document: document.toJS({ maxAliasCount: MAX_ALIASES }), text };
}
