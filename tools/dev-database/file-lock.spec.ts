import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileLock } from './file-lock.js';
import { identify } from './processes.js';

describe('a lock file', () => {
  let folder: string;
  const path = (): string => join(folder, 'lock');
  const hold = (holder: object): void => writeFileSync(path(), JSON.stringify({ note: '', ...holder }));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cloud-lock-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is held once, tells who holds it and what for, and is free after release', () => {
    const first = FileLock.take(path());
    if (first.kind !== 'taken') throw new TypeError('not taken');
    first.lock.annotate('the address');
    expect(FileLock.take(path())).toMatchObject({ kind: 'held', by: { pid: process.pid, note: 'the address' } });
    first.lock.release();
    expect(FileLock.take(path()).kind).toBe('taken');
    expect(readdirSync(folder)).toEqual(['lock']);
  });

  it.each([
    ['of a process that is gone', () => ({ pid: 2 ** 22 + 1, startedAt: '1' })],
    ['of a process whose id was given to another one', () => ({ ...identify(process.pid), startedAt: '1' })],
    ['that holds nothing readable', () => null],
  ])('is taken over from a file %s', (_what, holder) => {
    const content = holder();
    if (content) hold(content);
    else writeFileSync(path(), 'not json');
    expect(FileLock.take(path()).kind).toBe('taken');
    expect(readdirSync(folder)).toEqual(['lock']);
  });
});
