import { copyFile, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { StackRef } from '../engine.port.js';

/** What of a user's PULUMI_HOME a run may see; everything else it writes is its own. */
const SHARED_FOLDERS = ['plugins', 'bin'];
const CREDENTIALS = 'credentials.json';

export interface WorkFolder {
  readonly path: string;
  /** PULUMI_HOME of this run. */
  readonly home: string;
  remove(): Promise<void>;
}

/**
 * A private folder for one run of the command line: a generated project, and a PULUMI_HOME that shares plug-ins and log-in
 * with the real one but no workspace, so that runs side by side never write the same file.
 * @param root is made when missing
 * @param program its folder; absent where no program runs or none is there
 * @param config plain text only; secrets never touch the disk
 */
export async function makeWorkFolder(
  root: string,
  pulumiHome: string,
  ref: StackRef,
  program?: { readonly folder: string | undefined; readonly config: Readonly<Record<string, string>> },
): Promise<WorkFolder> {
  await Promise.all(
    [root, ...SHARED_FOLDERS.map((name) => join(pulumiHome, name))].map((path) =>
      mkdir(path, { recursive: true, mode: 0o700 }),
    ),
  );
  const path = await mkdtemp(join(root, `${process.pid}.${ref.stack}-`));
  const home = join(path, 'home');
  await mkdir(home);
  await Promise.all([
    ...SHARED_FOLDERS.map((name) => symlink(join(pulumiHome, name), join(home, name))),
    copyFile(join(pulumiHome, CREDENTIALS), join(home, CREDENTIALS)).catch(() => undefined), // nobody has logged in
    writeFile(
      join(path, 'Pulumi.yaml'),
      stringify({
        name: ref.project,
        runtime: 'nodejs',
        ...(program?.folder === undefined ? {} : { main: program.folder }),
      }),
    ),
    writeFile(join(path, `Pulumi.${ref.stack}.yaml`), stringify({ config: program?.config ?? {} })),
  ]);
  return { path, home, remove: () => rm(path, { recursive: true, force: true }) };
}

/**
 * Removes folders that a killed server has left. One that another living server of this machine works in stays.
 * @param before those made earlier than this
 */
export async function sweepWorkFolders(root: string, before: Date): Promise<void> {
  const names = await readdir(root).catch(() => []);
  for (const name of names) {
    const path = join(root, name);
    const { mtime } = await stat(path).catch(() => ({ mtime: before }));
    if (mtime < before && !isAlive(Number.parseInt(name, 10))) await rm(path, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
