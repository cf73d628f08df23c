import type { StackRef } from '../../src/modules/orchestrator/engine.port.js';
import type { LedgerEntry, OpenRun, StackLedger } from '../../src/modules/orchestrator/pulumi/stack-ledger.port.js';
import { Conflict } from '../../src/shared/errors/app-error.js';

/** In-memory twin of LedgerRepository; both pass test/contract/stack-ledger.contract.spec.ts. */
export class FakeStackLedger implements StackLedger {
  readonly entries = new Map<string, LedgerEntry>();
  /** Every run that was ever opened, in order. */
  readonly opened: OpenRun[] = [];

  async find(stack: StackRef): Promise<LedgerEntry | null> {
    return this.entries.get(key(stack)) ?? null;
  }

  async open(stack: StackRef, fence: number, run: OpenRun): Promise<LedgerEntry | null> {
    const before = this.entries.get(key(stack)) ?? null;
    if (before && before.fence > fence) throw stale(stack, fence);
    this.entries.set(key(stack), { fence, serial: before?.serial ?? 0, open: run });
    this.opened.push(run);
    return before;
  }

  async close(stack: StackRef, fence: number, runId: string, hasChanged: boolean): Promise<number> {
    const entry = this.entries.get(key(stack));
    if (entry?.fence !== fence || entry.open?.id !== runId) throw stale(stack, fence);
    const serial = entry.serial + Number(hasChanged);
    this.entries.set(key(stack), { fence, serial, open: null });
    return serial;
  }

  async raise(stack: StackRef, fence: number): Promise<void> {
    const before = this.entries.get(key(stack));
    if (before && before.fence > fence) throw stale(stack, fence);
    this.entries.set(key(stack), { fence, serial: before?.serial ?? 0, open: before?.open ?? null });
  }
}

function key({ organization, project, stack }: StackRef): string {
  return [organization, project, stack].join('/');
}

function stale({ stack }: StackRef, fence: number): Conflict {
  return new Conflict('STALE_LEASE', `The lease of ${stack} with token ${fence} is no longer ours`);
}
