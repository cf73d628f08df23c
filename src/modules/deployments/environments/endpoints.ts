import type { StackTemplates } from '../../templates/stack-template.js';
import { isStanding } from '../operations/rollback-target.js';
import type { StackInstance } from './environment.js';

/** Stack → outputs that its template flags as endpoints; none of them secret. */
export type EndpointOutputs = ReadonlyMap<string, readonly string[]>;

export function endpointOutputs(templates: StackTemplates): EndpointOutputs {
  return new Map(
    [...templates.values()].map(({ name, outputs }) => [
      name,
      Object.entries(outputs)
        .filter(([, { endpoint = false, secret }]) => endpoint && !secret)
        .map(([output]) => output),
    ]),
  );
}

/**
 * Where the deployed stacks of an environment can be reached (deployments.md 9.1): `<stack>.<output>` → address, by name.
 * An output that a program has made secret is left out whatever the template says, and so is an empty one.
 */
export function endpointsOf(
  instances: readonly Pick<StackInstance, 'stack' | 'status' | 'outputs'>[],
  flagged: EndpointOutputs,
): Record<string, string> {
  const found = instances
    .filter(({ status }) => isStanding(status))
    .flatMap(({ stack, outputs }) =>
      (flagged.get(stack) ?? []).flatMap((name): [string, string][] => {
        const output = outputs[name];
        const isShown = output && !output.secret && typeof output.value === 'string' && output.value !== '';
        return isShown ? [[`${stack}.${name}`, String(output.value)]] : [];
      }),
    );
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}
