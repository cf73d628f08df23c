import { closeSync, openSync } from 'node:fs';

export interface ShortPath extends Disposable {
  readonly path: string;
}

/**
 * A short name for a folder, good inside this process until disposed of: the kernel takes at most 107 characters for the
 * path of a socket, and data folders may lie deeper than that. Linux only.
 */
export function shortFolderPath(folder: string): ShortPath {
  const descriptor = openSync(folder, 'r');
  return { path: `/proc/self/fd/${descriptor}`, [Symbol.dispose]: () => closeSync(descriptor) };
}
