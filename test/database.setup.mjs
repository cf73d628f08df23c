import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildDevDatabase } from './build-dev-database.mjs';

/**
 * One database for the whole run, in a folder that goes with it. Tests find it as MONGODB_URI and use a database name of
 * their own each; a given MONGODB_URI is used as it is. DEV_DATABASE_BUILD is the compiled tool, for tests of the tool.
 */
export default async function setUp() {
  process.env.DEV_DATABASE_BUILD ??= join(await buildDevDatabase(), 'tools/dev-database');
  if (globalThis.__devDatabase || process.env.MONGODB_URI) return;
  const build = process.env.DEV_DATABASE_BUILD;
  const { provideDatabase } = await import(pathToFileURL(join(build, 'provide-database.js')).href);
  const dataDir = mkdtempSync(join(tmpdir(), 'cloud-test-'));
  const held = [];
  let say = (line) => held.push(line);
  const timer = setTimeout(() => {
    say = (line) => console.error(line); // it takes long: a first set-up is worth watching
    held.forEach(say);
  }, 4_000);
  try {
    const database = await provideDatabase({
      dataDir,
      say: (line) => say(line),
      gatewayEntry: join(build, 'gateway/main.js'),
    });
    globalThis.__devDatabase = { database, dataDir };
    process.env.MONGODB_URI = database.uri;
  } finally {
    clearTimeout(timer);
  }
}
