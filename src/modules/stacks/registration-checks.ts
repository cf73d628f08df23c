import { type AppError, Refused } from '../../shared/errors/app-error.js';
import { StackGraph } from '../orchestrator/graph.js';
import { applyRules, type Finding, findingLine, isBlocking } from '../templates/finding.js';
import { REGISTRY_RULES, unionGraph } from '../templates/registry-rules.js';
import type { StackDocument } from '../templates/stack-registration.js';
import type { StackTemplate, StackTemplates } from '../templates/stack-template.js';
import { type CommonParameters, readStackTemplate } from '../templates/stack-template.document.js';

/**
 * Holds a stack document against its own rules and against the registry it would become part of (deployments.md 8.2, STK).
 * What was wrong in the registry before is not the fault of this change.
 * @throws Refused `VALIDATION_CIRCULAR_DEPENDENCY`, `VALIDATION_MISSING_DEPENDENCY` or `VALIDATION_INVALID_TEMPLATE`
 */
export function checkedTemplate(
  document: StackDocument,
  registry: StackTemplates,
  common: CommonParameters,
  strict: boolean,
): StackTemplate {
  const { template, findings } = readStackTemplate(document, common, strict);
  if (!template) throw refusal(String(document['name']), findings.filter(isBlocking));
  const known = new Set(applyRules(REGISTRY_RULES, registry).map(findingLine));
  const after = new Map([...registry, [template.name, template]]);
  const added = applyRules(REGISTRY_RULES, after).filter((finding) => !known.has(findingLine(finding)));
  const low = added.some(({ ruleId }) => ruleId === 'STK-011') ? [] : tooLow(template, after);
  const errors = [...added, ...low].filter(isBlocking);
  if (errors.length > 0) throw refusal(template.name, errors);
  return template;
}

/** A declared layer is advice for readers; a wrong one misleads (api.md 3.5). */
function tooLow(template: StackTemplate, registry: StackTemplates): Finding[] {
  const computed = new StackGraph(unionGraph(registry)).layerOf(template.name);
  if (template.layer === undefined || template.layer >= computed) return [];
  return [
    {
      ruleId: 'DEP-007',
      code: 'LAYER_TOO_LOW',
      severity: 'HIGH',
      message: `layer ${template.layer} is declared, the dependencies put it into layer ${computed}`,
      location: 'layer',
      stack: template.name,
      details: { declared: template.layer, required: computed },
      remediation: `Leave layer out, or set it to ${computed} or more.`,
    },
  ];
}

function refusal(name: string, errors: readonly Finding[]): AppError {
  const cycle = errors.find(({ ruleId }) => ruleId === 'STK-011');
  const isMissing = (error: Finding): boolean => error.ruleId === 'STK-010' && 'missing' in error.details;
  const code = cycle
    ? 'VALIDATION_CIRCULAR_DEPENDENCY'
    : errors.every(isMissing)
      ? 'VALIDATION_MISSING_DEPENDENCY'
      : 'VALIDATION_INVALID_TEMPLATE';
  const path = (cycle?.details['cycle'] ?? []) as readonly string[];
  return new Refused(code, `Stack "${name}" cannot be registered: ${errors.map(({ message }) => message).join('; ')}`, {
    details: {
      stack: name,
      ...(cycle ? { cycle: path, affectedStacks: [...new Set(path)] } : {}),
      ...(errors.some(isMissing) ? { missing: errors.filter(isMissing).map(({ details }) => details['missing']) } : {}),
      errors,
    },
    suggestion: errors[0]?.remediation,
  });
}
