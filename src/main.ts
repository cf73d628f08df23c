import { createApp } from './app.js';
import { VERSION } from './modules/health/health.service.js';
import { ConfigurationError, readConfig } from './shared/config/config.js';
import { createLog } from './shared/kernel/log.js';
import { releaseStartUpMemory } from './shared/kernel/start-up-memory.js';

/** Longest shutdown, in ms: a database that is gone must not keep the process; the journal makes leaving early safe. */
const SHUTDOWN_LIMIT_MS = 10_000;

/** Starts HTTP and WebSocket; ends in order on SIGTERM and SIGINT. */
async function main(): Promise<void> {
  // Started over a channel: when it closes, whoever started us is gone.
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref());
  }
  const config = readConfig();
  const app = await createApp(config);
  releaseStartUpMemory();
  app.enableShutdownHooks(['SIGTERM', 'SIGINT']);
  await app.listen(config.server.port, config.server.host);
  const url = await app.getUrl();
  createLog('main').info('app.started', {
    url,
    version: VERSION,
    environment: `NODE_ENV=${config.env}`,
    engine: config.engine.engine,
    cloud: config.engine.cloud,
    roles: config.server.roles,
  });
  process.send?.({ event: 'listening', url });
}

main().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof ConfigurationError ? error.message : String((error as Error)?.stack ?? error)}\n`,
  );
  process.exitCode = 1;
  setTimeout(() => process.exit(1), 500).unref(); // logs leave first
});
