import { ASSET_SIGNATURE, Secret, SIGNATURE } from './property-value.js';
import { SecretVault } from './secret-vault.js';

describe('SecretVault', () => {
  const box = { seal: (plain: string) => `sealed ${plain}`, open: (sealed: string) => sealed.slice('sealed '.length) };
  const vaultOf = (config: Record<string, string>, secretKeys = Object.keys(config)): SecretVault => {
    const vault = new SecretVault(box);
    vault.watchConfig({ config, secretKeys });
    return vault;
  };

  it('marks what a program has made of a secret of its configuration, at every depth', () => {
    const vault = vaultOf({ 'app:token': 'hidden-token', 'app:tags': '{"Key":"hidden-tag","List":["hidden-item"]}' });
    const asset = { [SIGNATURE]: ASSET_SIGNATURE, text: 'export KEY=hidden-token' };
    expect(
      vault.mark({
        name: 'open',
        count: 3,
        header: 'Bearer hidden-token',
        tags: { Key: 'hidden-tag', Name: 'open' },
        list: ['open', 'hidden-item'],
        known: new Secret('hidden-token'),
        file: asset,
        none: null,
      }),
    ).toEqual({
      name: 'open',
      count: 3,
      header: new Secret('Bearer hidden-token'),
      tags: { Key: new Secret('hidden-tag'), Name: 'open' },
      list: ['open', new Secret('hidden-item')],
      known: new Secret('hidden-token'),
      file: new Secret(asset),
      none: null,
    });
  });

  it('marks nothing for what is open, or too short to be told from other words', () => {
    const vault = vaultOf({ 'app:open': 'a-long-open-text', 'app:short': 'dev' }, ['app:short', 'app:absent']);
    const properties = { name: 'web-dev', text: 'a-long-open-text' };
    expect(vault.mark(properties)).toEqual(properties);
  });

  it('blanks out the members of a secret object one by one', () => {
    const vault = vaultOf({ 'app:tags': '{"Key":"hidden-tag"}' });
    expect(vault.redact('Bad tag hidden-tag in {"Key":"hidden-tag"}')).toBe('Bad tag *** in ***');
  });

  it('keeps the cipher text of a secret that has not changed', () => {
    let count = 0;
    const vault = new SecretVault({ ...box, seal: (plain) => `sealed ${plain}${' '.repeat(++count)}` });
    expect(vault.seal('same')).toBe(vault.seal('same'));
  });
});
