import { isDeepStrictEqual } from 'node:util';
import type { Model } from 'mongoose';
import { ConfigurationError } from '../config/config.js';

/** An index as far as it matters whether the stored one is the wanted one. */
interface Index {
  readonly key: Readonly<Record<string, unknown>>;
  readonly isUnique: boolean;
  readonly partial: unknown;
  /** null = nothing expires. */
  readonly expireAfterSeconds: number | null;
}

/**
 * The collection and its indexes as the schema has them, or no start (sessions.md 3.5):
 * 1. an expiry that the settings changed is corrected in place (collMod), it is no new index;
 * 2. missing indexes are built;
 * 3. what is stored is compared with the schema once more: an index that is silently not there is a slow server tomorrow.
 * @throws ConfigurationError naming every index that is missing or different
 */
export async function ensureIndexes<T>(model: Model<T>): Promise<void> {
  await model.createCollection();
  const wanted = wantedIndexes(model);
  let stored = await storedIndexes(model);
  if (differences(model, wanted, stored).length === 0) return;
  try {
    for (const index of wanted) {
      const { key, expireAfterSeconds } = index;
      const before = stored.find((each) => isSameKey(each, index))?.expireAfterSeconds ?? null;
      if (before === null || expireAfterSeconds === null || before === expireAfterSeconds) continue;
      await model.db.db?.command({
        collMod: model.collection.collectionName,
        index: { keyPattern: key, expireAfterSeconds },
      });
    }
    await model.createIndexes();
  } catch (error) {
    throw withCause(
      new ConfigurationError([
        `The indexes of ${model.collection.collectionName} could not be built: ${(error as Error).message}`,
      ]),
      error,
    );
  }
  stored = await storedIndexes(model);
  const problems = differences(model, wanted, stored);
  if (problems.length > 0) throw new ConfigurationError(problems);
}

function wantedIndexes<T>(model: Model<T>): readonly Index[] {
  return model.schema
    .indexes()
    .map(([key, options]) => toIndex({ ...(options as Record<string, unknown>), key: key as Index['key'] }));
}

async function storedIndexes<T>(model: Model<T>): Promise<readonly Index[]> {
  const list = (await model.listIndexes()) as readonly Readonly<Record<string, unknown>>[];
  return list.map((each) => toIndex({ ...each, key: each['key'] as Index['key'] }));
}

function toIndex(given: Readonly<Record<string, unknown>> & { readonly key: Index['key'] }): Index {
  const seconds = given['expireAfterSeconds'];
  return {
    key: given.key,
    isUnique: given['unique'] === true,
    partial: given['partialFilterExpression'] ?? null,
    expireAfterSeconds: seconds === undefined || seconds === null ? null : Number(seconds),
  };
}

function differences<T>(model: Model<T>, wanted: readonly Index[], stored: readonly Index[]): string[] {
  const name = model.collection.collectionName;
  return wanted.flatMap((index) => {
    const found = stored.find((each) => isSameKey(each, index));
    const text = `index ${JSON.stringify(index.key)} of collection ${name}`;
    if (!found) return [`The ${text} is missing`];
    if (isDeepStrictEqual(found, index)) return [];
    return [`The ${text} is not as it must be: drop it, the next start builds it (it is ${JSON.stringify(found)})`];
  });
}

/** The order of the fields is part of the key. */
function isSameKey(one: Index, other: Index): boolean {
  return isDeepStrictEqual(Object.entries(one.key), Object.entries(other.key));
}

function withCause<E extends Error>(error: E, cause: unknown): E {
  error.cause = cause;
  return error;
}
