import { Injectable } from '@nestjs/common';
import argon2 from 'argon2';

const MIN_LENGTH = 8;
const MAX_LENGTH = 128;
const CLASSES: readonly RegExp[] = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{L}\p{Nd}]/u];

/** What the password lacks against the policy of api.md 2.2; empty = fine. */
export function passwordProblems(password: string, email: string): readonly string[] {
  const problems: string[] = [];
  const length = [...password].length;
  if (length < MIN_LENGTH || length > MAX_LENGTH) problems.push(`must have ${MIN_LENGTH} to ${MAX_LENGTH} characters`);
  if (CLASSES.filter((kind) => kind.test(password)).length < 3) {
    problems.push('must mix at least three of lower case, upper case, digit and symbol');
  }
  if (password.toLowerCase() === email.toLowerCase()) problems.push('must not be the e-mail address');
  return problems;
}

/** argon2id with OWASP's second set (19 MiB, two passes, one lane): about 30 ms on one core. */
const SETTINGS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Hashes and checks passwords; both take the same time whether or not there is a hash to check. */
@Injectable()
export class Passwords {
  #decoy: Promise<string> | undefined;

  hash(password: string): Promise<string> {
    return argon2.hash(password, { type: argon2.argon2id, ...SETTINGS });
  }

  /** @param hash null = no such user: as much work as with one, then false */
  async matches(hash: string | null, password: string): Promise<boolean> {
    const known = await argon2.verify(hash ?? (await this.#someHash()), password);
    return hash !== null && known;
  }

  #someHash(): Promise<string> {
    return (this.#decoy ??= this.hash('nobody has this password'));
  }
}
