import { Injectable } from '@nestjs/common';
import { NotFound, Refused } from '../../shared/errors/app-error.js';
import { Access } from '../../shared/http/access.port.js';
import { homeOrganization, type Principal } from '../../shared/http/principal.js';
import { StackGraph } from '../orchestrator/graph.js';
import { applyRules, type Finding, isBlocking } from './finding.js';
import { type ManifestTemplate, SHARED } from './manifest-template.js';
import { readManifestTemplate } from './manifest-template.document.js';
import type { StackTemplates } from './stack-template.js';
import { readCustomTemplate, TemplateLibrary } from './template-library.js';
import { templateGraph, TEMPLATE_RULES } from './template-rules.js';
import { readYaml } from './yaml-text.js';

/** How a custom template may be addressed (deployments.md 1.4). */
const CUSTOM_PREFIX = /^custom:/;
/** Versions that an answer names when the wanted one is not there. */
const MAX_VERSIONS_NAMED = 20;

/** Whose custom templates somebody sees besides the shared ones. */
export interface TemplateViewer {
  /** null = all. */
  readonly organizations: readonly string[] | null;
  /** Its template comes first where several have one of that name. */
  readonly home: string | null;
}
/** Everything, whoever it belongs to. */
export const SEES_ALL: TemplateViewer = { organizations: null, home: null };

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

/** Results of the TPL rules. */
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

/** Stack templates and manifest templates, as they are read; changes are made by CustomTemplatesService and the registry. */
@Injectable()
export class TemplatesService {
  constructor(
    private readonly library: TemplateLibrary,
    private readonly access: Access,
  ) {}

  /** Afterwards everything that any server has committed is seen here. */
  refresh(): Promise<void> {
    return this.library.refresh();
  }

  /** Every registered stack template by name, by priority, then name. */
  get stackTemplates(): StackTemplates {
    return this.library.stackTemplates;
  }

  viewerOf(principal: Principal): TemplateViewer {
    const { scopes } = this.access.visible(principal, 'templates:read');
    return {
      organizations: scopes ? [...new Set(scopes.map((scope) => scope.organization))] : null,
      home: homeOrganization(principal),
    };
  }

  /** Built-in ones first, then custom ones by name (deployments.md 2.5). */
  list(filter: TemplateFilter, viewer: TemplateViewer): ManifestTemplate[] {
    const search = filter.search?.toLowerCase();
    const custom = this.library.custom.filter((template) => isVisible(template, viewer));
    return [...this.library.builtIn.values(), ...custom].filter(
      (template) =>
        (!filter.type || template.type === filter.type) &&
        (!filter.stack || filter.stack in template.stacks) &&
        (!search ||
          [template.name, template.displayName, template.description].some((text) =>
            text.toLowerCase().includes(search),
          )),
    );
  }

  /** `organization` picks one where several have a template of that name; `*` the shared one. */
  find(name: string, viewer: TemplateViewer, organization?: string): ManifestTemplate | null {
    const plain = name.replace(CUSTOM_PREFIX, '');
    const builtIn = plain === name && organization === undefined ? this.library.builtIn.get(name) : undefined;
    if (builtIn) return builtIn;
    const rank = (template: ManifestTemplate): number =>
      [viewer.home, SHARED].indexOf(template.custom?.organization ?? '') >>> 0; // −1 comes last
    const [found] = this.library.custom
      .filter((template) => template.name === plain && isVisible(template, viewer))
      .filter((template) => organization === undefined || template.custom?.organization === organization)
      .sort((a, b) => rank(a) - rank(b));
    return found ?? null;
  }

  /** A deployment of that organization may name the template: it is there, or was (deployments.md 3.3). */
  isKnown(name: string, organization: string): boolean {
    const plain = name.replace(CUSTOM_PREFIX, '');
    return this.library.builtIn.has(plain) || this.library.wasThere(plain, [organization, SHARED]);
  }

  /** @throws NotFound */
  get(name: string, viewer: TemplateViewer, organization?: string): ManifestTemplate {
    const template = this.find(name, viewer, organization);
    if (!template) throw new NotFound('template', name);
    return template;
  }

  detailOf(template: ManifestTemplate): TemplateDetail {
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
   * The active template a deployment of that organization is made from; with a version, as it was in that version.
   * @throws Refused `VALIDATION_INVALID_TEMPLATE` when there is none of that name or version
   */
  async forInitialising(wanted: {
    readonly template: string;
    readonly organization: string;
    readonly templateVersion?: string;
  }): Promise<ManifestTemplate> {
    const { template: name, organization, templateVersion } = wanted;
    await this.refresh();
    const viewer = { organizations: [organization], home: organization };
    const template = this.find(name, viewer);
    if (!template) {
      const known = this.list({}, viewer).map((each) => each.name);
      throw unusable(`Template "${name}" is unknown`, 'template', { template: name, known }, known);
    }
    if (templateVersion === undefined || templateVersion === template.version) return template;
    const { total, versions } = template.custom
      ? await this.library.versions(template.custom.templateId, { skip: 0, limit: MAX_VERSIONS_NAMED })
      : { total: 1, versions: [template] };
    const stored = template.custom && (await this.library.version(template.custom.templateId, templateVersion));
    const row = template.custom && this.library.stored(template.custom.templateId);
    const old = stored && row ? readCustomTemplate(row, stored.document).template : undefined;
    if (old) return old;
    const known = versions.map((each) => each.version);
    const message = `Template "${template.name}" has no version ${templateVersion}`;
    throw unusable(message, 'templateVersion', { template: template.name, known, total }, known);
  }

  /** Names of the active templates with that stack. */
  templatesWith(stack: string, viewer: TemplateViewer): string[] {
    return this.list({ stack }, viewer).map((template) => template.name);
  }

  /** All rules TPL of deployments.md 8.2 on the template's text; never changes anything. */
  validate(template: ManifestTemplate): TemplateValidation {
    const findings = this.findingsOf(template);
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

  /** Rules TPL, from the text on. */
  findingsOf(template: ManifestTemplate): Finding[] {
    const text = readYaml(template.content);
    if (text.findings.length > 0) return text.findings;
    const read = readManifestTemplate(text.document, { ...template, fallbackName: template.name });
    if (!read.template) return [...read.findings];
    return applyRules(TEMPLATE_RULES, { template: read.template, stackTemplates: this.stackTemplates });
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

function isVisible(template: ManifestTemplate, viewer: TemplateViewer): boolean {
  const owner = template.custom?.organization;
  return (
    owner === undefined || owner === SHARED || viewer.organizations === null || viewer.organizations.includes(owner)
  );
}

function unusable(
  message: string,
  location: string,
  details: Readonly<Record<string, unknown>>,
  known: readonly string[],
): Refused {
  const error: Finding = {
    ruleId: 'SCH-008',
    code: 'UNKNOWN_TEMPLATE',
    severity: 'HIGH',
    message,
    location,
    details,
    remediation: `Use one of ${known.join(', ')}.`,
  };
  return new Refused('VALIDATION_INVALID_TEMPLATE', message, {
    details: { ...details, errors: [error] },
    suggestion: error.remediation,
  });
}
