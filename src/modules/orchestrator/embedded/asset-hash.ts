import { createHash, type Hash } from 'node:crypto';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ARCHIVE_SIGNATURE, ASSET_SIGNATURE, isObject, SIGNATURE } from './property-value.js';

/*
 * Assets and archives as Pulumi keeps them: what they are made of, and the SHA-256 of their content. An archive that is no
 * file of its own counts as the tar that Pulumi would pack: sorted names, mode 600, no times (archive.go, `archiveTar`).
 */

const BLOCK = 512;

/**
 * An asset or archive of a program with the hash of its content, and of everything inside it; other keys are dropped.
 * @param folder what relative paths start from
 * @throws what the file system says
 */
export async function withContentHash(
  value: Record<string, unknown>,
  folder: string,
): Promise<Record<string, unknown>> {
  const { text, path, uri, assets } = value;
  const signature = { [SIGNATURE]: value[SIGNATURE] };
  // the content of what is elsewhere is not fetched for a plan: its address stands for it
  if (typeof uri === 'string') return { ...signature, uri, hash: sha256(uri) };
  if (typeof text === 'string') return { ...signature, text, hash: sha256(text) };
  if (typeof path === 'string') {
    const place = resolve(folder, path);
    const isFolder = (await stat(place)).isDirectory();
    return {
      ...signature,
      path,
      hash: isFolder ? await tarHash(filesUnder(place, '')) : sha256(await readFile(place)),
    };
  }
  const inner: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(isObject(assets) ? assets : {})) {
    inner[name] = isObject(item) ? await withContentHash(item, folder) : item;
  }
  return { ...signature, assets: inner, hash: await tarHash(membersOf(inner, folder, '')) };
}

type Member = readonly [name: string, content: Buffer];

async function* membersOf(assets: Record<string, unknown>, folder: string, root: string): AsyncGenerator<Member> {
  for (const name of Object.keys(assets).sort()) {
    const item = assets[name];
    if (!isObject(item)) continue;
    const place = root === '' ? name : `${root}/${name}`;
    const { text, path, uri } = item;
    if (item[SIGNATURE] === ARCHIVE_SIGNATURE && typeof path === 'string') {
      const found = resolve(folder, path);
      if ((await stat(found)).isDirectory()) yield* filesUnder(found, place);
      else yield [place, await readFile(found)];
    } else if (item[SIGNATURE] === ASSET_SIGNATURE || typeof uri === 'string') {
      if (typeof text === 'string') yield [place, Buffer.from(text)];
      else if (typeof path === 'string') yield [place, await readFile(resolve(folder, path))];
      else yield [place, Buffer.from(String(uri))];
    } else {
      yield* membersOf(isObject(item['assets']) ? item['assets'] : {}, folder, place);
    }
  }
}

async function* filesUnder(folder: string, root: string): AsyncGenerator<Member> {
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    const place = root === '' ? name : `${root}/${name}`;
    if ((await stat(path)).isDirectory()) yield* filesUnder(path, place);
    else yield [place, await readFile(path)];
  }
}

async function tarHash(members: AsyncGenerator<Member>): Promise<string> {
  const hash = createHash('sha256');
  const seen = new Set<string>();
  for await (const [name, content] of members) {
    if (seen.has(name)) continue;
    seen.add(name);
    addToTar(hash, name, content);
  }
  return hash.update(Buffer.alloc(2 * BLOCK)).digest('hex');
}

/** One member in the ustar format. */
function addToTar(hash: Hash, name: string, content: Buffer): void {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number): void => {
    header.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
  };
  const [prefix, rest] = splitName(name);
  header.write(rest, 0, 100);
  octal(0o600, 100, 8);
  octal(0, 108, 8); // user
  octal(0, 116, 8); // group
  octal(content.length, 124, 12);
  octal(0, 136, 12); // time
  header.write('        ', 148); // the check sum counts itself as blanks
  header.write('0', 156);
  header.write('ustar\0' + '00', 257, 'latin1');
  octal(0, 329, 8); // device
  octal(0, 337, 8);
  header.write(prefix, 345, 155);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  hash
    .update(header)
    .update(content)
    .update(Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK));
}

/** A name of more than 100 bytes is parted at a slash, the first part as long as it may be. */
function splitName(name: string): [prefix: string, rest: string] {
  if (Buffer.byteLength(name) <= 100) return ['', name];
  const at = name.lastIndexOf('/', 155);
  return at <= 0 ? ['', name] : [name.slice(0, at), name.slice(at + 1)];
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
