import { Injectable } from '@nestjs/common';
import { Config } from '../../shared/config/config.js';
import { StacksService } from '../stacks/stacks.service.js';
import { TemplatesService } from '../templates/templates.service.js';
import type { ManifestSurroundings } from './manifest/manifest-context.js';
import { Policies } from './policies.js';

/** Templates, stacks and what else a manifest is held against. */
@Injectable()
export class Catalogue {
  constructor(
    readonly templates: TemplatesService,
    readonly stacks: StacksService,
    private readonly config: Config,
    private readonly policies: Policies,
  ) {}

  /** What validation of a manifest of that organization may ask about. */
  surroundings(organization: string): ManifestSurroundings {
    return {
      stackTemplates: this.stacks.templates(),
      isProgramPresent: (stack) => this.stacks.isPresent(stack),
      isKnownTemplate: (name) => this.templates.isKnown(name, organization),
      processVariables: new Set(Object.keys(this.config.runtimeEnv)),
      maxStacks: this.config.runs.maxStacks,
      policies: this.policies.rules,
    };
  }
}
