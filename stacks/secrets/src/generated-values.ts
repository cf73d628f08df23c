import type * as pulumi from '@pulumi/pulumi';
import { RandomPassword } from '@pulumi/random';
import { type Context, opts, type SecretsConfig } from '../../shared/index.js';

/** Without quotes, @, /, backslash and space, which break connection strings and shells (stacks.md 10.4). */
const SPECIAL_CHARACTERS = '!#$%&*()-_=+[]{}<>:?';

/** Name → value, a Pulumi secret. Made once and kept in the state, so that they are stable between runs (SCR-2). */
export function createGeneratedValues(ctx: Context, cfg: SecretsConfig): ReadonlyMap<string, pulumi.Output<string>> {
  const { rotationVersion } = cfg;
  return new Map(
    cfg.generatedSecrets.map((name) => {
      const password = new RandomPassword(
        `${name}-value`,
        {
          length: cfg.generatedSecretLength,
          overrideSpecial: SPECIAL_CHARACTERS,
          keepers: rotationVersion === undefined ? undefined : { rotationVersion: String(rotationVersion) },
        },
        opts(ctx),
      );
      return [name, password.result];
    }),
  );
}
