import { MongoError } from 'mongodb';
import mongoose, { type Model, type mongo } from 'mongoose';
import { Unavailable } from '../errors/app-error.js';

/**
 * Commands of the hot paths, straight to the driver: no casting, no hooks, no cursor, and no unit of work; a caller must not be
 * inside of one. Measured in docs/decisions/heartbeat-path.md.
 */

/** The one document that `filter` names, by a unique index. */
export async function findPlainly<T>(model: Model<T>, filter: mongo.Document): Promise<T | null> {
  const command = { find: model.collection.name, filter, limit: 1, singleBatch: true };
  const maxTimeMS = mongoose.get('maxTimeMS');
  const reply = await databaseOf(model).command(maxTimeMS === undefined ? command : { ...command, maxTimeMS });
  return (reply['cursor'] as { readonly firstBatch: readonly T[] }).firstBatch[0] ?? null;
}

/**
 * findAndModify that answers the document as it is afterwards. It is not a retryable write of the driver: the database notes
 * each of those a second time, to apply none twice. After a lost connection it is simply sent again, so `update` must be
 * one that may happen twice.
 */
export async function modifyPlainly<T>(
  model: Model<T>,
  query: mongo.Document,
  update: readonly mongo.Document[],
): Promise<T | null> {
  const database = databaseOf(model);
  const command = { findAndModify: model.collection.name, query, update, new: true, ...concernOf(database) };
  try {
    return (await database.command(command))['value'] as T | null;
  } catch (error) {
    if (!(error instanceof MongoError) || !error.hasErrorLabel('RetryableWriteError')) throw error;
    return (await database.command(command))['value'] as T | null;
  }
}

function databaseOf<T>(model: Model<T>): mongo.Db {
  const { db } = model.db;
  if (!db) throw new Unavailable('database_unavailable', 'The database is not connected');
  return db;
}

/** What MONGODB_URI asks for: a plain command takes nothing from there by itself. */
function concernOf({ writeConcern }: mongo.Db): mongo.Document {
  if (!writeConcern) return {};
  const { w, journal, wtimeoutMS } = writeConcern;
  return {
    writeConcern: {
      w,
      ...(journal === undefined ? {} : { j: journal }),
      ...(wtimeoutMS ? { wtimeout: wtimeoutMS } : {}),
    },
  };
}
