import type { RowPosition, Slice } from '../../src/shared/http/paging.js';

export interface ListedRow<T> {
  readonly item: T;
  readonly createdAt: Date;
  /** Order of insertion, as `_id` gives it. */
  readonly number: number;
}

/** A page of the session half in memory: newest first, by time and then by order of insertion. */
export function pageOf<T>(
  rows: readonly ListedRow<T>[],
  { limit, offset, after }: Slice,
): { readonly page: readonly T[]; readonly total: number; readonly next: RowPosition | null } {
  const sorted = [...rows].sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || b.number - a.number);
  const rest = after ? sorted.filter((row) => isOlder(row, after)) : sorted.slice(offset);
  const page = rest.slice(0, limit);
  const last = rest.length > limit ? page.at(-1) : undefined;
  return {
    page: page.map((row) => row.item),
    total: rows.length,
    next: last ? { createdAt: last.createdAt, id: hexOf(last.number) } : null,
  };
}

function isOlder({ createdAt, number }: ListedRow<unknown>, after: RowPosition): boolean {
  const difference = createdAt.getTime() - after.createdAt.getTime();
  return difference < 0 || (difference === 0 && hexOf(number) < after.id);
}

function hexOf(number: number): string {
  return number.toString(16).padStart(24, '0');
}

/** Per top-level key; `null` removes a key. */
export function mergedMetadata(
  before: Readonly<Record<string, unknown>>,
  changes: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries({ ...before, ...changes }).filter(([, value]) => value !== null));
}
