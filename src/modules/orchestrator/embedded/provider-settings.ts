import { withoutSecrets, type PropertyMap } from './property-value.js';

/** Settings of `aws.Provider` that mean something, or rightly nothing, to a cloud that is called in process. */
const CLOUD_SETTINGS = new Set([
  'region',
  'version',
  'profile',
  'accessKey',
  'secretKey',
  'token',
  'allowedAccountIds',
  'forbiddenAccountIds',
  'maxRetries',
  'retryMode',
  'insecure',
  'stsRegion',
  'useFipsEndpoint',
  'useDualstackEndpoint',
  'skipCredentialsValidation',
  'skipMetadataApiCheck',
  'skipRegionValidation',
  'skipRequestingAccountId',
]);

export interface SettingProblem {
  readonly property: string;
  /** `unsupported`: it would be ignored; `refused`: it forbids this account. */
  readonly kind: 'unsupported' | 'refused';
  readonly reason: string;
}

/**
 * What is wrong with the settings of a provider that is served by ourselves: nothing may be ignored in silence.
 * @param wanted package; any but aws has nothing to configure
 */
export function settingProblem(wanted: string, inputs: PropertyMap, account: string): SettingProblem | undefined {
  const isKnown = (key: string): boolean => (wanted === 'aws' ? CLOUD_SETTINGS.has(key) : key === 'version');
  const unknown = Object.keys(inputs).find((key) => !isKnown(key));
  if (unknown !== undefined) {
    return { property: unknown, kind: 'unsupported', reason: `the setting "${unknown}" of the ${wanted} provider` };
  }
  const ids = (key: string): string => String(withoutSecrets(inputs[key]) ?? '');
  const refused = (property: string, how: string): SettingProblem => ({
    property,
    kind: 'refused',
    reason: `the account ${account} is ${how} ${property} of the aws provider`,
  });
  if (ids('allowedAccountIds').length > 2 && !ids('allowedAccountIds').includes(account)) {
    return refused('allowedAccountIds', 'not among');
  }
  return ids('forbiddenAccountIds').includes(account) ? refused('forbiddenAccountIds', 'among') : undefined;
}
