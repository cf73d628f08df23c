import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { identify, isAlive, type ProcessIdentity } from './processes.js';

export interface Holder extends ProcessIdentity {
  /** What the holder wanted others to know, e.g. the address it serves. */
  readonly note: string;
}

export type LockAttempt =
  { readonly kind: 'taken'; readonly lock: FileLock } | { readonly kind: 'held'; readonly by: Holder };

/**
 * A lock file that names its holder; a dead holder's file counts for nothing.
 * 1. The whole content is written aside and linked into place: the link is refused when the name exists, so there is never
 *    a half-written lock.
 * 2. A file of a dead process is renamed away first; of two that try, one finds it gone and starts over. Who finds that it
 *    renamed somebody's fresh lock instead puts it back.
 */
export class FileLock {
  private constructor(private readonly path: string) {}

  static take(path: string, note = ''): LockAttempt {
    const own = `${path}.${process.pid}`;
    for (;;) {
      write(own, note);
      try {
        linkSync(own, path);
        return { kind: 'taken', lock: new FileLock(path) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      } finally {
        rmSync(own, { force: true });
      }
      const holder = read(path);
      if (holder && isAlive(holder)) return { kind: 'held', by: holder };
      try {
        renameSync(path, `${own}.stale`);
        const renamed = read(`${own}.stale`);
        if (renamed && isAlive(renamed)) linkSync(`${own}.stale`, path);
        rmSync(`${own}.stale`, { force: true });
      } catch (error) {
        if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      }
    }
  }

  annotate(note: string): void {
    const own = `${this.path}.${process.pid}`;
    write(own, note);
    renameSync(own, this.path);
  }

  release(): void {
    if (read(this.path)?.pid === process.pid) rmSync(this.path, { force: true });
  }
}

function write(path: string, note: string): void {
  writeFileSync(path, JSON.stringify({ ...identify(process.pid), note } satisfies Holder));
}

function read(path: string): Holder | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch {
    return null;
  }
}
