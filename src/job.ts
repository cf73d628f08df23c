import { createApp } from './app.js';
import { SessionsJobs } from './modules/sessions/sessions.jobs.js';
import { ConfigurationError, readConfigWith } from './shared/config/config.js';

/**
 * One timed job of the session half, started from outside (SCHEDULER_MODE=external): `node dist/src/job.js detect-stalled`. The same
 * code and the same lease as inside the server, so both may exist side by side. Exit code 0, 1 when the job failed,
 * 2 when there is no job of that name.
 */
async function main(name: string | undefined): Promise<number> {
  const config = readConfigWith({
    ROLES: 'scheduler',
    SCHEDULER_MODE: 'external',
    ENGINE: 'embedded',
    CLOUD: 'sandbox',
    ENGINE_RUNNERS: '0',
  });
  const app = await createApp(config);
  try {
    const jobs = app.get(SessionsJobs);
    const outcome = await jobs.run(name ?? '');
    if (outcome === null) {
      process.stderr.write(`Unknown job '${name ?? ''}'. Give one of: ${jobs.names().join(', ')}.\n`);
      return 2;
    }
    process.stdout.write(
      `${JSON.stringify(outcome.kind === 'failed' ? { ...outcome, error: String(outcome.error) } : outcome)}\n`,
    );
    return outcome.kind === 'failed' ? 1 : 0;
  } finally {
    await app.close();
  }
}

main(process.argv[2]).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(
      `${error instanceof ConfigurationError ? error.message : String((error as Error)?.stack ?? error)}\n`,
    );
    process.exit(1);
  },
);
