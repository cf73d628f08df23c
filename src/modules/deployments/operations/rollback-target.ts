import { canonicalJson } from '../../../shared/kernel/canonical-json.js';
import type { Fingerprint, RunRequest } from '../../orchestrator/run-request.js';
import type { EnvironmentVersion, StackInstance, StackSnapshot, VersionKind } from '../environments/environment.js';

/** Kinds that a rollback may go back to (deployments.md 7.9). */
export const TARGET_KINDS: readonly VersionKind[] = ['complete', 'rollback'];

export interface RollbackTarget {
  readonly version: EnvironmentVersion;
  /** Opened. */
  readonly stacks: Readonly<Record<string, StackSnapshot>>;
}

/**
 * From what is there to what was there (deployments.md 7.9): only now → destroy; only then, or different, or not deployed now →
 * the configuration of then; equal, but reading outputs of such a stack → the same, when these come out different; equal → untouched.
 * @param current instances as they were before the operation
 * @param only limits it to one stack
 */
export function rollbackTo(
  target: RollbackTarget,
  current: readonly Pick<StackInstance, 'stack' | 'status' | 'fingerprint'>[],
  only: string | null,
): NonNullable<RunRequest['rollbackTo']> {
  const isWanted = (stack: string): boolean => only === null || only === stack;
  const then = Object.entries(target.stacks).filter(
    ([stack, { status, config }]) => status === 'deployed' && config !== null && isWanted(stack),
  );
  const now = new Map(current.map((instance) => [instance.stack, instance]));
  const differs = new Set(
    then
      .filter(([stack, snapshot]) => {
        const instance = now.get(stack);
        return instance?.status !== 'deployed' || !isSameWork(instance.fingerprint, snapshot.fingerprint);
      })
      .map(([stack]) => stack),
  );
  // whoever reads outputs of a stack that is applied gets what comes out
  const touched = new Set(differs);
  for (let size = -1; size !== touched.size;) {
    size = touched.size;
    for (const [stack, { fingerprint }] of then)
      if (producersOf(fingerprint).some((each) => touched.has(each))) touched.add(stack);
  }
  const deploy = then.filter(([stack]) => touched.has(stack));
  const was = new Set(then.map(([stack]) => stack));
  return {
    version: target.version.version,
    deploy: Object.fromEntries(deploy.flatMap(([stack, { config }]) => (config ? [[stack, config]] : []))),
    conditional: [...touched].filter((stack) => !differs.has(stack)),
    destroy: current
      .filter(({ stack, status }) => isStanding(status) && !was.has(stack) && isWanted(stack))
      .map(({ stack }) => stack),
    facts: Object.fromEntries(
      then.flatMap(([stack, { fingerprint, dependencies, codeHash }]) =>
        fingerprint ? [[stack, { fingerprint, dependencies, codeHash: codeHash ?? fingerprint.code }]] : [],
      ),
    ),
  };
}

/** Stacks whose outputs went into the fingerprint. */
function producersOf(fingerprint: Fingerprint | null): string[] {
  return Object.keys(fingerprint?.resolved ?? {}).flatMap((text) => {
    const stack = OUTPUT_OF.exec(text)?.[1];
    return stack ? [stack] : [];
  });
}
const OUTPUT_OF = /^\{\{RUNTIME:(?!(?:aws|calculate|env):)([^:}]+):/;

/** Equal but for outputs of other stacks: those follow from the stacks themselves, which are compared, too. */
function isSameWork(one: Fingerprint | null, other: Fingerprint | null): boolean {
  if (!one || !other) return false;
  const core = ({ total: _total, resolved, ...parts }: Fingerprint): string =>
    canonicalJson({
      ...parts,
      resolved: Object.fromEntries(Object.entries(resolved).filter(([key]) => !OUTPUT_OF.test(key))),
    });
  return one.total === other.total || core(one) === core(other);
}

/** There is, or may be, something of it in the cloud. */
export function isStanding(status: StackInstance['status']): boolean {
  return status !== 'not_deployed' && status !== 'destroyed';
}

/**
 * Deployed stacks that read outputs of `stack` which the target version does not have: stack → names of those outputs.
 * What they read stands in the fingerprint of their last run.
 */
export function brokenDependents(
  stack: string,
  target: StackSnapshot | undefined,
  instances: readonly Pick<StackInstance, 'stack' | 'status' | 'fingerprint'>[],
): Readonly<Record<string, readonly string[]>> {
  const kept = new Set(target?.status === 'deployed' ? Object.keys(target.outputs) : []);
  const pattern = /^\{\{RUNTIME:([^:}]+):([^:.}]+)/;
  return Object.fromEntries(
    instances
      .filter((instance) => instance.stack !== stack && instance.status === 'deployed')
      .map((instance): [string, string[]] => {
        const read = Object.keys(instance.fingerprint?.resolved ?? {}).flatMap((text) => {
          const match = pattern.exec(text);
          return match?.[1] === stack && match[2] ? [match[2]] : [];
        });
        return [instance.stack, [...new Set(read)].filter((name) => !kept.has(name)).sort()];
      })
      .filter(([, missing]) => missing.length > 0),
  );
}
