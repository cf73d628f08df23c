import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { StackRun } from '../engine.port.js';

export interface ProgramPlace {
  /** `127.0.0.1:<port>` of the resource monitor. */
  readonly monitor: string;
  /** `127.0.0.1:<port>` of the engine. */
  readonly engine: string;
  readonly preview: boolean;
  /** What the program sees as its organization. */
  readonly organization: string;
  /** Resource operations at once. */
  readonly parallel: number;
}

/** What the Pulumi language host gives the SDK's runner. Secrets of the configuration are in the environment alone. */
export function programArguments(
  run: StackRun,
  place: ProgramPlace,
): { environment: Record<string, string>; argv: string[] } {
  const { monitor, engine, preview, organization } = place;
  const parallel = String(place.parallel);
  const entry = existsSync(join(run.programDir, 'index.js')) ? join(run.programDir, 'index.js') : '.';
  return {
    environment: {
      PULUMI_CONFIG: JSON.stringify(run.config),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(run.secretKeys),
      PULUMI_NODEJS_TYPESCRIPT: 'false',
      PULUMI_NODEJS_ORGANIZATION: organization,
      PULUMI_NODEJS_PROJECT: run.project,
      PULUMI_NODEJS_ROOT_DIRECTORY: run.programDir,
      PULUMI_NODEJS_STACK: run.stack,
      PULUMI_NODEJS_PARALLEL: parallel,
      PULUMI_NODEJS_MONITOR: monitor,
      PULUMI_NODEJS_ENGINE: engine,
      ...(preview ? { PULUMI_NODEJS_DRY_RUN: 'true' } : {}),
    },
    argv: [
      ...['--monitor', monitor, '--engine', engine, '--project', run.project, '--stack', run.stack],
      ...['--organization', organization, '--parallel', parallel, '--root-directory', run.programDir],
      ...(preview ? ['--dry-run'] : []),
      ...['--pwd', run.programDir, entry],
    ],
  };
}
