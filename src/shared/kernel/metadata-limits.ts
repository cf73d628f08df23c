/** Keys of `metadata` that only the server writes; a client that sends one is refused (sessions.md 2). */
export const RESERVED_METADATA_KEYS: readonly string[] = [
  'archived',
  'archived_at',
  'error_message',
  'error_context',
  'failed_at',
  'stalled_at',
  'stalled_reason',
  'recovery',
  'recovery_prepared_at',
  'machine_released',
  'last_task_id',
];

/** Limit of what is stored in one `metadata`, in bytes of JSON. */
export const STORED_METADATA_BYTES = 64 * 1024;

export function fitsStore(metadata: Readonly<Record<string, unknown>>): boolean {
  return Buffer.byteLength(JSON.stringify(metadata)) <= STORED_METADATA_BYTES;
}
