import { createApp } from './app.js';
import { ConfigurationError, readConfigWith } from './shared/config/config.js';

/** `npm run db:indexes`: builds and corrects every index, as each start of the server does, and ends. */
async function main(): Promise<void> {
  const config = readConfigWith({
    ROLES: 'scheduler',
    SCHEDULER_MODE: 'off',
    ENGINE: 'embedded',
    CLOUD: 'sandbox',
    ENGINE_RUNNERS: '0',
  });
  const app = await createApp(config);
  await app.close();
  process.stdout.write('All indexes are as they should be.\n');
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(
      `${error instanceof ConfigurationError ? error.message : String((error as Error)?.stack ?? error)}\n`,
    );
    process.exit(1);
  },
);
