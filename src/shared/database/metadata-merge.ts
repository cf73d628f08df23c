import type { PipelineStage } from 'mongoose';

type Stage = Extract<PipelineStage, { $set: unknown } | { $unset: unknown }>;

/**
 * Update stages that merge `changes` into the field `metadata` per top-level key; `null` removes a key. Texts of clients are
 * literals: `$project_id` stays a text. Beyond `maxBytes` (of BSON) the stored metadata stays as it is.
 * Keys must not contain `.` or start with `$` (shared/http/metadata.ts).
 */
export function mergeMetadata(changes: Readonly<Record<string, unknown>>, maxBytes: number): Stage[] {
  const kept = Object.entries(changes).filter(([, value]) => value !== null);
  const removed = Object.keys(changes).filter((key) => changes[key] === null);
  const merged = {
    $arrayToObject: {
      $filter: {
        input: {
          $objectToArray: {
            $mergeObjects: ['$metadata', { $literal: Object.fromEntries(kept) }],
          },
        },
        cond: { $not: [{ $in: ['$$this.k', { $literal: removed }] }] },
      },
    },
  };
  return [
    { $set: { metadata_merged: merged } },
    {
      $set: {
        metadata: { $cond: [{ $lte: [{ $bsonSize: '$metadata_merged' }, maxBytes] }, '$metadata_merged', '$metadata'] },
      },
    },
    { $unset: ['metadata_merged'] },
  ];
}
