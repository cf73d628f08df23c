import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Log } from '../../../shared/kernel/log.js';
import { CommandLineMissing, CommandLineTooOld } from './pulumi.errors.js';

/** A Pulumi command line that answered. */
export interface CommandLine {
  /** Absolute path of the executable. */
  readonly file: string;
  /** `3.260.0`. */
  readonly version: string;
  /** Where it was found, as shown to users. */
  readonly source: 'PULUMI_CLI' | 'PATH' | '~/.pulumi/bin' | 'installed';
}

export interface CommandLineSearch {
  /** PULUMI_CLI; when given, nothing else is looked at. */
  readonly cli: string | undefined;
  readonly path: string;
  /** PULUMI_HOME, `~/.pulumi` by default. */
  readonly home: string;
  readonly log: Log;
  /** Downloads one and answers its path; `PulumiCommand.install()` of the Automation API. */
  readonly install: () => Promise<string>;
}

/** The oldest that sends its events to a listener (`--event-log tcp://`). */
export const OLDEST_VERSION = '3.206.0';
const EXECUTABLE = process.platform === 'win32' ? 'pulumi.exe' : 'pulumi';
const VERSION_TIMEOUT_MS = 30_000;

const execute = promisify(execFile);

/**
 * Looks for a command line: PULUMI_CLI, the PATH, `~/.pulumi/bin`, then an installation.
 * @throws CommandLineMissing naming every place and the way out
 * @throws CommandLineTooOld
 */
export async function findCommandLine(search: CommandLineSearch): Promise<CommandLine> {
  if (search.cli !== undefined) return asked(search.cli, 'PULUMI_CLI');
  for (const folder of search.path.split(delimiter).filter(Boolean)) {
    const file = join(folder, EXECUTABLE);
    if (await isExecutable(file)) return asked(file, 'PATH');
  }
  const own = join(search.home, 'bin', EXECUTABLE);
  if (await isExecutable(own)) return asked(own, '~/.pulumi/bin');
  search.log.info('no Pulumi command line is there: installing one');
  let installed: string;
  try {
    installed = await search.install();
  } catch (cause) {
    throw new CommandLineMissing(
      `none in PULUMI_CLI, on the PATH or in ${join(search.home, 'bin')}, and none could be installed`,
      cause,
    );
  }
  return asked(installed, 'installed');
}

async function asked(file: string, source: CommandLine['source']): Promise<CommandLine> {
  let answer: string;
  try {
    const { stdout } = await execute(file, ['version'], {
      timeout: VERSION_TIMEOUT_MS,
      env: { PULUMI_SKIP_UPDATE_CHECK: 'true' },
    });
    answer = stdout.trim();
  } catch (cause) {
    throw new CommandLineMissing(`${file} (${source}) does not run`, cause);
  }
  const version = /^v?(\d+\.\d+\.\d+)/.exec(answer)?.[1];
  if (version === undefined) throw new CommandLineMissing(`${file} (${source}) does not tell its version`);
  if (isOlder(version, OLDEST_VERSION)) throw new CommandLineTooOld(file, version, OLDEST_VERSION);
  return { file, version, source };
}

function isOlder(version: string, oldest: string): boolean {
  const [a, b] = [version, oldest].map((text) => text.split('.').map(Number));
  for (const [index, wanted] of (b ?? []).entries()) {
    const given = a?.[index] ?? 0;
    if (given !== wanted) return given < wanted;
  }
  return false;
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
