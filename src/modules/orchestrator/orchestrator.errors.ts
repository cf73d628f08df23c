import { Conflict, Refused } from '../../shared/errors/app-error.js';

/** Refusals of a selection (deployments.md 7.3, 7.4, 7.10). */

export class NoStackMatched extends Refused {
  constructor(pattern: string, known: readonly string[]) {
    super('NO_STACK_MATCHED', `No stack matches "${pattern}"; there are ${known.join(', ') || 'none'}`, {
      details: { pattern, stacks: known },
    });
  }
}

export class DependencyNotDeployed extends Refused {
  /** @param missing stack → its dependencies that are neither selected nor deployed */
  constructor(missing: Readonly<Record<string, readonly string[]>>) {
    const sentences = Object.entries(missing).map(([stack, names]) => `${stack} needs ${names.join(', ')}`);
    super('DEPENDENCY_NOT_DEPLOYED', `Dependencies are not deployed: ${sentences.join('; ')}`, {
      details: { missing, dependencies: [...new Set(Object.values(missing).flat())] },
      suggestion: 'Select them too, or set includeDependencies.',
    });
  }
}

export class UnsafeSkip extends Refused {
  constructor(stack: string, why: string) {
    super('UNSAFE_SKIP', `${stack} cannot be skipped: ${why}`, { details: { stack } });
  }
}

export class NothingToDeploy extends Refused {
  constructor(environment: string) {
    super('NOTHING_TO_DEPLOY', `No enabled stack in environment ${environment}`, { details: { environment } });
  }
}

export class HasDependents extends Conflict {
  /** @param dependents stack → deployed stacks that need it */
  constructor(dependents: Readonly<Record<string, readonly string[]>>) {
    const sentences = Object.entries(dependents).map(([stack, names]) => `${stack} is needed by ${names.join(', ')}`);
    super('HAS_DEPENDENTS', `Deployed stacks depend on it: ${sentences.join('; ')}`, {
      details: { dependents, stacks: [...new Set(Object.values(dependents).flat())] },
      suggestion: 'Destroy them first or together.',
    });
  }
}
