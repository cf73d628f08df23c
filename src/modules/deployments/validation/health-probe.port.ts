import type { HealthResult } from './verify-rules.js';

/** Asks a deployed stack from outside whether it answers (POST-003). Adapters: http.health-probe.ts; none on a sandbox. */
export abstract class HealthProbe {
  /** @param outputs open ones of the stack, by name */
  abstract ask(stack: string, outputs: Readonly<Record<string, unknown>>): Promise<HealthResult>;
}

/** Nothing answers in a sandbox. */
export class NoHealthProbe extends HealthProbe {
  ask(): Promise<HealthResult> {
    return Promise.resolve({ kind: 'none', message: 'a sandbox answers no requests' });
  }
}
