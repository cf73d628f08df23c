import { neededBy, type ResourceRecord } from './stack-state.js';

/**
 * For each record to delete the records that must be gone before it: everything among them that depends on it, is its
 * child, uses it as provider, or is deleted with it.
 * A replaced record shares its URN with the new one; what depends on that URN may depend on either, so both wait.
 */
export function deletionOrder(records: readonly ResourceRecord[]): Map<ResourceRecord, Set<ResourceRecord>> {
  const byUrn = Map.groupBy(records, (record) => record.urn);
  const waitsFor = new Map<ResourceRecord, Set<ResourceRecord>>(records.map((record) => [record, new Set()]));
  for (const record of records) {
    for (const urn of neededBy(record)) {
      for (const needed of byUrn.get(urn) ?? []) if (needed !== record) waitsFor.get(needed)?.add(record);
    }
  }
  return waitsFor;
}

/**
 * Runs `remove` for every record, each as soon as all that must go before it has gone; nothing new starts once `stopped`.
 * A record whose dependents did not all go stays.
 * @param remove resolves to false when the record is still there
 */
export async function deleteInOrder(
  records: readonly ResourceRecord[],
  remove: (record: ResourceRecord) => Promise<boolean>,
  stopped: () => boolean,
): Promise<void> {
  const waitsFor = deletionOrder(records);
  const running = new Set<Promise<void>>();
  // last registered first, so that two runs of the same deletion look alike
  const left = new Set([...records].reverse());
  while (left.size > 0 || running.size > 0) {
    for (const record of left) {
      if (stopped() || (waitsFor.get(record)?.size ?? 0) > 0) continue;
      left.delete(record);
      const task: Promise<void> = remove(record).then((gone) => {
        running.delete(task);
        if (gone) for (const others of waitsFor.values()) others.delete(record);
      });
      running.add(task);
    }
    if (running.size === 0) return; // what is left waits for something that could not be deleted
    await Promise.race(running);
  }
}
