import { withContentHash } from './asset-hash.js';
import { ARCHIVE_SIGNATURE, ASSET_SIGNATURE, SIGNATURE } from './property-value.js';

/** A function of compute-lambda, and the hashes that Pulumi 3.260.0 stored for it. */
const TEXT = `exports.handler = async () => {
  throw new Error('data-processor has no package yet: upload lambda/data-processor/<version>.zip to the artifacts bucket and set artifactVersion');
};
`;

it('gives an archive and what is in it the hashes that Pulumi gives, and drops what Pulumi drops', async () => {
  const asset = { [SIGNATURE]: ASSET_SIGNATURE, text: TEXT, __pulumiAsset: true };
  const archive = { [SIGNATURE]: ARCHIVE_SIGNATURE, assets: { 'index.js': asset }, __pulumiArchive: true };
  expect(await withContentHash(archive, '/nowhere')).toEqual({
    [SIGNATURE]: ARCHIVE_SIGNATURE,
    hash: '182bd451fdff89bfdb3e9c0c825ff220f2fceee202342449e9fae99172c88a4e',
    assets: {
      'index.js': {
        [SIGNATURE]: ASSET_SIGNATURE,
        text: TEXT,
        hash: '486e9e65bfdecd1ad8f857219c4b92f03d198d0ea0c286a939c7c68bf7f9cb13',
      },
    },
  });
});
