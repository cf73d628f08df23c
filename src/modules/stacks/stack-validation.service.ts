import { Injectable } from '@nestjs/common';
import { NotFound, Refused } from '../../shared/errors/app-error.js';
import { type Finding, isBlocking } from '../templates/finding.js';
import { TemplatesService } from '../templates/templates.service.js';
import type { CodeComparison } from './code-rules.js';
import { StacksService } from './stacks.service.js';

export interface StackValidation {
  readonly valid: boolean;
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
  readonly comparison: CodeComparison;
}

/** A registered stack against its source (deployments.md 8.3), on request. */
@Injectable()
export class StackValidationService {
  constructor(
    private readonly stacks: StacksService,
    private readonly templates: TemplatesService,
  ) {}

  /** @throws NotFound; Refused `STACK_CODE_NOT_FOUND` where the source is not on this host */
  async validate(name: string, strict: boolean): Promise<StackValidation> {
    await this.templates.refresh();
    if (!this.stacks.templates().has(name)) throw new NotFound('stack', name);
    const comparison = this.stacks.compare(name);
    if (!comparison) {
      throw new Refused('STACK_CODE_NOT_FOUND', `The source of stack "${name}" is not on this host`, {
        details: { stack: name, expected: `${name}/src/index.ts` },
        suggestion: 'Put the program below STACKS_ROOT.',
      });
    }
    const findings = this.stacks.codeFindings(name, strict) ?? [];
    const errors = findings.filter(isBlocking);
    const warnings = findings.filter((finding) => !isBlocking(finding));
    return { valid: errors.length === 0, errors, warnings, comparison };
  }

  titleOf(name: string): string {
    return this.stacks.template(name).displayName;
  }
}
