import { join } from 'node:path';
import { AuthAccess } from '../../src/modules/auth/auth.access.js';
import { StacksService } from '../../src/modules/stacks/stacks.service.js';
import { CustomTemplatesService } from '../../src/modules/templates/custom-templates.service.js';
import { TemplateLibrary } from '../../src/modules/templates/template-library.js';
import type { TemplatesRepository } from '../../src/modules/templates/templates.repository.js';
import { TemplatesService } from '../../src/modules/templates/templates.service.js';
import type { Config } from '../../src/shared/config/config.js';
import { RandomIds } from '../../src/shared/kernel/ids.js';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';
import { testConfig } from './auth-rig.js';
import { eventLogInMemory } from './event-log.js';
import type { FakeEvents } from './fake-events.js';
import { FakeTemplatesRepository } from './fake-templates.repository.js';
import { ManualClock } from './manual-clock.js';

export interface TemplatesRig {
  readonly repository: FakeTemplatesRepository;
  readonly events: FakeEvents;
  readonly clock: ManualClock;
  readonly config: Config;
  readonly access: AuthAccess;
  readonly library: TemplateLibrary;
  readonly templates: TemplatesService;
  readonly custom: CustomTemplatesService;
  readonly stacks: StacksService;
}

/** The templates of the repository and the services on them; a second rig on the same rows is a second server. */
export function templatesRig(
  paths: Partial<Config['paths']> = {},
  repository = new FakeTemplatesRepository(),
): TemplatesRig {
  const base = testConfig();
  const config: Config = {
    ...base,
    paths: {
      ...base.paths,
      templates: join(PROJECT_ROOT, 'templates'),
      stacks: join(PROJECT_ROOT, 'stacks'),
      compiledStacks: join(PROJECT_ROOT, 'dist', 'stacks'),
      ...paths,
    },
  };
  const clock = new ManualClock();
  const { log, events } = eventLogInMemory(clock);
  const access = new AuthAccess(config);
  const library = new TemplateLibrary(config, repository as unknown as TemplatesRepository, log);
  const templates = new TemplatesService(library, access);
  const custom = new CustomTemplatesService(library, templates, access, clock, new RandomIds());
  const stacks = new StacksService(config, library, templates);
  return { repository, events, clock, config, access, library, templates, custom, stacks };
}
