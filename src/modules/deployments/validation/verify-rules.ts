import type { StackInstance } from '../environments/environment.js';

/** What was found out about one deployed stack (deployments.md 8.5, POST). */
export interface StackFacts {
  readonly instance: Pick<StackInstance, 'stack' | 'status' | 'lastOperationSucceeded' | 'lastError'>;
  /** Custom resources in its state. */
  readonly resources: number;
  /** Reads of its outputs by deployed stacks that have no value. */
  readonly brokenReads: readonly { readonly by: string; readonly placeholder: string; readonly message: string }[];
  /** Deployed stacks that read it. */
  readonly readers: readonly string[];
  readonly health: HealthResult;
}

export type HealthResult =
  | { readonly kind: 'answers'; readonly message: string }
  | { readonly kind: 'fails'; readonly message: string }
  /** No probe for this kind of stack, or none is possible here. */
  | { readonly kind: 'none'; readonly message: string };

export type StackHealth = 'HEALTHY' | 'DEGRADED' | 'UNHEALTHY';

export interface VerifyCheck {
  readonly name: 'resources' | 'references' | 'health';
  readonly ruleId: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly message: string;
}

/** A row: the rule, and what the stack is called when it is broken. */
interface VerifyRule {
  readonly id: string;
  readonly name: VerifyCheck['name'];
  readonly broken: Exclude<StackHealth, 'HEALTHY'>;
  readonly check: (facts: StackFacts) => Pick<VerifyCheck, 'status' | 'message'>;
}

const passed = (message: string) => ({ status: 'passed' as const, message });
const failed = (message: string) => ({ status: 'failed' as const, message });

export const VERIFY_RULES: readonly VerifyRule[] = [
  {
    id: 'POST-001',
    name: 'resources',
    broken: 'UNHEALTHY',
    check: ({ instance, resources }) => {
      if (resources === 0) return failed('the state has no resources');
      if (instance.status === 'deployed' && instance.lastOperationSucceeded) return passed(`${resources} resources`);
      return failed(`the last operation failed: ${instance.lastError?.message ?? instance.status}`);
    },
  },
  {
    id: 'POST-002',
    name: 'references',
    broken: 'DEGRADED',
    check: ({ brokenReads, readers }) => {
      if (brokenReads.length > 0) {
        return failed(
          brokenReads.map(({ by, placeholder, message }) => `${by}: ${placeholder}: ${message}`).join('; '),
        );
      }
      return passed(readers.length > 0 ? `read by ${readers.join(', ')}` : 'no deployed stack reads it');
    },
  },
  {
    id: 'POST-003',
    name: 'health',
    broken: 'DEGRADED',
    check: ({ health }) => {
      if (health.kind === 'none') return { status: 'skipped', message: health.message };
      return health.kind === 'answers' ? passed(health.message) : failed(health.message);
    },
  },
];

export interface StackVerdict {
  readonly name: string;
  readonly status: StackHealth;
  readonly checks: readonly VerifyCheck[];
}

/** A stack with its checks; null facts = the request's time was up before it was looked at. */
export function verified(stack: string, facts: StackFacts | null): StackVerdict {
  if (!facts) {
    const checks = VERIFY_RULES.map(({ id, name }) => ({
      name,
      ruleId: id,
      status: 'skipped' as const,
      message: 'does not fit the time of the request; ask for this stack alone',
    }));
    return { name: stack, status: 'HEALTHY', checks };
  }
  const checks = VERIFY_RULES.map((rule) => ({ name: rule.name, ruleId: rule.id, ...rule.check(facts) }));
  const broken = VERIFY_RULES.filter((_rule, index) => checks[index]?.status === 'failed').map((rule) => rule.broken);
  return { name: stack, status: worstOf(broken), checks };
}

/** `HEALTHY` without any. */
export function worstOf(states: readonly StackHealth[]): StackHealth {
  return (['UNHEALTHY', 'DEGRADED'] as const).find((state) => states.includes(state)) ?? 'HEALTHY';
}
