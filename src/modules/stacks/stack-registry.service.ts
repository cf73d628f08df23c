import { Injectable } from '@nestjs/common';
import { AppError, Conflict, NotFound, Refused } from '../../shared/errors/app-error.js';
import { invalidField } from '../../shared/errors/field-problems.js';
import { draft } from '../../shared/events/events.js';
import type { Principal } from '../../shared/http/principal.js';
import { Clock } from '../../shared/kernel/clock.js';
import { isObject } from '../../shared/kernel/deep-merge.js';
import { changedPaths } from '../templates/changed-paths.js';
import { type Finding, findingLine } from '../templates/finding.js';
import { SHARED } from '../templates/manifest-template.js';
import type { StackDocument, StackRegistration } from '../templates/stack-registration.js';
import type { StackTemplates } from '../templates/stack-template.js';
import { writtenOf } from '../templates/stack-template.document.js';
import { TemplateLibrary } from '../templates/template-library.js';
import { SEES_ALL, TemplatesService } from '../templates/templates.service.js';
import { readYaml } from '../templates/yaml-text.js';
import { StackDeploymentReads } from './deployment.reads.js';
import { checkedTemplate } from './registration-checks.js';
import {
  editedRegistration,
  newRegistration,
  type RegistrationEdits,
  type RegistrationFields,
} from './registration-draft.js';
import { StacksService } from './stacks.service.js';

export interface RegistrationOrder extends RegistrationFields {
  readonly name: string;
  /** Replace a registered stack of that name. */
  readonly overwrite?: boolean;
  /** Read inputs and outputs from the source; default true. */
  readonly autoExtract?: boolean;
  /** Report the rules COD as well; they refuse nothing here. */
  readonly validate?: boolean;
  /** STK-007, and COD rules that may block. */
  readonly strict?: boolean;
}

export interface Registered {
  readonly registration: Omit<StackRegistration, 'change'>;
  readonly warnings: readonly string[];
  /** Of the rules COD; null when they were not asked for or there is no source. */
  readonly validation: readonly Finding[] | null;
}

export interface RegistrationUpdated {
  readonly registration: Omit<StackRegistration, 'change'>;
  readonly changes: readonly string[];
}

export interface Unregistered {
  readonly registration: Omit<StackRegistration, 'change'>;
  readonly affectedDeployments: readonly string[];
}

export interface BulkResult {
  readonly name: string;
  readonly path: string;
  readonly status: 'registered' | 'valid' | 'failed';
  readonly dependencies: readonly string[];
  readonly error: { readonly code: string; readonly message: string } | null;
}

type Row = Omit<StackRegistration, 'change'>;

/** Registering stacks, changing and unregistering them (deployments.md 12.1); for platform administrators. */
@Injectable()
export class StackRegistryService {
  constructor(
    private readonly library: TemplateLibrary,
    private readonly stacks: StacksService,
    private readonly templates: TemplatesService,
    private readonly deployments: StackDeploymentReads,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws Conflict `RESOURCE_ALREADY_EXISTS` without `overwrite`; Refused `STACK_CODE_NOT_FOUND` and as checkedTemplate;
   * 400 for a field that contradicts the definition
   */
  async register(principal: Principal, order: RegistrationOrder): Promise<Registered> {
    return this.library
      .change(async () => {
        const { document, warnings } = this.#plan(order, this.library.stackTemplates);
        const overwritten = this.library.stackTemplates.has(order.name);
        const registration = this.#row(principal, document, order);
        return {
          organization: SHARED,
          registrations: [registration],
          events: [
            draft(
              'stack_registered',
              { organization: SHARED },
              { name: order.name, registeredBy: principal.name, overwritten },
            ),
          ],
          result: { registration, warnings, validation: null },
        };
      })
      .then((registered) => ({
        ...registered,
        validation: order.validate ? this.stacks.codeFindings(order.name, order.strict ?? false) : null,
      }));
  }

  /**
   * Manifests that are there are not rewritten; they show findings at their next validation.
   * @throws NotFound; AppError 412 `PRECONDITION_FAILED`; as `register`
   */
  async update(
    principal: Principal,
    name: string,
    edits: RegistrationEdits & { readonly strict?: boolean },
    ifRevision?: number,
  ): Promise<RegistrationUpdated> {
    return this.library.change(async () => {
      const before = this.#current(name, ifRevision);
      const document = editedRegistration(before.document, edits);
      const resources = edits.resources ?? before.resources;
      checkedTemplate(document, this.library.stackTemplates, this.library.common, edits.strict ?? false);
      const changes = [
        ...changedPaths(before.document, document),
        ...changedPaths({ resources: before.resources }, { resources }),
      ].map((path) => `${path} updated`);
      if (changes.length === 0) {
        return { organization: SHARED, events: [], result: { registration: before, changes } };
      }
      const registration: Row = {
        ...before,
        ...this.#placeOf(name),
        document,
        resources,
        revision: before.revision + 1,
        updatedAt: this.clock.now(),
        updatedBy: principal.name,
      };
      return {
        organization: SHARED,
        registrations: [registration],
        events: [
          draft('stack_registration_updated', { organization: SHARED }, { name, changes, updatedBy: principal.name }),
        ],
        result: { registration, changes },
      };
    });
  }

  /**
   * The stack is kept for what was deployed from it, and for nothing new.
   * @throws Conflict `STACK_IN_USE` listing deployments, templates and stacks that need it, unless `force`; NotFound; 412
   */
  async unregister(principal: Principal, name: string, force: boolean, ifRevision?: number): Promise<Unregistered> {
    return this.library.change(async () => {
      const before = this.#current(name, ifRevision);
      const affectedDeployments = await this.deployments.using(name);
      const inUse = {
        deployments: affectedDeployments,
        templates: this.templates.templatesWith(name, SEES_ALL),
        stacks: [...this.stacks.graph().dependentsOf(name)].sort(),
      };
      if (!force && Object.values(inUse).some((list) => list.length > 0)) throw stackInUse(name, inUse);
      const registration: Row = {
        ...before,
        status: 'disabled',
        revision: before.revision + 1,
        updatedAt: this.clock.now(),
        updatedBy: principal.name,
      };
      return {
        organization: SHARED,
        registrations: [registration],
        events: [
          draft('stack_unregistered', { organization: SHARED }, { name, unregisteredBy: principal.name, force }),
        ],
        result: { registration, affectedDeployments },
      };
    });
  }

  /**
   * Every program below STACKS_ROOT that is not registered; one failure does not stop the others. Needed stacks come first.
   * @param options.includeDependencies take them from the `stack.yaml` beside the program, or from the built-in stack
   */
  async registerAll(
    principal: Principal,
    options: { readonly includeDependencies: boolean; readonly dryRun: boolean },
  ): Promise<readonly BulkResult[]> {
    await this.library.refresh();
    const waiting = new Map(
      this.stacks
        .discover()
        .filter((stack) => !stack.registered)
        .map(({ name, path }) => [name, { path, ...this.#orderFor(name, options.includeDependencies) }]),
    );
    const results: BulkResult[] = [];
    const planned = new Map(this.library.stackTemplates);
    while (waiting.size > 0) {
      const ready = [...waiting].filter(([, { order }]) => !order.dependencies?.some((name) => waiting.has(name)));
      for (const [name, { path, order, problem }] of ready.length > 0 ? ready : [...waiting]) {
        waiting.delete(name);
        const error = problem ?? (await this.#tryOne(principal, order, planned, options.dryRun));
        const status = error ? 'failed' : options.dryRun ? 'valid' : 'registered';
        results.push({ name, path, status, dependencies: order.dependencies ?? [], error });
      }
    }
    return results;
  }

  async #tryOne(
    principal: Principal,
    order: RegistrationOrder,
    planned: Map<string, ReturnType<typeof checkedTemplate>>,
    dryRun: boolean,
  ): Promise<BulkResult['error']> {
    try {
      if (dryRun) planned.set(order.name, this.#plan(order, planned).template);
      else await this.register(principal, order);
      return null;
    } catch (error) {
      if (error instanceof AppError && error.status < 500) return { code: error.code, message: error.message };
      throw error;
    }
  }

  #orderFor(
    name: string,
    includeDependencies: boolean,
  ): { readonly order: RegistrationOrder; readonly problem?: BulkResult['error'] } {
    const { files } = this.stacks.readProgram(name);
    const retired = this.library.retiredStackTemplates.get(name);
    const written = files.stackYaml === null ? undefined : readYaml(files.stackYaml);
    const definition = written?.document ?? (retired && writtenOf(retired, this.library.common)) ?? {};
    if (written?.findings[0] || !isObject(definition)) {
      const message = written?.findings[0] ? findingLine(written.findings[0]) : 'it is not a map';
      return { order: { name }, problem: { code: 'VALIDATION_INVALID_TEMPLATE', message: `stack.yaml: ${message}` } };
    }
    const { dependencies, optionalDependencies, layer: _layer, ...stackDefinition } = definition;
    const pulumi = files.pulumiYaml === null ? undefined : readYaml(files.pulumiYaml).document;
    const description = stackDefinition['description'] ?? (isObject(pulumi) ? pulumi['description'] : undefined);
    const order = {
      name,
      stackDefinition,
      ...(typeof description === 'string' ? { description } : {}),
      dependencies: includeDependencies ? namesIn(dependencies) : [],
      optionalDependencies: includeDependencies ? namesIn(optionalDependencies) : [],
    };
    return { order };
  }

  /** What would be registered; nothing is stored. */
  #plan(order: RegistrationOrder, registry: StackTemplates) {
    const { name } = order;
    if (registry.has(name) && !order.overwrite) {
      throw new Conflict('RESOURCE_ALREADY_EXISTS', `Stack "${name}" is registered already`, {
        details: { resource: 'stack', id: name, field: 'name' },
        suggestion: 'Change it with PUT, or register it with overwrite: true.',
      });
    }
    const { files, code } = this.stacks.readProgram(name);
    const isWhole = order.stackDefinition !== undefined || (order.configuration && order.outputs) !== undefined;
    if (!code && (this.stacks.hasSources || !isWhole)) throw codeNotFound(name, files.hasFolder);
    const warnings = [
      ...(code ? [] : [`the program of ${name} is not on this host; its parameters are those of the definition`]),
      ...(code?.unclear.map((line) => `outputs could not be read from ${line}`) ?? []),
    ];
    if ((order.description ?? order.stackDefinition?.['description'] ?? '') === '') {
      throw invalidField('description', 'required', `description is required to register ${name}`);
    }
    const { common } = this.library;
    const document = newRegistration(name, order, order.autoExtract === false ? null : code, common);
    return { document, warnings, template: checkedTemplate(document, registry, common, order.strict ?? false) };
  }

  #row(principal: Principal, document: StackDocument, { name, resources = [] }: RegistrationOrder): Row {
    const now = this.clock.now();
    return {
      name,
      status: 'active',
      revision: (this.library.registration(name)?.revision ?? (this.library.isBuiltInStack(name) ? 1 : 0)) + 1,
      document,
      resources,
      ...this.#placeOf(name),
      registeredAt: now,
      registeredBy: principal.name,
      updatedAt: now,
      updatedBy: principal.name,
    };
  }

  #placeOf(name: string): Pick<Row, 'codeHash' | 'sourcePath'> {
    const { codePath } = this.stacks.placeOf(name);
    return { sourcePath: codePath, codeHash: codePath === null ? null : this.stacks.source(name).codeHash };
  }

  /** The registered stack as it is written; a built-in one as it came. */
  #current(name: string, ifRevision: number | undefined): Row {
    const template = this.library.stackTemplates.get(name);
    if (!template) throw new NotFound('stack', name);
    const now = this.clock.now();
    const row: Row = this.library.registration(name) ?? {
      name,
      status: 'active',
      revision: 1,
      document: writtenOf(template, this.library.common),
      resources: [],
      ...this.#placeOf(name),
      registeredAt: now,
      registeredBy: 'system',
      updatedAt: now,
      updatedBy: 'system',
    };
    if (ifRevision === undefined || ifRevision === row.revision) return row;
    throw new AppError(
      'PRECONDITION_FAILED',
      412,
      `Stack "${name}" is at revision ${row.revision}, not ${ifRevision}`,
      {
        details: { revision: row.revision, expected: ifRevision },
        suggestion: 'Read it again and repeat the change.',
      },
    );
  }
}

function stackInUse(name: string, inUse: Readonly<Record<string, readonly string[]>>): Conflict {
  const parts = Object.entries(inUse)
    .filter(([, list]) => list.length > 0)
    .map(([what, list]) => `${what} ${list.join(', ')}`);
  return new Conflict('STACK_IN_USE', `Stack "${name}" is in use by ${parts.join('; ')}`, {
    details: { stack: name, ...inUse },
    suggestion: 'Take it out of them first, or unregister it with force=true.',
  });
}

function codeNotFound(name: string, hasFolder: boolean): Refused {
  const what = hasFolder ? 'has no main TypeScript file' : 'is not there';
  return new Refused('STACK_CODE_NOT_FOUND', `The program of stack "${name}" was not found: folder ${name} ${what}`, {
    details: { stack: name, expected: `${name}/src/index.ts` },
    suggestion: 'Put the program below STACKS_ROOT, then register it.',
  });
}

function namesIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((name): name is string => typeof name === 'string') : [];
}
