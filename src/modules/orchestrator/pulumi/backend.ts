import type { SecretBox, StackRef } from '../engine.port.js';

/** Where the `pulumi` engine keeps state, and how secrets in it are encrypted. */
export interface BackendOptions {
  /**
   * PULUMI_BACKEND_URL: `file://`, `s3://`, `azblob://`, `gs://` or `https://` (Pulumi Cloud). Absent = `file://` in the
   * data folder.
   */
  readonly url: string | undefined;
  /** Folder of the default backend. */
  readonly folder: string;
  /** PULUMI_SECRETS_PROVIDER: `passphrase` or a key's address (`awskms://…`, `gcpkms://…`, `azurekeyvault://…`, `hashivault://…`). */
  readonly secretsProvider: string;
  /** PULUMI_CONFIG_PASSPHRASE. Absent = derived from the server's key. */
  readonly passphrase: string | undefined;
}

export interface Backend {
  /** Of one organization: tenants never share a folder or prefix. */
  readonly url: string;
  /** Stack as the command line knows it, `<organization>/<project>/<stack>`. */
  readonly stack: string;
  /** True for `file://`: a stack that is not there is made without asking. */
  readonly isLocal: boolean;
}

/** @throws nothing; a wrong address is told by the command line */
export function backendOf(ref: StackRef, options: BackendOptions): Backend {
  const base = options.url ?? `file://${options.folder}`;
  const isCloud = /^https?:\/\//.test(base);
  const tenant = encodeURIComponent(ref.organization);
  return {
    url: isCloud ? base : withPath(base, tenant),
    // files and buckets know one organization, by the name `organization`
    stack: `${isCloud ? ref.pulumiOrg : 'organization'}/${ref.project}/${ref.stack}`,
    isLocal: base.startsWith('file://'),
  };
}

/** Folder behind a `file://` address, which the command line wants to exist. */
export function localFolder({ url, isLocal }: Backend): string | undefined {
  return isLocal ? url.slice('file://'.length).replace(/^~/, '') : undefined;
}

/** 64 hex digits; the same for every stack, each of which has a salt of its own. */
export function passphraseOf(options: BackendOptions, box: Pick<PassphraseBox, 'mac'>): string {
  return options.passphrase ?? box.mac('pulumi passphrase');
}

/** A SecretBox that can derive. */
export interface PassphraseBox extends SecretBox {
  mac(plain: string): string;
}

function withPath(url: string, part: string): string {
  const [address = '', query] = url.split('?');
  return `${address.replace(/\/$/, '')}/${part}${query === undefined ? '' : `?${query}`}`;
}
