import { Injectable } from '@nestjs/common';
import { Refused } from '../../../shared/errors/app-error.js';
import { SecretBox } from '../../../shared/kernel/secret-box.js';
import type { EnvironmentVersion, SealedSnapshot, StackSnapshot } from './environment.js';

/** Opens what versions keep in secret. */
@Injectable()
export class VersionSnapshots {
  constructor(private readonly secrets: SecretBox) {}

  /** Stack → snapshot. @throws Refused `ROLLBACK_TARGET_INVALID` when one cannot be read (another ENCRYPTION_KEY) */
  open(version: EnvironmentVersion): Readonly<Record<string, StackSnapshot>> {
    return Object.fromEntries(
      Object.entries(version.stacks).map(([stack, { sealed, ...plain }]) => [
        stack,
        { ...plain, ...this.snapshot(version, stack, sealed) },
      ]),
    );
  }

  private snapshot(version: EnvironmentVersion, stack: string, sealed: string): SealedSnapshot {
    try {
      return JSON.parse(this.secrets.open(sealed)) as SealedSnapshot;
    } catch (cause) {
      throw new Refused('ROLLBACK_TARGET_INVALID', `Version ${version.version} of ${stack} cannot be read`, {
        cause,
        details: { version: version.version, stack },
        suggestion: 'Was ENCRYPTION_KEY changed? Choose another version, or deploy.',
      });
    }
  }
}
