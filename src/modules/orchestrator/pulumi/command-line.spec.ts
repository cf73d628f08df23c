import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../../../test/fakes/engine-rig.js';
import { findCommandLine } from './command-line.js';
import { CommandLineMissing } from './pulumi.errors.js';

describe('findCommandLine', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'command-line-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A program that says its version. */
  function executable(place: string, says: string): string {
    mkdirSync(join(folder, place), { recursive: true });
    const file = join(folder, place, 'pulumi');
    writeFileSync(file, `#!/bin/sh\necho '${says}'\n`);
    chmodSync(file, 0o755);
    return file;
  }
  const search = (cli?: string, install = () => Promise.reject<string>(new Error('no network'))) =>
    findCommandLine({ cli, path: join(folder, 'path'), home: join(folder, 'home'), log: silentLog, install });

  it('takes PULUMI_CLI before the PATH before its home before an installation', async () => {
    const installed = executable('versions', 'v3.300.0');
    expect(await search(undefined, () => Promise.resolve(installed))).toMatchObject({ source: 'installed' });
    executable('home/bin', 'v3.261.0');
    expect(await search()).toMatchObject({ version: '3.261.0', source: '~/.pulumi/bin' });
    executable('path', 'v3.260.0');
    expect(await search()).toMatchObject({ version: '3.260.0', source: 'PATH' });
    const named = executable('named', '3.270.1-alpha.1');
    expect(await search(named)).toEqual({ file: named, version: '3.270.1', source: 'PULUMI_CLI' });
  });

  it.each([
    ['does not run', undefined, 'PULUMI_CLI_MISSING', /none in PULUMI_CLI.*or name its file in PULUMI_CLI/],
    ['is too old', 'v3.205.9', 'PULUMI_CLI_TOO_OLD', /3\.205\.9; 3\.206\.0 or newer/],
    ['says nothing', 'hello', 'PULUMI_CLI_MISSING', /does not tell its version/],
  ])('says what to do when it %s', async (_, says, code, message) => {
    if (says) executable('path', says);
    await expect(search()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('never looks elsewhere when PULUMI_CLI is wrong', async () => {
    executable('path', 'v3.260.0');
    await expect(search(join(folder, 'nothing'))).rejects.toBeInstanceOf(CommandLineMissing);
  });
});
