import type { CustomTemplate, TemplateVersion } from '../../src/modules/templates/custom-template.js';
import type { StackRegistration } from '../../src/modules/templates/stack-registration.js';
import type { TemplatesRepository } from '../../src/modules/templates/templates.repository.js';
import type { Surface } from '../../src/shared/kernel/surface.js';

/** In-memory twin of TemplatesRepository; several libraries may look at one, as several servers do. */
export class FakeTemplatesRepository implements Surface<TemplatesRepository> {
  readonly templates = new Map<string, CustomTemplate>();
  readonly registrations = new Map<string, StackRegistration>();
  readonly versions: TemplateVersion[] = [];
  change = 0;

  async prepare(): Promise<void> {}

  async lastChange(): Promise<number> {
    return this.change;
  }

  async takeChange(): Promise<number> {
    this.change += 1;
    return this.change;
  }

  async listTemplates(afterChange: number): Promise<readonly CustomTemplate[]> {
    return [...this.templates.values()].filter((row) => row.change > afterChange).sort((a, b) => a.change - b.change);
  }

  async listRegistrations(afterChange: number): Promise<readonly StackRegistration[]> {
    return [...this.registrations.values()]
      .filter((row) => row.change > afterChange)
      .sort((a, b) => a.change - b.change);
  }

  async saveTemplate(template: CustomTemplate): Promise<void> {
    this.templates.set(template.templateId, template);
  }

  async saveRegistration(registration: StackRegistration): Promise<void> {
    this.registrations.set(registration.name, registration);
  }

  async addVersion(version: TemplateVersion): Promise<void> {
    this.versions.push(version);
  }

  async findVersion(templateId: string, version: string): Promise<TemplateVersion | null> {
    return this.versions.find((row) => row.templateId === templateId && row.version === version) ?? null;
  }

  async listVersions(
    templateId: string,
    page: { readonly skip: number; readonly limit: number },
  ): Promise<{ readonly versions: readonly TemplateVersion[]; readonly total: number }> {
    const rows = this.versions.filter((row) => row.templateId === templateId).sort((a, b) => b.revision - a.revision);
    return { versions: rows.slice(page.skip, page.skip + page.limit), total: rows.length };
  }
}
