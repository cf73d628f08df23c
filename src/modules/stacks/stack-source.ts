import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { compareNames } from '../orchestrator/graph.js';

/**
 * Programs of stacks on this host and the digest of their code (deployments.md 1.5, 7.4).
 * 1. The source folder is looked up, and the compiled program that a runner loads.
 * 2. Both are listed file by file; a digest made from the same paths, sizes and times is taken from memory. The time that counts
 *    is the inode's: a copy that keeps the old time of change and size is seen, too. What was written just now is read again, for
 *    a later write within the file system's tick would have the same time.
 * 3. Otherwise: SHA-256 over relative path and content, files sorted by path, `stacks/shared` added when a file imports it.
 * Both count, because an edit that is not built yet and a build that is not from this source each mean other code.
 */

/** Not part of a program (deployments.md 7.4), nor are tests and maps. */
const EXCLUDED_FOLDERS = new Set(['node_modules', 'bin', '.git', 'docs']);
const EXCLUDED_FILES = /(\.log|\.spec\.[jt]s|\.map)$|^Pulumi\..+\.yaml$/;
const IMPORTS_SHARED = /['"](\.\.\/)+shared(\/[^'"]*)?['"]/;
const CODE_FILE = /\.[cm]?[jt]s$/;

export interface SourceRoots {
  /** `STACKS_ROOT`. */
  readonly sources: string;
  /** Where the build puts programs: `<compiled>/<stack>/src/index.js`. */
  readonly compiled: string;
}

/** Main file of a stack's source in the order of deployments.md 1.5, or null; a lone `.ts` needs a Pulumi.yaml beside it. */
export function findMainFile(roots: SourceRoots, stack: string): string | null {
  const folder = join(roots.sources, stack);
  const named = [join('src', 'index.ts'), 'index.ts', `${stack}.ts`].find((file) => existsSync(join(folder, file)));
  if (named) return join(folder, named);
  if (!existsSync(join(folder, 'Pulumi.yaml'))) return null;
  const first = readdirSync(folder)
    .sort(compareNames)
    .find((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
  return first ? join(folder, first) : null;
}

/** Folder of the compiled program, whether it is there or not. */
export function programDirOf(roots: SourceRoots, stack: string): string {
  return join(roots.compiled, stack, 'src');
}

/** The program can run on this host. */
export function isProgramPresent(roots: SourceRoots, stack: string): boolean {
  return existsSync(join(programDirOf(roots, stack), 'index.js'));
}

/** Above the tick of any file system's clock, and a clock of a file server that is a little ahead; in ms. */
const SETTLED_MS = 2_000;

interface Remembered {
  readonly stamp: string;
  /** Nothing of it had been written just before it was read. */
  readonly isSettled: boolean;
  readonly hash: string;
  readonly importsShared: boolean;
}

/** Digests by stack; knows by times and sizes when one is still good. */
export class CodeHashes {
  readonly #known = new Map<string, Remembered>();

  constructor(private readonly roots: SourceRoots) {}

  /** 64 hex digits. */
  of(stack: string): string {
    const { sources, compiled } = this.roots;
    const own = [join(sources, stack), join(compiled, stack)].flatMap((root) => filesBelow(root));
    const shared = [join(sources, 'shared'), join(compiled, 'shared')].flatMap((root) => filesBelow(root));
    const known = this.#known.get(stack);
    const stamp = stampOf(known && !known.importsShared ? own : [...own, ...shared]);
    if (known?.isSettled && known.stamp === stamp) return known.hash;
    const readAt = Date.now();
    const importsShared = own.some(
      (file) => CODE_FILE.test(file.path) && IMPORTS_SHARED.test(readFileSync(file.path, 'utf8')),
    );
    const files = importsShared ? [...own, ...shared] : own;
    const hash = digestOf(files);
    const isSettled = files.every((file) => file.changedAt < readAt - SETTLED_MS);
    this.#known.set(stack, { stamp: stampOf(files), isSettled, hash, importsShared });
    return hash;
  }
}

interface FoundFile {
  readonly path: string;
  /** Below the folder that was asked for. */
  readonly relative: string;
  readonly stamp: string;
  /** When its inode changed, in ms since 1970. */
  readonly changedAt: number;
}

function filesBelow(root: string, folder = ''): FoundFile[] {
  const here = join(root, folder);
  if (!existsSync(here)) return [];
  return readdirSync(here, { withFileTypes: true })
    .sort((a, b) => compareNames(a.name, b.name))
    .flatMap((entry): FoundFile[] => {
      const relative = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return EXCLUDED_FOLDERS.has(entry.name) ? [] : filesBelow(root, relative);
      if (!entry.isFile() || EXCLUDED_FILES.test(entry.name)) return [];
      const { ctimeMs, ino, size } = statSync(join(here, entry.name));
      return [{ path: join(here, entry.name), relative, stamp: `${ctimeMs}:${ino}:${size}`, changedAt: ctimeMs }];
    });
}

function stampOf(files: readonly FoundFile[]): string {
  return files.map((file) => `${file.path}:${file.stamp}`).join('\n');
}

function digestOf(files: readonly FoundFile[]): string {
  const hash = createHash('sha256');
  for (const file of files) {
    const content = readFileSync(file.path);
    hash.update(`${file.relative}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}
