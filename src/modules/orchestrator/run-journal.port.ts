import type { EventDraft } from '../../shared/events/events.js';
import type { ResourceDrift, StackOutputs } from './engine.port.js';
import type { Fingerprint, ResolvedConfig, RunReport, RunState, StackRunRecord } from './run-request.js';

/** New persistent state of a stack instance. */
export type InstanceChange =
  | { readonly kind: 'running'; readonly status: 'deploying' | 'destroying' }
  | {
      readonly kind: 'deployed';
      readonly fingerprint: Fingerprint;
      readonly config: ResolvedConfig;
      readonly outputs: StackOutputs;
      readonly dependencies: readonly string[];
      readonly codeHash: string;
      readonly resourceCount: number;
      readonly stateVersion: number;
      readonly durationSeconds: number;
      /** false = a forced run found nothing to change; it still makes a version (spec README 55). */
      readonly changed: boolean;
    }
  | { readonly kind: 'failed'; readonly outputs?: StackOutputs; readonly resourceCount?: number }
  | { readonly kind: 'destroyed' }
  | {
      /** The state was made what the cloud has; drift is no more. */
      readonly kind: 'refreshed';
      readonly outputs: StackOutputs;
      readonly resourceCount: number;
      readonly stateVersion: number;
      /** The state is another one: the next deploy runs the stack. */
      readonly changed: boolean;
    }
  | {
      /** A state, or resources, came from outside: the next deploy runs the stack. */
      readonly kind: 'imported';
      readonly outputs: StackOutputs;
      readonly resourceCount: number;
      readonly stateVersion: number;
    };

/** What a drift detection found in one stack. */
export interface DriftFinding {
  readonly drifted: readonly ResourceDrift[];
  /** Of the instance that was looked at: a newer one keeps its own flag. */
  readonly stackVersion: number;
}

/** One step of the run: what changed and what is told about it; written together or not at all. */
export interface JournalEntry {
  /** New phase, when it changed. */
  readonly phase?: RunState['phase'];
  /** New records of stacks, whole. */
  readonly stacks?: readonly StackRunRecord[];
  readonly totalLayers?: number;
  readonly rollback?: RunState['rollback'];
  readonly instances?: Readonly<Record<string, InstanceChange>>;
  /** Drift by stack; also written by an operation that changes nothing else. */
  readonly drift?: Readonly<Record<string, DriftFinding>>;
  /** New sticky values: stack → `<config path>|<canonical text>` → value (stored encrypted). */
  readonly sticky?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The run is over; also closes operation, environment and version. */
  readonly report?: RunReport;
  /** In this order. */
  readonly events: readonly EventDraft[];
}

/**
 * The memory of a run; the orchestrator writes every step here before it does the next.
 * `record` is one fenced transaction. Calls are made one after another by the run's reporter.
 * @throws StaleLease when the run has lost its lease: it must stop at once and write nothing more
 */
export abstract class RunJournal {
  abstract record(entry: JournalEntry): Promise<void>;
}
