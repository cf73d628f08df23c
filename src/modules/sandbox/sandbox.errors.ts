import type { FaultRuleProblem } from '../../../tools/sandbox-cloud/fault-rule.js';
import { Conflict, NotFound, Refused } from '../../shared/errors/app-error.js';

export class SandboxResourceNotFound extends NotFound {
  constructor(id: string) {
    super('Sandbox resource', id);
  }
}

/** A name that several resources carry, e.g. a role and a log group. */
export class SandboxResourceAmbiguous extends Conflict {
  constructor(id: string, candidates: readonly { readonly type: string; readonly region: string }[]) {
    super('RESOURCE_CONFLICT', `${candidates.length} resources have the id "${id}": add type or region`, {
      details: { id, candidates: candidates.map(({ type, region }) => ({ type, region })) },
    });
  }
}

/** `details.rules[i]` speaks of the i-th rule of the request: its problems, or null where there is none. */
export class SandboxRuleInvalid extends Refused {
  constructor(problems: readonly FaultRuleProblem[]) {
    const last = Math.max(...problems.map(({ rule }) => rule));
    const rules = Array.from({ length: last + 1 }, (_, i) => {
      const problem = problems.find(({ rule }) => rule === i);
      return problem ? { index: i, messages: problem.messages } : null;
    });
    const text = problems.map(({ rule, messages }) => `rules[${rule}]: ${messages.join(', ')}`).join('; ');
    super('SANDBOX_RULE_INVALID', text, { details: { rules } });
  }
}
