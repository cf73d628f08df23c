import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { stringify } from 'yaml';
import { Config } from '../../shared/config/config.js';
import { Conflict } from '../../shared/errors/app-error.js';
import { EventLog } from '../../shared/events/event-log.js';
import type { EventDraft } from '../../shared/events/events.js';
import { createLog } from '../../shared/kernel/log.js';
import { compareNames } from '../orchestrator/graph.js';
import type { CustomTemplate, TemplateVersion } from './custom-template.js';
import { type Finding, findingLine } from './finding.js';
import type { ManifestTemplate } from './manifest-template.js';
import { readManifestTemplate } from './manifest-template.document.js';
import type { StackRegistration } from './stack-registration.js';
import type { StackTemplate, StackTemplates } from './stack-template.js';
import { type CommonParameters, readStackTemplate } from './stack-template.document.js';
import { inStartOrder, type LoadedTemplates, loadTemplates } from './template-files.js';
import { TemplatesRepository } from './templates.repository.js';

const log = createLog('templates');
/** How long a server may not know what another one changed, in ms; one read of one small document each time. */
const REFRESH_MS = 2_000;
/** Tries of a change while other servers change templates at the same time. */
const ATTEMPTS = 6;

/** What a change leaves behind, in one transaction. */
export interface LibraryChange<T> {
  readonly template?: Omit<CustomTemplate, 'change'>;
  readonly version?: TemplateVersion;
  readonly registrations?: readonly Omit<StackRegistration, 'change'>[];
  /** Organization whose stream tells about it. */
  readonly organization: string;
  readonly events: readonly EventDraft[];
  readonly result: T;
}

/** Another server changed something since this one looked. */
class Moved extends Conflict {
  constructor() {
    super('CONCURRENT_MODIFICATION', 'Others were changing templates all the time; nothing was changed', {
      suggestion: 'Send the request again',
      headers: { 'Retry-After': '1' },
    });
  }
}

/**
 * All templates in memory: the built-in ones from files, custom ones and registered stacks from the database.
 * 1. Every change takes the next number of one counter and stamps what it writes with it; so changes have one order.
 * 2. A server that looks again reads what has a higher number than the last one it saw: every 2 s, and before every request
 *    about templates.
 * 3. A change is worked out on what is in memory; in its transaction the number tells whether that was still the newest. If
 *    not, it is worked out again. That is why rules over all stacks (no cycle, nothing missing) hold with many servers.
 */
@Injectable()
export class TemplateLibrary implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #files: LoadedTemplates;
  readonly #templates = new Map<string, CustomTemplate>();
  readonly #registrations = new Map<string, StackRegistration>();
  #custom: readonly ManifestTemplate[] = [];
  #active: StackTemplates;
  #retired: StackTemplates = new Map();
  #change = 0;
  #reading: Promise<void> | undefined;
  /** The look after the running one, shared by all who ask meanwhile. */
  #next: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @throws TemplateFilesInvalid listing every problem of every file */
  constructor(
    config: Config,
    private readonly repository: TemplatesRepository,
    private readonly events: EventLog,
  ) {
    this.#files = loadTemplates(config.paths.templates);
    this.#active = this.#files.stackTemplates;
  }

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => {
      this.refresh().catch((error: unknown) => log.warn('templates could not be looked through', { error }));
    }, REFRESH_MS);
    this.#timer.unref();
  }

  beforeApplicationShutdown(): void {
    clearInterval(this.#timer);
  }

  /** Every registered stack template by name, by priority, then name. */
  get stackTemplates(): StackTemplates {
    return this.#active;
  }

  /** Unregistered ones: nothing new is made from them, what is there can be destroyed. */
  get retiredStackTemplates(): StackTemplates {
    return this.#retired;
  }

  get common(): CommonParameters {
    return this.#files.common;
  }

  /** In the order of their list. */
  get builtIn(): ReadonlyMap<string, ManifestTemplate> {
    return this.#files.manifestTemplates;
  }

  /** Active ones of all organizations, by name. */
  get custom(): readonly ManifestTemplate[] {
    return this.#custom;
  }

  /** The stack comes with the release, whether it was changed here or not. */
  isBuiltInStack(name: string): boolean {
    return this.#files.stackTemplates.has(name);
  }

  registration(name: string): StackRegistration | null {
    return this.#registrations.get(name) ?? null;
  }

  stored(templateId: string): CustomTemplate | null {
    return this.#templates.get(templateId) ?? null;
  }

  /** A custom template of that name was there once, or is, in one of these organizations. */
  wasThere(name: string, organizations: readonly string[]): boolean {
    return [...this.#templates.values()].some((row) => row.name === name && organizations.includes(row.organization));
  }

  /** Afterwards the newest committed change is known. */
  refresh(): Promise<void> {
    if (!this.#reading) return this.#start();
    this.#next ??= this.#reading.then(
      () => this.#start(),
      () => this.#start(),
    );
    return this.#next;
  }

  /**
   * Works a change out on the newest state and stores it with its events.
   * `work` may run more than once: no effect outside.
   * @throws what `work` throws; Conflict `CONCURRENT_MODIFICATION`
   */
  async change<T>(work: () => Promise<LibraryChange<T>>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      await this.refresh();
      const seen = this.#change;
      const planned = await work();
      if (!planned.template && !planned.registrations) return planned.result; // nothing is different
      try {
        await this.events.write(planned.organization, async (append) => {
          const change = await this.repository.takeChange();
          if (change !== seen + 1) throw new Moved();
          if (planned.template) await this.repository.saveTemplate({ ...planned.template, change });
          if (planned.version) await this.repository.addVersion(planned.version);
          for (const row of planned.registrations ?? []) await this.repository.saveRegistration({ ...row, change });
          planned.events.forEach(append);
        });
      } catch (error) {
        if (error instanceof Moved && attempt < ATTEMPTS) continue;
        throw error;
      }
      await this.refresh();
      return planned.result;
    }
  }

  versions(
    templateId: string,
    page: { readonly skip: number; readonly limit: number },
  ): ReturnType<TemplatesRepository['listVersions']> {
    return this.repository.listVersions(templateId, page);
  }

  version(templateId: string, version: string): Promise<TemplateVersion | null> {
    return this.repository.findVersion(templateId, version);
  }

  #start(): Promise<void> {
    this.#next = undefined;
    this.#reading = this.#read().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #read(): Promise<void> {
    const last = await this.repository.lastChange();
    if (last === this.#change) return;
    const seen = this.#change;
    const templates = await this.repository.listTemplates(seen);
    const registrations = await this.repository.listRegistrations(seen);
    for (const row of templates) this.#templates.set(row.templateId, row);
    for (const row of registrations) this.#registrations.set(row.name, row);
    if (templates.length > 0) this.#custom = this.#activeTemplates();
    if (registrations.length > 0) this.#layStacks();
    // Rows may be newer than the counter that was read first: they are read once more then.
    this.#change = last;
  }

  #activeTemplates(): ManifestTemplate[] {
    return [...this.#templates.values()]
      .filter((row) => row.status === 'active')
      .flatMap((row) => {
        const { template, findings } = readCustomTemplate(row);
        if (!template) {
          log.warn('a stored template cannot be read', { templateId: row.templateId, problems: linesOf(findings) });
        }
        return template ? [template] : [];
      })
      .sort((a, b) => compareNames(a.name, b.name));
  }

  #layStacks(): void {
    const active = new Map(this.#files.stackTemplates);
    const retired = new Map<string, StackTemplate>();
    for (const { name, status, document } of this.#registrations.values()) {
      const { template, findings } = readStackTemplate(document, this.#files.common, false);
      if (!template) {
        log.warn('a registered stack cannot be read', { stack: name, problems: linesOf(findings) });
        continue;
      }
      if (status === 'active') active.set(name, template);
      else {
        active.delete(name);
        retired.set(name, template);
      }
    }
    this.#active = inStartOrder([...active.values()]);
    this.#retired = inStartOrder([...retired.values()]);
  }
}

/** A custom template, or one of its versions, as templates are used. */
export function readCustomTemplate(
  row: Omit<CustomTemplate, 'change'>,
  document = row.document,
): ReturnType<typeof readManifestTemplate> {
  const { templateId, organization, revision, createdAt, createdBy, updatedAt, updatedBy } = row;
  return readManifestTemplate(document, {
    type: 'custom',
    fallbackName: row.name,
    content: stringify(document),
    custom: { templateId, organization, revision, createdAt, createdBy, updatedAt, updatedBy },
  });
}

function linesOf(findings: readonly Finding[]): string[] {
  return findings.map(findingLine);
}
