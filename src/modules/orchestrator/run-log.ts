import type { EventDraft } from '../../shared/events/events.js';
import { canonicalJson } from '../../shared/kernel/canonical-json.js';
import type { ResolvedStack } from './placeholders/resolve.js';
import type { Reporter } from './reporter.js';
import type { Plan, PlannedStack, ResolvedConfig } from './run-request.js';
import { MASK, maskSecrets, secretTexts } from './stack-errors.js';

/** Lines for the log of a run that no other event tells (deployments.md 11): the plan with its reasons, and what was resolved. */

/** Longer values are cut: whole configurations are kept elsewhere. */
const LONGEST_VALUE = 200;

/** One line per stack, in the order of the plan; a skip is a warning (api.md 6.4). No event of a stack: its layer has not begun. */
export function planLines(reporter: Reporter, plan: Plan): EventDraft[] {
  return plan.layers.flatMap(({ stacks }) => stacks).map((stack) => planLine(reporter, stack));
}

function planLine(reporter: Reporter, stack: PlannedStack): EventDraft {
  const { name, layer, action, reasons, explanation, estimatedDuration } = stack;
  const why = explanation.length > 0 ? `: ${explanation.join(' ')}` : '';
  return reporter.event('log', {
    stack: null,
    stackName: null,
    level: action === 'skip' ? 'warn' : 'info',
    message: `${name} (layer ${layer}) ${action}${why}`,
    context: { component: 'plan', stack: name, layer, action, reasons, estimatedDuration },
  });
}

/** Values that came from outside the configuration, and for diagnosis the whole of it; secrets are `***`. */
export function resolvedLines(
  reporter: Reporter,
  stack: string,
  resolved: ResolvedStack,
  config: ResolvedConfig,
): EventDraft[] {
  const secrets = secretTexts(config);
  const told = (value: unknown, isSecret: boolean): string =>
    isSecret ? MASK : short(maskSecrets(textOf(value), secrets));
  const where = { stack, stackName: stack };
  const values = resolved.resolved.map(({ key, value, secret }) => `${key} = ${told(value, secret)}`);
  const whole = Object.entries(config.values).map(
    ([key, value]) => `${key} = ${told(value, config.secretKeys.includes(key))}`,
  );
  return [
    ...(values.length > 0
      ? [
          reporter.event('log', {
            ...where,
            level: 'info',
            message: `${stack}: ${values.join(', ')}`,
            context: { component: 'resolve', placeholders: values.length },
          }),
        ]
      : []),
    reporter.event('log', {
      ...where,
      level: 'debug',
      message: `configuration: ${whole.join(', ')}`,
      context: { keys: Object.keys(config.values), secretKeys: config.secretKeys },
    }),
  ];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : canonicalJson(value ?? null);
}

function short(text: string): string {
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}
