import { Injectable } from '@nestjs/common';
import { Config } from '../../shared/config/config.js';
import { NotFound, Refused } from '../../shared/errors/app-error.js';
import { StackGraph } from '../orchestrator/graph.js';
import { applyRules, type Finding, isBlocking } from './finding.js';
import type { ManifestTemplate } from './manifest-template.js';
import type { StackTemplates } from './stack-template.js';
import { loadTemplates, type LoadedTemplates } from './template-files.js';
import { templateGraph, TEMPLATE_RULES } from './template-rules.js';

/** How a custom template may be addressed (deployments.md 1.4). */
const CUSTOM_PREFIX = /^custom:/;

export interface TemplateFilter {
  readonly type?: 'built-in' | 'custom';
  /** Only templates with this stack. */
  readonly stack?: string;
  /** Part of name, title or description, in any case. */
  readonly search?: string;
}

/** A template with what follows from its stacks. */
export interface TemplateDetail {
  readonly template: ManifestTemplate;
  readonly stacks: readonly TemplateStackDetail[];
  /** Seconds of a first run in dev with a lane for every stack: the critical path. */
  readonly deploymentTime: number;
}

export interface TemplateStackDetail {
  readonly name: string;
  readonly enabled: boolean;
  /** From 1; −1 for a disabled stack. */
  readonly layer: number;
  /** Another enabled stack of the template cannot do without it. */
  readonly required: boolean;
  readonly description: string;
}

export type TemplateCheck = 'syntax' | 'stack-definitions' | 'dependencies' | 'configuration' | 'variables';

export interface TemplateValidation {
  readonly templateName: string;
  readonly valid: boolean;
  readonly checks: readonly {
    readonly name: TemplateCheck;
    readonly status: 'passed' | 'failed';
    readonly message: string;
  }[];
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** Which check of the answer a rule belongs to; the document's own rules are `syntax`. */
const CHECK_OF: Readonly<Record<string, TemplateCheck>> = {
  'TPL-007': 'stack-definitions',
  'TPL-W01': 'stack-definitions',
  'TPL-008': 'dependencies',
  'TPL-011': 'configuration',
  'TPL-010': 'variables',
};
const CHECKS: readonly TemplateCheck[] = ['stack-definitions', 'dependencies', 'configuration', 'variables', 'syntax'];

/** Stack templates and manifest templates. The built-in ones are read from files once, when the server starts. */
@Injectable()
export class TemplatesService {
  readonly #loaded: LoadedTemplates;

  /** @throws TemplateFilesInvalid listing every problem of every file */
  constructor(config: Config) {
    this.#loaded = loadTemplates(config.paths.templates);
  }

  /** Every registered stack template by name, by priority, then name. */
  get stackTemplates(): StackTemplates {
    return this.#loaded.stackTemplates;
  }

  /** Built-in ones first. */
  list(filter: TemplateFilter): ManifestTemplate[] {
    const search = filter.search?.toLowerCase();
    return [...this.#loaded.manifestTemplates.values()].filter(
      (template) =>
        (!filter.type || template.type === filter.type) &&
        (!filter.stack || filter.stack in template.stacks) &&
        (!search ||
          [template.name, template.displayName, template.description].some((text) =>
            text.toLowerCase().includes(search),
          )),
    );
  }

  find(name: string): ManifestTemplate | null {
    return this.#loaded.manifestTemplates.get(name.replace(CUSTOM_PREFIX, '')) ?? null;
  }

  /** Active or deleted: a deployment keeps the name of the template it was made from. */
  isKnown(name: string): boolean {
    return this.find(name) !== null;
  }

  /** @throws NotFound */
  get(name: string): TemplateDetail {
    const template = this.find(name);
    if (!template) throw new NotFound('template', name);
    const nodes = templateGraph({ template, stackTemplates: this.stackTemplates });
    const graph = new StackGraph(nodes);
    const needed = new Set(nodes.flatMap((node) => this.stackTemplates.get(node.name)?.dependencies ?? []));
    return {
      template,
      stacks: Object.entries(template.stacks).map(([stack, block]) => ({
        name: stack,
        enabled: block.enabled,
        layer: graph.layerOf(stack),
        required: needed.has(stack),
        description: this.stackTemplates.get(stack)?.description ?? '',
      })),
      deploymentTime: template.deploymentTime ?? this.#criticalPath(graph),
    };
  }

  /**
   * The active template a deployment is made from.
   * @throws Refused `VALIDATION_INVALID_TEMPLATE` when there is none of that name
   */
  forInitialising({ template: name }: { readonly template: string }): ManifestTemplate {
    const template = this.find(name);
    if (template?.status === 'active') return template;
    const known = [...this.#loaded.manifestTemplates.keys()];
    const message = `Template "${name}" is unknown`;
    const error: Finding = {
      ruleId: 'SCH-008',
      code: 'UNKNOWN_TEMPLATE',
      severity: 'HIGH',
      message,
      location: 'template',
      details: { known },
      remediation: `Use one of ${known.join(', ')}.`,
    };
    throw new Refused('VALIDATION_INVALID_TEMPLATE', message, {
      details: { template: name, known, errors: [error] },
      suggestion: error.remediation,
    });
  }

  /** Names of the active templates with that stack. */
  templatesWith(stack: string): string[] {
    return this.list({ stack }).map((template) => template.name);
  }

  /** Rules TPL of deployments.md 8.2; never changes anything. @throws NotFound */
  validate(name: string): TemplateValidation {
    const template = this.find(name);
    if (!template) throw new NotFound('template', name);
    const findings = applyRules(TEMPLATE_RULES, { template, stackTemplates: this.stackTemplates });
    const errors = findings.filter(isBlocking);
    const checks = CHECKS.map((check) => {
      const own = errors.filter((finding) => (CHECK_OF[finding.ruleId] ?? 'syntax') === check);
      return {
        name: check,
        status: own.length === 0 ? ('passed' as const) : ('failed' as const),
        message: own.length === 0 ? 'no problems' : own.map((finding) => finding.message).join('; '),
      };
    });
    return {
      templateName: template.name,
      valid: errors.length === 0,
      checks,
      errors,
      warnings: findings.filter((finding) => !isBlocking(finding)),
    };
  }

  #criticalPath(graph: StackGraph): number {
    const ends = new Map<string, number>();
    for (const name of graph.layers.flat()) {
      const start = Math.max(0, ...[...graph.dependenciesOf(name)].map((dependency) => ends.get(dependency) ?? 0));
      ends.set(name, start + (this.stackTemplates.get(name)?.estimatedDuration ?? 0));
    }
    return Math.max(0, ...ends.values());
  }
}
