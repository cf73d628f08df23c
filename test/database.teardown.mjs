import { rmSync } from 'node:fs';

/** Stops what database.setup.mjs started and removes its data. */
export default async function tearDown() {
  const started = globalThis.__devDatabase;
  if (!started) return;
  delete globalThis.__devDatabase;
  await started.database.stop();
  rmSync(started.dataDir, { recursive: true, force: true });
}
