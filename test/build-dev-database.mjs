import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = ['tools/dev-database', 'src/shared/kernel/paths.ts'];

/**
 * Compiles the development database for the tests, which so need no build, into a folder named after the sources' content:
 * runs at the same time and of different sources do not meet.
 * @returns the folder; it mirrors the project
 */
export async function buildDevDatabase() {
  const swcrc = readFileSync(join(ROOT, '.swcrc'), 'utf8');
  const files = SOURCES.flatMap(listSources).sort();
  const texts = new Map(files.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]));
  const hash = createHash('sha256').update(swcrc);
  for (const [file, text] of texts) hash.update(`\0${file}\0${text}`);
  const parent = join(ROOT, 'node_modules/.cache/dev-database');
  const folder = join(parent, hash.digest('hex').slice(0, 16));
  if (existsSync(folder)) return folder;

  const partial = `${folder}.${process.pid}`;
  const options = JSON.parse(swcrc);
  delete options.$schema;
  for (const [file, text] of texts) {
    const target = join(partial, file.replace(/\.ts$/, '.js'));
    const { code } = await transform(text, {
      ...options,
      swcrc: false,
      sourceMaps: 'inline',
      filename: join(ROOT, file),
    });
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, code);
  }
  writeFileSync(join(partial, 'package.json'), '{"type":"module"}');
  try {
    renameSync(partial, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error; // otherwise another run was faster
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}

function listSources(path) {
  if (path.endsWith('.ts')) return [path];
  return readdirSync(join(ROOT, path), { recursive: true })
    .map((name) => join(path, name))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'));
}
