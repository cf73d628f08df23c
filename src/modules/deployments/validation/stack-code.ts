import type { Finding } from '../../templates/finding.js';
import type { StacksService } from '../../stacks/stacks.service.js';

/** Whether the program of a stack is on this host (COD-001). null = no sources here at all. */
export function codeFindings(stacks: StacksService, name: string): readonly Finding[] | null {
  if (stacks.isPresent(name)) return [];
  if (stacks.discover().length === 0) return null;
  return [
    {
      ruleId: 'COD-001',
      code: 'STACK_CODE_NOT_FOUND',
      severity: 'HIGH',
      message: `the program of stack ${name} is not there`,
      location: `stacks.${name}`,
      stack: name,
      details: {},
      remediation: 'Disable the stack, or put its program below STACKS_ROOT and build it.',
    },
  ];
}
