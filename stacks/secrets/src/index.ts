import * as pulumi from '@pulumi/pulumi';
import { assertMatches, assertRange, assertThat, input, loadContext, type SecretsConfig } from '../../shared/index.js';
import { createGeneratedValues } from './generated-values.js';
import { createReadPolicies } from './iam-policies.js';
import { secretsOutputs } from './outputs.js';
import { createSecrets } from './secrets.js';

const KEBAB_CASE = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

function readConfig(): SecretsConfig {
  const read = input(new pulumi.Config('secrets'));
  const names = (key: 'generatedSecrets' | 'externalSecrets', value: readonly string[] = []): readonly string[] => {
    assertThat(`secrets:${key}`, value, value.length <= 20, 'at most 20 secrets');
    value.forEach((name) =>
      assertMatches(`secrets:${key}`, name, KEBAB_CASE, 'expected kebab-case, like session-secret'),
    );
    assertThat(`secrets:${key}`, value, new Set(value).size === value.length, 'expected each name once');
    return value;
  };

  const generatedSecrets = names('generatedSecrets', read.optArray('generatedSecrets'));
  const externalSecrets = names('externalSecrets', read.optArray('externalSecrets'));
  assertThat(
    'secrets:externalSecrets',
    externalSecrets,
    !externalSecrets.some((name) => generatedSecrets.includes(name)),
    'must not repeat a name of generatedSecrets',
  );
  const rotationVersion = read.optNumber('rotationVersion');
  const window = read.optNumber('recoveryWindowDays');

  return {
    applicationKeyArn: read.requireString('applicationKeyArn', 'security:applicationKeyArn'),
    databaseKeyArn: read.requireString('databaseKeyArn', 'security:databaseKeyArn'),
    ecsExecutionRoleName: read.requireOutput('ecsExecutionRoleName'),
    generatedSecrets,
    externalSecrets,
    generatedSecretLength: assertRange(
      'secrets:generatedSecretLength',
      read.requireNumber('generatedSecretLength'),
      32,
      128,
    ),
    rotationVersion:
      rotationVersion === undefined
        ? undefined
        : assertRange('secrets:rotationVersion', rotationVersion, 1, Number.MAX_SAFE_INTEGER),
    recoveryWindowDays:
      window === undefined || window === 0 ? window : assertRange('secrets:recoveryWindowDays', window, 7, 30),
  };
}

const ctx = loadContext('secrets');
const cfg = readConfig();

const values = createGeneratedValues(ctx, cfg);
const secrets = createSecrets(ctx, cfg, values);
const policies = createReadPolicies(ctx, cfg);

export = secretsOutputs(ctx, { secrets, policies });
