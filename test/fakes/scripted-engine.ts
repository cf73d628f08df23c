import { canonicalJson } from '../../src/shared/kernel/canonical-json.js';
import type { Clock } from '../../src/shared/kernel/clock.js';
import {
  type DriftResult,
  type EngineError,
  type ErrorClass,
  type ResourceDrift,
  type ResourceImport,
  StackEngine,
  type StackOutputs,
  type StackRef,
  type StackRun,
  type StackRunResult,
  type StackState,
  type StateResource,
} from '../../src/modules/orchestrator/engine.port.js';

/** What a stack does when the engine runs it. */
export interface StackScript {
  /** How long a run takes, in ms. Default 1000. */
  readonly ms?: number;
  /** Fails these attempts (1 = the first call of `up`), by class. */
  readonly failUp?: Readonly<Record<number, ErrorClass>>;
  /** Its state is locked by somebody else until this much time has passed since the first try, in ms. */
  readonly lockedMs?: number;
  readonly failDestroy?: Readonly<Record<number, ErrorClass>>;
  /** `up` runs until it is stopped; `always` does not even end then. */
  readonly hang?: 'until aborted' | 'always';
  /** Resources it has; type and name. Default: one VPC. */
  readonly resources?: readonly { readonly type: string; readonly name: string; readonly protect?: boolean }[];
  /** Default: `{ id: <stack>-1 }`. */
  readonly outputs?: (config: Readonly<Record<string, string>>) => Readonly<Record<string, unknown>>;
  readonly secretOutputs?: readonly string[];
  /** What a detection finds: resource name → how it would be repaired and what differs. Gone after `up` and `refresh`. */
  drift?: Readonly<Record<string, Pick<ResourceDrift, 'repair' | 'properties'>>>;
  /** What a preview counts; default: nothing to do where it ran with this configuration, else everything is created. */
  readonly planned?: Partial<StackRunResult['resources']>;
  /** Operations that its state shows as under way. */
  readonly underWay?: number;
  /** Fails detection, by class. */
  readonly failDetect?: ErrorClass;
  /** Thrown instead of a result. */
  readonly throws?: Error;
}

export interface EngineCall {
  readonly verb: 'up' | 'preview' | 'destroy' | 'refresh' | 'detect' | 'import';
  readonly stack: string;
  readonly config: Readonly<Record<string, string>>;
  readonly refresh: boolean;
  readonly startedAt: number;
  readonly endedAt?: number;
}

const NO_COUNTS = { created: 0, updated: 0, deleted: 0, replaced: 0, unchanged: 0 };
const RESOURCES = [{ type: 'aws:ec2/vpc:Vpc', name: 'main' }];

/** A double of the engine for schedules and failures: it runs no program and keeps its state in memory. */
export class ScriptedEngine extends StackEngine {
  readonly name = 'scripted';
  readonly calls: EngineCall[] = [];
  /** By stack name. */
  readonly states = new Map<string, { config: Readonly<Record<string, string>>; outputs: StackOutputs }>();
  /** Stacks that ran twice at once, which must never be. */
  readonly overlaps: string[] = [];
  mostAtOnce = 0;
  readonly #attempts = new Map<string, number>();
  readonly #busy = new Set<string>();
  /** Stacks that may have left something. */
  readonly #tried = new Set<string>();

  constructor(
    private readonly clock: Clock,
    readonly scripts: Record<string, StackScript> = {},
  ) {
    super();
  }

  /** `up network`, in the order of the calls. */
  get log(): string[] {
    return this.calls.map((call) => `${call.verb} ${call.stack}`);
  }

  async warm(): Promise<void> {}

  async close(): Promise<void> {}

  async shutOut(): Promise<boolean> {
    return false;
  }

  preview(run: StackRun): Promise<StackRunResult> {
    return this.play('preview', run, (stack) =>
      this.resultOf(stack, run, {
        ...NO_COUNTS,
        ...(this.scripts[stack]?.planned ?? {
          [this.isUpToDate(stack, run) ? 'unchanged' : 'created']: this.count(stack),
        }),
      }),
    );
  }

  up(run: StackRun): Promise<StackRunResult> {
    return this.play('up', run, (stack) => {
      const isNew = !this.states.has(stack);
      const result = this.resultOf(stack, run, {
        ...NO_COUNTS,
        [isNew ? 'created' : 'unchanged']: this.count(stack),
      });
      this.states.set(stack, { config: run.config, outputs: result.outputs });
      delete this.scripts[stack]?.drift;
      return result;
    });
  }

  destroy(run: StackRun): Promise<StackRunResult> {
    return this.play('destroy', run, (stack) => {
      const isThere = this.states.delete(stack);
      this.#tried.delete(stack);
      return { ...this.resultOf(stack, run, { ...NO_COUNTS, deleted: isThere ? this.count(stack) : 0 }), outputs: {} };
    });
  }

  refresh(run: StackRun): Promise<StackRunResult> {
    return this.play(
      'refresh',
      run,
      (stack) => {
        const drifted = this.driftOf(run);
        delete this.scripts[stack]?.drift;
        const deleted = drifted.filter(({ repair }) => repair === 'create').length;
        return this.resultOf(stack, run, { ...NO_COUNTS, updated: drifted.length - deleted, deleted });
      },
      0,
    );
  }

  async detectDrift(run: StackRun): Promise<DriftResult> {
    const stack = stackName(run);
    const failing = this.scripts[stack]?.failDetect;
    const { success, error } = await this.play('detect', run, () =>
      failing ? failure(failing, codeOf(failing), `${stack} failed on purpose`) : this.resultOf(stack, run, NO_COUNTS),
    );
    const checked = success ? this.count(stack) : 0;
    return { success, checked, drifted: success ? this.driftOf(run) : [], ...(error ? { error } : {}) };
  }

  importResources(run: StackRun, resources: readonly ResourceImport[]): Promise<StackRunResult> {
    return this.play('import', run, (stack) => {
      const result = this.resultOf(stack, run, { ...NO_COUNTS, created: resources.length });
      this.states.set(stack, { config: run.config, outputs: result.outputs });
      return result;
    });
  }

  async outputs(ref: StackRef): Promise<StackOutputs> {
    return this.states.get(stackName(ref))?.outputs ?? {};
  }

  async resources(ref: StackRef): Promise<readonly StateResource[]> {
    const stack = stackName(ref);
    if (!this.states.has(stack) && !this.#tried.has(stack)) return [];
    return this.resourcesOf(stack).map(({ type, name, protect }) => ({
      urn: urn(ref, type, name),
      type,
      name,
      id: name,
      protect: protect ?? false,
    }));
  }

  async exportState(ref: StackRef): Promise<StackState | null> {
    const stack = stackName(ref);
    const pending = this.scripts[stack]?.underWay ?? 0;
    const operations = Array.from({ length: pending }, () => ({ type: 'updating' }));
    return this.states.has(stack) ? { version: 3, deployment: { pending_operations: operations } } : null;
  }

  async importState(ref: StackRef): Promise<number> {
    this.states.set(stackName(ref), { config: {}, outputs: {} });
    return 2;
  }

  async stackExists(ref: StackRef): Promise<boolean> {
    return this.states.has(stackName(ref));
  }

  private async play(
    verb: EngineCall['verb'],
    run: StackRun,
    end: (stack: string) => StackRunResult,
    forcedMs?: number,
  ): Promise<StackRunResult> {
    const stack = stackName(run);
    const script = this.scripts[stack] ?? {};
    const key = `${verb} ${stack}`;
    const attempt = (this.#attempts.get(key) ?? 0) + 1;
    this.#attempts.set(key, attempt);
    const startedAt = this.clock.now().getTime();
    const index = this.calls.push({ verb, stack, config: run.config, refresh: run.refresh ?? false, startedAt }) - 1;
    if (this.#busy.has(stack) && !script.hang) this.overlaps.push(stack);
    this.#busy.add(stack);
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#busy.size);
    try {
      if (script.throws) throw script.throws;
      if (verb === 'up') {
        this.#tried.add(stack);
        this.tell(run, 'resource_started');
      }
      if (verb === 'up' && this.isLocked(stack))
        return failure('state_conflict', 'RESOURCE_LOCKED', `${stack} is locked`);
      await this.wait(verb === 'up' ? script : { ...script, hang: undefined }, run.signal, forcedMs);
      if (run.signal.aborted) return failure('cancelled', 'OPERATION_CANCELLED', 'stopped');
      const failing =
        verb === 'up' ? script.failUp?.[attempt] : verb === 'destroy' ? script.failDestroy?.[attempt] : undefined;
      if (failing) return failure(failing, codeOf(failing), `${stack} failed on purpose`);
      if (verb === 'up') this.tell(run, 'resource_done');
      return end(stack);
    } finally {
      this.#busy.delete(stack);
      this.calls[index] = { ...this.calls[index], endedAt: this.clock.now().getTime() } as EngineCall;
    }
  }

  private async wait(script: StackScript, signal: AbortSignal, forcedMs: number | undefined): Promise<void> {
    if (forcedMs !== undefined || !script.hang) return this.clock.sleep(forcedMs ?? script.ms ?? 1000, signal);
    if (script.hang === 'always') return new Promise(() => undefined);
    if (signal.aborted) return;
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }

  private tell(run: StackRun, kind: 'resource_started' | 'resource_done'): void {
    const stack = stackName(run);
    const action = this.states.has(stack) ? 'same' : 'create';
    for (const { type, name } of this.resourcesOf(stack)) {
      const where = { action, urn: urn(run, type, name), type, name } as const;
      run.onEvent(kind === 'resource_started' ? { kind, ...where } : { kind, ...where, id: name, durationMs: 1 });
    }
  }

  private resultOf(stack: string, run: StackRun, resources: StackRunResult['resources']): StackRunResult {
    const script = this.scripts[stack] ?? {};
    const plain = script.outputs?.(run.config) ?? { id: `${stack}-1` };
    const outputs = Object.fromEntries(
      Object.entries(plain).map(([key, value]) => [
        key,
        { value, secret: script.secretOutputs?.includes(key) ?? false },
      ]),
    );
    return { success: true, outputs, resources, resourceCount: this.count(stack), stateVersion: 1, repaired: [] };
  }

  private driftOf(run: StackRun): ResourceDrift[] {
    const script = this.scripts[stackName(run)] ?? {};
    return this.resourcesOf(stackName(run)).flatMap(({ type, name }) => {
      const found = script.drift?.[name];
      return found ? [{ urn: urn(run, type, name), type, name, id: name, ...found }] : [];
    });
  }

  private resourcesOf(stack: string): NonNullable<StackScript['resources']> {
    return this.scripts[stack]?.resources ?? RESOURCES;
  }

  private isLocked(stack: string): boolean {
    const first = this.calls.find((call) => call.verb === 'up' && call.stack === stack);
    const until = (first?.startedAt ?? 0) + (this.scripts[stack]?.lockedMs ?? 0);
    return this.clock.now().getTime() < until;
  }

  private isUpToDate(stack: string, run: StackRun): boolean {
    return canonicalJson(this.states.get(stack)?.config ?? null) === canonicalJson(run.config);
  }

  private count(stack: string): number {
    return this.resourcesOf(stack).length;
  }
}

/** `<deploymentId>-<stack>-<environment>`. */
function stackName(ref: StackRef): string {
  return ref.stack.split('-').slice(1, -1).join('-');
}

function urn(ref: StackRef, type: string, name: string): string {
  return `urn:pulumi:${ref.stack}::${ref.project}::${type}::${name}`;
}

function codeOf(errorClass: ErrorClass): string {
  if (errorClass === 'state_conflict') return 'RESOURCE_LOCKED';
  return errorClass === 'limit' ? 'SERVICE_LIMIT_EXCEEDED' : 'RESOURCE_CREATION_FAILED';
}

function failure(errorClass: ErrorClass, code: string, message: string): StackRunResult {
  const error: EngineError = { class: errorClass, code, message, retryable: errorClass === 'transient' };
  return { success: false, outputs: {}, resources: NO_COUNTS, resourceCount: 0, stateVersion: 1, repaired: [], error };
}
