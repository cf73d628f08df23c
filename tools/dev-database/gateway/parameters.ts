import type { Command } from './command.js';
import { CommandError } from './gateway.errors.js';
import { query, type PostgresPools } from './postgres-pools.js';

const RESCHEDULE = {
  name: null,
  text: "SELECT cron.alter_job(jobid, schedule => $1) FROM cron.job WHERE jobname = 'documentdb_ttl_task'",
};

/** setParameter knows one: how often expired documents are deleted, in seconds (1 to 59, or 60, the start value). */
export async function setParameter(pools: PostgresPools, command: Command): Promise<Record<string, unknown>> {
  const seconds = Number(command.number('ttlMonitorSleepSecs') ?? 0n);
  if (!command.has('ttlMonitorSleepSecs')) throw new CommandError(72, 'InvalidOptions', 'no option found to set');
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 60) {
    throw new CommandError(2, 'BadValue', 'ttlMonitorSleepSecs must be between 1 and 60');
  }
  const schedule = seconds === 60 ? '* * * * *' : `${seconds} seconds`;
  await pools.withConnection((client) => query(client, RESCHEDULE, [schedule]));
  return { ok: 1 };
}
