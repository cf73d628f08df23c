import { canonicalJson, contentHash } from '../../shared/kernel/canonical-json.js';
import { typedValues } from './config-check.js';
import type { Mac } from './fingerprint.js';
import { placeholdersOf, toTemplate } from './placeholders/substitute.js';
import type { ResolvedValue } from './placeholders/resolve.js';
import { stackOf, type RunParts } from './run-parts.js';
import type { Fingerprint, ResolvedConfig, RunPlace, RunStack } from './run-request.js';

/**
 * A snapshot holds values as they were resolved then, outputs of other stacks among them. When such a stack is rolled back
 * too, its outputs may come back different (a replaced VPC has a new id): then a value of then names something that is gone.
 * So a snapshot also keeps those keys as they were written, and a rollback reads them again from the outputs of now. All other
 * values (look-ups, secrets, passwords) stay as they were (docs/decisions/rollback.md).
 */

/** The keys of a configuration that read outputs of other stacks, as they are written. */
export function upstreamKeys({ config }: Pick<RunStack, 'config'>, place: RunPlace): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).filter(([key, value]) => producersOf(key, value, place).length > 0));
}

/** Stacks whose outputs the value reads. */
function producersOf(key: string, value: unknown, place: RunPlace): string[] {
  return placeholdersOf(toTemplate(value, key, place.environmentConfig)).flatMap(({ placeholder: { query } }) =>
    query.kind === 'output' ? [query.stack] : [],
  );
}

export interface RefreshedConfig {
  readonly config: ResolvedConfig;
  /** Outputs that were read, for the fingerprint. */
  readonly resolved: readonly ResolvedValue[];
}

/** The snapshot with outputs of other stacks as they are now; what cannot be read stays as it was. */
export async function withCurrentOutputs(
  parts: Pick<RunParts, 'resolver'>,
  stack: RunStack,
  snapshot: ResolvedConfig,
): Promise<RefreshedConfig> {
  const { upstream } = snapshot;
  if (!upstream || Object.keys(upstream).length === 0) return { config: snapshot, resolved: [] };
  const answer = await parts.resolver.resolve({ ...stack, config: upstream }, 'tolerant');
  const lost = new Set(answer.unresolved.map(({ path }) => path.split(/[.[]/, 1)[0]));
  const fresh = Object.fromEntries(
    Object.entries(typedValues(answer, stack.inputs)).filter(([key]) => key in upstream && !lost.has(key)),
  );
  return {
    config: { ...snapshot, values: { ...snapshot.values, ...fresh } },
    resolved: answer.resolved.filter(({ kind }) => kind === 'output'),
  };
}

/** The fingerprint of a snapshot that was applied with other outputs than it was made with. */
export function fingerprintWith(before: Fingerprint, resolved: readonly ResolvedValue[], box: Mac): Fingerprint {
  if (resolved.length === 0) return before;
  const { total: _old, ...parts } = before;
  const now = {
    ...parts,
    resolved: {
      ...parts.resolved,
      ...Object.fromEntries(
        resolved
          .filter(({ key }) => key in parts.resolved)
          .map(({ key, value, secret }) => [key, secret ? box.mac(canonicalJson(value)) : contentHash(value ?? null)]),
      ),
    },
  };
  return { total: contentHash(now), ...now };
}

/** Does the snapshot of `name` read outputs of one of `others`? */
export function readsFrom({ request }: Pick<RunParts, 'request'>, name: string, others: ReadonlySet<string>): boolean {
  const config = request.rollbackTo?.deploy[name] ?? stackOf(request, name).instance.lastConfig;
  return Object.entries(config?.upstream ?? {}).some(([key, value]) =>
    producersOf(key, value, request.place).some((stack) => others.has(stack)),
  );
}
