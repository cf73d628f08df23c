import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataFolder, DataFolderInUse, dataFolderPath } from './data-folder.js';

describe('path of the data folder', () => {
  it.each([
    ['the option', 'here', { INIT_CWD: '/caller', DATA_DIR: '/set' }, '/caller/here'],
    ['an absolute option', '/there', { INIT_CWD: '/caller' }, '/there'],
    ['DATA_DIR', undefined, { DATA_DIR: '/set', XDG_DATA_HOME: '/xdg' }, '/set'],
    ['XDG_DATA_HOME', undefined, { XDG_DATA_HOME: '/xdg', HOME: '/home/me' }, '/xdg/cloud'],
    ['the home folder', undefined, { HOME: '/home/me' }, '/home/me/.local/share/cloud'],
    [
      'the home folder when XDG_DATA_HOME is not absolute',
      undefined,
      { XDG_DATA_HOME: 'x', HOME: '/h' },
      '/h/.local/share/cloud',
    ],
  ])('comes from %s', (_title, asked, env, expected) => {
    expect(dataFolderPath(asked, env)).toBe(expected);
  });
});

describe('data folder', () => {
  let path: string;
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'data-folder-'));
  });
  afterEach(() => rmSync(path, { recursive: true, force: true }));

  it('refuses a second quick start with the address of the first', () => {
    const first = DataFolder.open(path);
    expect(() => DataFolder.open(path)).toThrow(/is starting/);
    first.announce('http://127.0.0.1:3000');
    expect(() => DataFolder.open(path)).toThrow(DataFolderInUse);
    expect(() => DataFolder.open(path)).toThrow(/serves at http:\/\/127\.0\.0\.1:3000/);
    first.release();
    DataFolder.open(path).release();
  });

  it('takes over the lock of a process that was killed', () => {
    const dead = { pid: 2 ** 22 + 1, startedAt: '1', note: 'http://127.0.0.1:1' }; // above the highest process id
    writeFileSync(join(path, 'quickstart.lock'), JSON.stringify(dead));
    const folder = DataFolder.open(path);
    expect(JSON.parse(readFileSync(join(path, 'quickstart.lock'), 'utf8'))).toMatchObject({ pid: process.pid });
    folder.release();
  });

  it('takes over a lock that was never finished', () => {
    writeFileSync(join(path, 'quickstart.lock'), '{"pid":');
    DataFolder.open(path).release();
  });

  it('makes an administrator once and keeps the password for the owner alone', () => {
    const folder = DataFolder.open(path);
    const made = folder.administrator();
    folder.remember({ apiKey: 'msk_test_1' });
    expect(made.password).toMatch(/^Demo-[A-Za-z0-9_-]{16}-7$/);
    expect(folder.administrator()).toEqual(made);
    expect(folder.recall()).toMatchObject({ apiKey: 'msk_test_1', adminPassword: made.password });
    expect(statSync(join(path, 'quickstart.json')).mode & 0o777).toBe(0o600);
    folder.release();
  });
});
