import { parseJson } from './inputs.js';
import type { Properties } from './provider.port.js';

/** Statements of a policy document; none where it is not one. */
export function statementsOf(policy: string): Properties[] {
  const document = parseJson(policy) as { Statement?: Properties | Properties[] } | null | undefined;
  return [document?.Statement ?? []].flat();
}
