import { type StackRef, type StackState, StackStateStore } from '../../src/modules/orchestrator/engine.port.js';
import { Conflict } from '../../src/shared/errors/app-error.js';

/** In-memory twin of the MongoDB adapter. States are kept as text, so nobody can change one from outside. */
export class FakeStackStateStore extends StackStateStore {
  readonly #stacks = new Map<string, { text: string; serial: number; fence: number }>();
  /** Every state that was ever saved, as text. */
  readonly history: string[] = [];
  /** Called with the number of the save (from 1) before it is kept; throw or never resolve to simulate a dying process. */
  beforeSave: (save: number, state: StackState) => void | Promise<void> = () => undefined;
  afterSave: (save: number, state: StackState) => void | Promise<void> = () => undefined;
  #saves = 0;

  async load(stack: StackRef): Promise<{ state: StackState; serial: number } | null> {
    const row = this.#stacks.get(key(stack));
    return row && row.text !== '' ? { state: JSON.parse(row.text) as StackState, serial: row.serial } : null;
  }

  async save(stack: StackRef, state: StackState, fence: number): Promise<number> {
    const save = ++this.#saves;
    const text = JSON.stringify(state);
    await this.beforeSave(save, state);
    const row = this.#stacks.get(key(stack));
    refuseStale(row?.fence, fence, stack);
    const serial = (row?.serial ?? 0) + 1;
    this.#stacks.set(key(stack), { text, serial, fence });
    this.history.push(text);
    await this.afterSave(save, state);
    return serial;
  }

  async remove(stack: StackRef, fence: number): Promise<void> {
    const row = this.#stacks.get(key(stack));
    refuseStale(row?.fence, fence, stack);
    if (row) this.#stacks.set(key(stack), { text: '', serial: row.serial, fence });
  }

  async raise(stack: StackRef, fence: number): Promise<void> {
    const row = this.#stacks.get(key(stack));
    refuseStale(row?.fence, fence, stack);
    this.#stacks.set(key(stack), { text: row?.text ?? '', serial: row?.serial ?? 0, fence });
  }
}

function key({ organization, account, region, project, stack }: StackRef): string {
  return [organization, account, region, project, stack].join('/');
}

function refuseStale(known: number | undefined, fence: number, { stack }: StackRef): void {
  if (known !== undefined && known > fence) {
    throw new Conflict('STALE_LEASE', `The lease of ${stack} with token ${fence} is no longer ours`);
  }
}
