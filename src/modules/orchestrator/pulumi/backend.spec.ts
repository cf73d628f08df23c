import type { StackRef } from '../engine.port.js';
import { backendOf, localFolder, passphraseOf } from './backend.js';

const ref: StackRef = {
  organization: 'Acme & Co',
  pulumiOrg: 'acme',
  project: 'shop',
  stack: 'D1-network-dev',
  account: '123456789012',
  region: 'us-east-1',
};
const options = { url: undefined, folder: '/data/pulumi/state', secretsProvider: 'passphrase', passphrase: undefined };

describe('backendOf', () => {
  it.each([
    [undefined, 'file:///data/pulumi/state/Acme%20%26%20Co', 'organization/shop/D1-network-dev'],
    ['file:///state/', 'file:///state/Acme%20%26%20Co', 'organization/shop/D1-network-dev'],
    [
      's3://bucket?region=eu-west-1',
      's3://bucket/Acme%20%26%20Co?region=eu-west-1',
      'organization/shop/D1-network-dev',
    ],
    ['https://api.pulumi.com', 'https://api.pulumi.com', 'acme/shop/D1-network-dev'],
  ])('%s keeps tenants apart', (url, expected, stack) => {
    expect(backendOf(ref, { ...options, url })).toMatchObject({ url: expected, stack });
  });

  it('knows the folder of files alone', () => {
    expect(localFolder(backendOf(ref, options))).toBe('/data/pulumi/state/Acme%20%26%20Co');
    expect(localFolder(backendOf(ref, { ...options, url: 's3://bucket' }))).toBeUndefined();
  });
});

it('derives a passphrase from the key of the server unless one is given', () => {
  const box = { mac: (text: string) => `mac of ${text}` };
  expect(passphraseOf(options, box)).toBe('mac of pulumi passphrase');
  expect(passphraseOf({ ...options, passphrase: 'mine' }, box)).toBe('mine');
});
