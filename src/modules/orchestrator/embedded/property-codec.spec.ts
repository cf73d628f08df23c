import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UNKNOWN } from '../../../../tools/sandbox-cloud/provider.port.js';
import { SecretBox } from '../../../shared/kernel/secret-box.js';
import { fromProgram, fromState, toProgram, toState } from './property-codec.js';
import {
  ARCHIVE_SIGNATURE,
  ASSET_SIGNATURE,
  OUTPUT_SIGNATURE,
  RESOURCE_SIGNATURE,
  Secret,
  SECRET_SIGNATURE,
  SIGNATURE,
} from './property-value.js';
import { SecretVault } from './secret-vault.js';

const tagged = (signature: string, fields: object) => ({ [SIGNATURE]: signature, ...fields });
const aVault = (): SecretVault => new SecretVault(new SecretBox(Buffer.alloc(32, 3)));

describe('what a program sends', () => {
  it.each<[string, unknown, unknown]>([
    ['plain values', [1, 'x', null, true, { a: [] }], [1, 'x', null, true, { a: [] }]],
    ['a secret', tagged(SECRET_SIGNATURE, { value: { a: 1 } }), new Secret({ a: 1 })],
    ['a secret unknown', tagged(SECRET_SIGNATURE, { value: UNKNOWN }), new Secret(UNKNOWN)],
    ['a known output', tagged(OUTPUT_SIGNATURE, { value: 'x', dependencies: ['urn:a'] }), 'x'],
    ['an unknown secret output', tagged(OUTPUT_SIGNATURE, { secret: true }), new Secret(UNKNOWN)],
    [
      'a resource',
      tagged(RESOURCE_SIGNATURE, { urn: 'u', id: 'i' }),
      tagged(RESOURCE_SIGNATURE, { urn: 'u', id: 'i' }),
    ],
    [
      'a planned resource',
      tagged(RESOURCE_SIGNATURE, { urn: 'u', id: UNKNOWN }),
      tagged(RESOURCE_SIGNATURE, { urn: 'u', id: '' }),
    ],
  ])('%s is understood', async (_, wire, expected) => {
    expect(await fromProgram({ value: wire }, '/')).toEqual({ value: expected });
  });

  it('goes back the way it came', async () => {
    const wire = {
      a: tagged(SECRET_SIGNATURE, { value: [1] }),
      b: { c: null },
      d: tagged(RESOURCE_SIGNATURE, { urn: 'u', id: 'i' }),
    };
    expect(toProgram(await fromProgram(wire, '/'))).toEqual(wire);
  });

  it('is refused by name when its signature is unknown', async () => {
    await expect(fromProgram({ a: tagged('f00', {}) }, '/')).rejects.toThrow('f00');
  });

  it('tells a changed file by its hash', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'assets-'));
    const asset = { a: tagged(ARCHIVE_SIGNATURE, { assets: { f: tagged(ASSET_SIGNATURE, { path: 'f.txt' }) } }) };
    try {
      writeFileSync(join(folder, 'f.txt'), 'one');
      const first = await fromProgram(asset, folder);
      expect(await fromProgram(asset, folder)).toEqual(first);
      writeFileSync(join(folder, 'f.txt'), 'two');
      expect(await fromProgram(asset, folder)).not.toEqual(first);
      await expect(fromProgram({ a: tagged(ASSET_SIGNATURE, { path: 'none' }) }, folder)).rejects.toThrow('none');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('what is stored', () => {
  it('has its secrets in Pulumi’s shape for cipher text, and opens again', () => {
    const stored = toState({ a: [new Secret({ pin: 'hidden' })], b: 1 }, aVault());
    expect(stored).toEqual({ a: [tagged(SECRET_SIGNATURE, { ciphertext: expect.any(String) })], b: 1 });
    expect(JSON.stringify(stored)).not.toContain('hidden');
    expect(fromState(stored, aVault())).toEqual({ a: [new Secret({ pin: 'hidden' })], b: 1 });
  });

  it('keeps the cipher text of a secret that was opened and did not change', () => {
    const stored = toState({ a: new Secret('x') }, aVault());
    const vault = aVault();
    expect(toState(fromState(stored, vault), vault)).toEqual(stored);
  });

  it('takes secrets that were exported in clear', () => {
    expect(fromState({ a: tagged(SECRET_SIGNATURE, { plaintext: '"x"' }) }, aVault())).toEqual({ a: new Secret('x') });
    expect(() => fromState({ a: tagged(SECRET_SIGNATURE, {}) }, aVault())).toThrow('cipher text');
  });
});

describe('redaction', () => {
  it('blanks every watched text, also inside JSON, the longer one first', () => {
    const vault = aVault();
    vault.watchSecretsOf({ a: new Secret({ b: 'pass"word' }), c: new Secret('pass"word-two'), plain: 'visible' });
    expect(vault.redact('pass"word-two, {"x":"pass\\"word"}, visible')).toBe('***, {"x":"***"}, visible');
  });

  it('leaves short words alone', () => {
    const vault = aVault();
    vault.watch('on');
    expect(vault.redact('on and on')).toBe('on and on');
  });
});
