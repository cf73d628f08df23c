import { randomBytes, randomUUID } from 'node:crypto';

declare const brand: unique symbol;
type Branded<K extends string> = string & { readonly [brand]: K };

/** `D` + 5 to 9 upper-case base36 characters (deployments.md 1.2). */
export type DeploymentId = Branded<'DeploymentId'>;
/** `op-` + 12 lower-case base36 characters. */
export type OperationId = Branded<'OperationId'>;
/** `user-` + 16 base36. */
export type UserId = Branded<'UserId'>;
/** `key-` + 16 base36. */
export type KeyId = Branded<'KeyId'>;

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';

/** Random identifiers; tests give a fixed sequence. */
export abstract class Ids {
  /** UUID v4. */
  abstract uuid(): string;
  /** `length` characters of lower-case base36, unbiased and unguessable. */
  abstract base36(length: number): string;

  operationId(): OperationId {
    return `op-${this.base36(12)}` as OperationId;
  }

  userId(): UserId {
    return `user-${this.base36(16)}` as UserId;
  }

  keyId(): KeyId {
    return `key-${this.base36(16)}` as KeyId;
  }
}

export class RandomIds extends Ids {
  uuid(): string {
    return randomUUID();
  }

  base36(length: number): string {
    let text = '';
    while (text.length < length) {
      for (const byte of randomBytes(length * 2)) {
        if (byte < 252 && text.length < length) text += ALPHABET[byte % 36]; // 252 = 7 × 36: no bias
      }
    }
    return text;
  }
}
