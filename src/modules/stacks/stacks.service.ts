import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Config } from '../../shared/config/config.js';
import { NotFound, Refused } from '../../shared/errors/app-error.js';
import { compareNames, StackGraph } from '../orchestrator/graph.js';
import type { Finding } from '../templates/finding.js';
import { unionGraph } from '../templates/registry-rules.js';
import type { StackRegistration } from '../templates/stack-registration.js';
import type { StackCategory, StackTemplate, StackTemplates } from '../templates/stack-template.js';
import { TemplateLibrary } from '../templates/template-library.js';
import { TemplatesService, type TemplateViewer } from '../templates/templates.service.js';
import { type CodeParameters, type ProgramSource, readCodeParameters } from './code-parameters.js';
import { type CodeComparison, type CodeContext, codeFindings, compareCode } from './code-rules.js';
import { hasSources, readStackFiles, type StackFiles } from './program-source.js';
import { CodeHashes, findMainFile, isProgramPresent, programDirOf, type SourceRoots } from './stack-source.js';

export interface StackFilter {
  readonly category?: StackCategory;
  /** Calculated over the whole registry. */
  readonly layer?: number;
  /** Only stacks of this manifest template. */
  readonly template?: string;
  /** Part of name, title or description, in any case. */
  readonly search?: string;
  readonly status?: 'active' | 'disabled';
}

/** A stack of the registry with what follows from the others. */
export interface RegisteredStack {
  readonly template: StackTemplate;
  /** null: as it came with the release. */
  readonly registration: StackRegistration | null;
  /** Over hard and optional dependencies of the whole registry, from 1; −1 for an unregistered one. */
  readonly layer: number;
  readonly status: 'active' | 'disabled';
  /** The compiled program is on this host. */
  readonly sourceStatus: 'present' | 'missing';
  /** Manifest templates with it, as far as the viewer sees them. */
  readonly templates: readonly string[];
  /** Stacks that name it, hard or optional. */
  readonly dependents: readonly string[];
}

export interface DiscoveredStack {
  readonly name: string;
  /** Of the main file, below STACKS_ROOT. */
  readonly path: string;
  readonly registered: boolean;
}

/** The stack registry and the programs on this host. Built-in stacks are read from files: they are the system of record. */
@Injectable()
export class StacksService {
  readonly #roots: SourceRoots;
  readonly #hashes: CodeHashes;
  readonly #parameters = new Map<string, { readonly hash: string; readonly parameters: CodeParameters }>();
  #graph: { readonly of: StackTemplates; readonly graph: StackGraph } | undefined;

  constructor(
    config: Config,
    private readonly library: TemplateLibrary,
    private readonly manifestTemplates: TemplatesService,
  ) {
    this.#roots = { sources: config.paths.stacks, compiled: config.paths.compiledStacks };
    this.#hashes = new CodeHashes(this.#roots);
  }

  /** Every registered stack by name, by priority, then name. */
  templates(): StackTemplates {
    return this.library.stackTemplates;
  }

  /** Unregistered ones too: which of their inputs are secret must not be forgotten. */
  knownTemplates(): StackTemplates {
    const retired = this.library.retiredStackTemplates;
    return retired.size === 0 ? this.templates() : new Map([...this.templates(), ...retired]);
  }

  /** Also an unregistered one: what was deployed from it can still be destroyed. */
  findTemplate(name: string): StackTemplate | null {
    return this.templates().get(name) ?? this.library.retiredStackTemplates.get(name) ?? null;
  }

  /** Also an unregistered one. @throws NotFound */
  template(name: string): StackTemplate {
    const template = this.findTemplate(name);
    if (!template) throw new NotFound('stack', name);
    return template;
  }

  /** Registered ones; with `status: 'disabled'` those that were unregistered. */
  list(filter: StackFilter, viewer: TemplateViewer): RegisteredStack[] {
    const search = filter.search?.toLowerCase();
    const templates = filter.status === 'disabled' ? this.library.retiredStackTemplates : this.templates();
    return [...templates.values()]
      .map((template) => this.#registered(template, viewer))
      .filter(
        ({ template, layer, templates }) =>
          (!filter.category || template.category === filter.category) &&
          (filter.layer === undefined || layer === filter.layer) &&
          (!filter.template || templates.includes(filter.template)) &&
          (!search ||
            [template.name, template.displayName, template.description].some((text) =>
              text.toLowerCase().includes(search),
            )),
      );
  }

  /** @throws NotFound */
  get(name: string, viewer: TemplateViewer): RegisteredStack {
    const template = this.templates().get(name);
    if (!template) throw new NotFound('stack', name);
    return this.#registered(template, viewer);
  }

  /** The program can run on this host. */
  isPresent(name: string): boolean {
    return isProgramPresent(this.#roots, name);
  }

  /**
   * @throws Refused `VALIDATION_INVALID_TEMPLATE` naming exactly the stacks without a program; `details.errors[]` has one finding
   * `STACK_CODE_NOT_FOUND` for each
   */
  requirePrograms(names: readonly string[], template: string): void {
    const missing = names.filter((name) => !this.isPresent(name));
    if (missing.length === 0) return;
    const present = names.filter((name) => !missing.includes(name));
    const remediation =
      present.length > 0
        ? `Start with the stacks that are there: stacksEnabled: [${present.join(', ')}].`
        : 'Build the programs first.';
    const errors = missing.map((name) => ({
      ruleId: 'COD-001',
      code: 'STACK_CODE_NOT_FOUND',
      severity: 'HIGH',
      message: `the program of stack ${name} is not there`,
      location: `stacks.${name}`,
      stack: name,
      details: { present },
      remediation,
    }));
    const message = `Template "${template}" needs the programs of stacks that are not there: ${missing.join(', ')}. ${remediation}`;
    throw new Refused('VALIDATION_INVALID_TEMPLATE', message, {
      details: { template, stacks: missing, present, errors },
      suggestion: remediation,
    });
  }

  /** What a run needs of the program; cheap when nothing changed on disk. */
  source(name: string): { readonly programDir: string; readonly codeHash: string } {
    return { programDir: programDirOf(this.#roots, name), codeHash: this.#hashes.of(name) };
  }

  /**
   * Rules COD of deployments.md 8.3 on the source; null where this host has no sources at all (the check is skipped).
   * @param strict warnings that may block do
   */
  codeFindings(name: string, strict: boolean): readonly Finding[] | null {
    if (!this.hasSources) return null;
    return codeFindings(this.#codeOf(name, this.templates().get(name) ?? null), strict);
  }

  /** null: the program's source is not on this host. @throws NotFound */
  compare(name: string): CodeComparison | null {
    const template = this.template(name);
    const { code } = this.#codeOf(name, template);
    return code && compareCode(template, code);
  }

  /** What the source says; `code` is null where there is no main file. */
  readProgram(name: string): { readonly files: StackFiles; readonly code: CodeParameters | null } {
    const { files, code } = this.#codeOf(name, null);
    return { files, code };
  }

  /** This host has sources: a stack without a folder there is a mistake. */
  get hasSources(): boolean {
    return hasSources(this.#roots);
  }

  /** Folders below STACKS_ROOT with a main file, by name; hidden ones and `shared` are none. */
  discover(): DiscoveredStack[] {
    const { sources } = this.#roots;
    if (!existsSync(sources)) return [];
    return readdirSync(sources, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'shared')
      .map((entry) => entry.name)
      .sort(compareNames)
      .flatMap((name) => {
        const main = findMainFile(this.#roots, name);
        return main ? [{ name, path: main.slice(sources.length + 1), registered: this.templates().has(name) }] : [];
      });
  }

  /** Main file and documentation folder below STACKS_ROOT, where they are there. */
  placeOf(name: string): { readonly codePath: string | null; readonly documentation: string | null } {
    const { sources } = this.#roots;
    return {
      codePath: findMainFile(this.#roots, name)?.slice(sources.length + 1) ?? null,
      documentation: existsSync(join(sources, name, 'docs')) ? `${name}/docs` : null,
    };
  }

  #codeOf(stack: string, template: StackTemplate | null): CodeContext {
    const files = readStackFiles(this.#roots, stack);
    return { stack, template, files, code: files.program && this.#parametersOf(stack, files.program) };
  }

  /** Read once for every state of the source. */
  #parametersOf(stack: string, program: ProgramSource): CodeParameters {
    const hash = this.#hashes.of(stack);
    const known = this.#parameters.get(stack);
    if (known?.hash === hash) return known.parameters;
    const parameters = readCodeParameters(program);
    this.#parameters.set(stack, { hash, parameters });
    return parameters;
  }

  /** Of the whole registry as it is now. */
  graph(): StackGraph {
    const templates = this.templates();
    if (this.#graph?.of !== templates) this.#graph = { of: templates, graph: new StackGraph(unionGraph(templates)) };
    return this.#graph.graph;
  }

  #registered(template: StackTemplate, viewer: TemplateViewer): RegisteredStack {
    const { name } = template;
    const graph = this.graph();
    return {
      template,
      registration: this.library.registration(name),
      layer: this.templates().has(name) ? graph.layerOf(name) : -1,
      status: this.templates().has(name) ? 'active' : 'disabled',
      sourceStatus: this.isPresent(name) ? 'present' : 'missing',
      templates: this.manifestTemplates.templatesWith(name, viewer),
      dependents: this.templates().has(name) ? [...graph.dependentsOf(name)].sort(compareNames) : [],
    };
  }
}
