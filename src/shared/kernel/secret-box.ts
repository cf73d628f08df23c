import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { Defect } from '../errors/app-error.js';

/** AES-256-GCM with one key; sealed text is base64 of version(1) + nonce(12) + tag(16) + cipher text. */
export class SecretBox {
  readonly #key: Buffer;
  readonly #macKey: Buffer;

  /** @param key 32 bytes or more of key material; the working keys are derived from it. */
  constructor(key: Buffer) {
    this.#key = Buffer.from(hkdfSync('sha256', key, '', 'cloud secret box', 32));
    this.#macKey = Buffer.from(hkdfSync('sha256', key, '', 'cloud fingerprint mac', 32));
  }

  seal(plain: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce);
    const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.of(1), nonce, cipher.getAuthTag(), body]).toString('base64');
  }

  /** @throws Defect when the text was sealed with another key or damaged */
  open(sealed: string): string {
    const bytes = Buffer.from(sealed, 'base64');
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(1, 13));
      decipher.setAuthTag(bytes.subarray(13, 29));
      return Buffer.concat([decipher.update(bytes.subarray(29)), decipher.final()]).toString('utf8');
    } catch (cause) {
      throw new Defect('A stored secret cannot be opened: ENCRYPTION_KEY (or the key in the data folder) has changed', {
        cause,
      });
    }
  }

  /** Keyed digest, so that a fingerprint can contain a secret without giving it away. 64 hex digits. */
  mac(plain: string): string {
    return createHmac('sha256', this.#macKey).update(plain).digest('hex');
  }
}
