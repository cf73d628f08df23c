import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CodeHashes, programDirOf, type SourceRoots } from '../../src/modules/stacks/stack-source.js';
import type { World } from './world.js';

/** Of every file, as archives and reproducible builds leave it. */
const SAME_TIME = new Date('2026-01-01T00:00:00.000Z');

/**
 * Programs as real files and their digests as the server makes them. Files are written the moment they are edited, many keep their
 * size, and all have the same time of change, so that only content tells them apart.
 */
export class CodeOnDisk {
  readonly #root = mkdtempSync(join(tmpdir(), 'cloud-bench-code-'));
  readonly #roots: SourceRoots = { sources: join(this.#root, 'stacks'), compiled: join(this.#root, 'build') };
  readonly #hashes = new CodeHashes(this.#roots);
  readonly #written = new Map<string, string>();

  /** Writes what differs and removes what is gone. */
  sync({ code }: World): void {
    const wanted = new Map<string, string>();
    for (const [stack, files] of code) for (const [path, text] of files) wanted.set(join(stack, path), text);
    for (const path of [...this.#written.keys()].filter((each) => !wanted.has(each))) {
      rmSync(join(this.#roots.sources, path));
      this.#written.delete(path);
    }
    for (const [path, text] of wanted) {
      if (this.#written.get(path) === text) continue;
      mkdirSync(dirname(join(this.#roots.sources, path)), { recursive: true });
      writeFileSync(join(this.#roots.sources, path), text);
      utimesSync(join(this.#roots.sources, path), SAME_TIME, SAME_TIME);
      this.#written.set(path, text);
    }
  }

  sourceOf(stack: string): { readonly programDir: string; readonly codeHash: string } {
    return { programDir: programDirOf(this.#roots, stack), codeHash: this.#hashes.of(stack) };
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}
