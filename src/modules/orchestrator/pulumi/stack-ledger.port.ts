import type { StackRef } from '../engine.port.js';

/** A run that has begun to write and has not ended yet; after a crash it stays. */
export interface OpenRun {
  /** Unique; part of the tokens of everything the run creates. */
  readonly id: string;
  /** Host name of the server that runs it. */
  readonly host: string;
  /** ISO 8601. */
  readonly startedAt: string;
}

export interface LedgerEntry {
  /** Highest fencing token that has written. */
  readonly fence: number;
  /** Counts the runs that changed the state. */
  readonly serial: number;
  /** The run that never ended; null = the last one did. */
  readonly open: OpenRun | null;
}

/**
 * What the `pulumi` engine knows of a stack besides the state, which belongs to the backend: whose turn it is, and what a
 * crash has cut short. One entry per stack. Adapters: MongoDB (`ledger.repository.ts`), memory (tests).
 */
export abstract class StackLedger {
  /** null = no run has ever written. */
  abstract find(stack: StackRef): Promise<LedgerEntry | null>;
  /**
   * Takes the stack for one run; atomic.
   * @returns the entry before, null for the first run
   * @throws StaleLease when a higher fence has written
   */
  abstract open(stack: StackRef, fence: number, run: OpenRun): Promise<LedgerEntry | null>;
  /**
   * The run has ended, well or badly, and nothing of it goes on.
   * @param hasChanged the state is another one: the serial is raised
   * @returns the serial
   * @throws StaleLease when another holder has taken the stack meanwhile
   */
  abstract close(stack: StackRef, fence: number, runId: string, hasChanged: boolean): Promise<number>;
  /** Remembers the fence; a run that never ended stays for the next one to see. @throws StaleLease as open */
  abstract raise(stack: StackRef, fence: number): Promise<void>;
}
