import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provideDatabase } from '../../../tools/dev-database/provide-database.js';
import { findOnPath } from '../../../tools/dev-database/processes.js';

export interface Target {
  readonly name: string;
  /** Why it cannot be tested here. */
  readonly skip?: string;
  open(): Promise<{ uri: string; stop: () => Promise<void> }>;
}

/** The database of this run, and a true mongod where there is one. */
export function targets(): Target[] {
  const uri = process.env['MONGODB_URI'] ?? '';
  const binary = process.env['MONGOD_BINARY'] ?? findOnPath('mongod', process.env);
  return [
    { name: 'of this run', open: () => Promise.resolve({ uri, stop: () => Promise.resolve() }) },
    {
      name: 'mongod',
      ...(binary ? {} : { skip: 'neither MONGOD_BINARY nor a mongod on the PATH' }),
      open: async () => {
        const dataDir = mkdtempSync(join(tmpdir(), 'cloud-mongod-'));
        const env = { ...process.env, ...(binary ? { MONGOD_BINARY: binary } : {}) };
        const database = await provideDatabase({ dataDir, via: 'mongod-binary', env, say: () => undefined });
        const stop = async (): Promise<void> => {
          await database.stop();
          rmSync(dataDir, { recursive: true, force: true });
        };
        return { uri: database.uri, stop };
      },
    },
  ];
}
