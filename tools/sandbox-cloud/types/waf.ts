import { uuid } from '../identities.js';
import { object, oneOf, pattern, setOf, text } from '../inputs.js';
import { type CheckFailure, CloudError, type Properties } from '../provider.port.js';
import { claimOf, needText, type Place, type ResourceSpec, textOf } from '../resource-spec.js';
import { loadBalancerReference } from './elb.js';

const WEB_ACL_TYPE = 'aws:wafv2/webAcl:WebAcl';

/** Source: "AWS WAF quotas" of the WAF developer guide, default. */
const ACLS_PER_REGION = 100;
const LOWEST_RATE = 10;
/** Capacity units of a rate rule and of the managed groups that programs use most; others count 200. */
const RATE_UNITS = 2;
const GROUP_UNITS: Readonly<Record<string, number>> = {
  AWSManagedRulesCommonRuleSet: 700,
  AWSManagedRulesKnownBadInputsRuleSet: 200,
  AWSManagedRulesSQLiRuleSet: 200,
  AWSManagedRulesAmazonIpReputationList: 25,
};

const NAME = pattern(/^[\w-]{1,128}$/, 'expected 1 to 128 of the characters A-Z a-z 0-9 _ -');

export const WEB_ACL: ResourceSpec = {
  type: WEB_ACL_TYPE,
  kind: 'web-acl-id',
  taggable: true,
  seconds: { create: 2, update: 2, delete: 2 },
  autoName: { maxLength: 128 },
  inputs: {
    associationConfig: object(),
    captchaConfig: object(),
    challengeConfig: object(),
    customResponseBodies: setOf(),
    dataProtectionConfig: object(),
    defaultAction: object({ required: true }),
    description: text({
      check: pattern(/^[\w+=:#@/\-,.][\w+=:#@/\-,.\s]{0,255}$/, 'expected 1 to 256 plain characters'),
    }),
    name: text({ computed: true, replaces: true, check: NAME }),
    namePrefix: text({ computed: true, replaces: true }),
    ruleJson: text(),
    rules: setOf({ check: rulesProblem }),
    scope: text({ required: true, replaces: true, check: oneOf('REGIONAL', 'CLOUDFRONT') }),
    tokenDomains: setOf(),
    visibilityConfig: object({ required: true }),
  },
  outputs: ['applicationIntegrationUrl', 'arn', 'capacity', 'lockToken'],
  validate: aclFailures,
  id: ({ seed }) => uuid(seed),
  arn: ({ region, account, inputs, id }) =>
    `arn:aws:wafv2:${region}:${account}:${inputs.scope === 'CLOUDFRONT' ? 'global' : 'regional'}/webacl/${String(inputs.name)}/${id}`,
  compute: ({ inputs, seed, previous }) => ({
    applicationIntegrationUrl: '',
    capacity: rulesOf(inputs.rules).reduce((sum, rule) => sum + unitsOf(rule), 0),
    lockToken: uuid(`${seed}|${String(previous?.lockToken ?? '')}`), // another one after every change
    namePrefix: inputs.namePrefix ?? '',
  }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'web-acl-name', `${String(inputs.scope)}|${String(inputs.name)}`),
      taken: () =>
        new CloudError(
          'WAFDuplicateItemException',
          'AWS WAF couldn’t perform the operation because some resource in your request is a duplicate of an existing one.',
        ),
    },
  ],
  implicitClaims: ({ region, arn }) => [claimOf(region, 'web-acl', arn)],
  quotas: (_inputs, { region }) => [
    {
      limit: ACLS_PER_REGION,
      query: { type: WEB_ACL_TYPE, region },
      error: new CloudError(
        'WAFLimitsExceededException',
        'AWS WAF couldn’t perform the operation because you exceeded your resource limit.',
      ),
    },
  ],
  guard: ({ inputs, region }) => {
    if (inputs.scope === 'CLOUDFRONT' && region !== 'us-east-1') {
      throw new CloudError('WAFInvalidParameterException', 'The scope is not valid: CLOUDFRONT is only in us-east-1.');
    }
  },
  notFound: noItem,
  inUse: () =>
    new CloudError(
      'WAFAssociatedItemException',
      'AWS WAF couldn’t perform the operation because your resource is being used by another resource or it’s associated with another resource.',
    ),
};

/** A resource has one web ACL: associating another takes the first one's place. */
export const WEB_ACL_ASSOCIATION: ResourceSpec = {
  type: 'aws:wafv2/webAclAssociation:WebAclAssociation',
  kind: 'web-acl-association',
  seconds: { create: 5, delete: 2 },
  inputs: {
    resourceArn: text({ required: true, replaces: true }),
    webAclArn: text({ required: true, replaces: true }),
  },
  outputs: [],
  id: ({ inputs }) => `${needText(inputs, 'webAclArn')},${needText(inputs, 'resourceArn')}`,
  compute: () => ({}),
  references: ({ webAclArn, resourceArn }, { region }) => ({
    acl: textOf(webAclArn)
      ? { claim: claimOf(region, 'web-acl', String(webAclArn)), onDelete: 'refuse', missing: noItem() }
      : undefined,
    resource: resourceReference(resourceArn, region),
  }),
  claims: ({ inputs, region }) => [
    { value: claimOf(region, 'web-acl-of', String(inputs.resourceArn)), taken: () => noItem(), overwrites: true },
  ],
  notFound: noItem,
};

/** Load balancers are looked up; other kinds of resources are taken as existing. */
function resourceReference(arn: unknown, region: Place['region']) {
  const value = textOf(arn);
  if (!value?.includes(':elasticloadbalancing:')) return undefined;
  const reference = loadBalancerReference(value, region, 'cascade');
  return reference && { ...reference, missing: noItem() };
}

interface Rule {
  readonly name?: unknown;
  readonly priority?: unknown;
  readonly action?: unknown;
  readonly overrideAction?: unknown;
  readonly statement?: { readonly rateBasedStatement?: Properties; readonly managedRuleGroupStatement?: Properties };
}

function rulesOf(rules: unknown): Rule[] {
  return (rules ?? []) as Rule[];
}

function unitsOf({ statement }: Rule): number {
  const group = statement?.managedRuleGroupStatement;
  if (group) return GROUP_UNITS[String(group.name)] ?? 200;
  return statement?.rateBasedStatement ? RATE_UNITS : 1;
}

function rulesProblem(rules: unknown[]): string | undefined {
  const all = rulesOf(rules);
  if (new Set(all.map(({ name }) => name)).size < all.length) return 'each rule name once';
  if (new Set(all.map(({ priority }) => priority)).size < all.length) return 'each rule priority once';
  for (const { name, action, overrideAction, statement } of all) {
    const isGroup = statement?.managedRuleGroupStatement !== undefined;
    if ((action !== undefined) === isGroup || (overrideAction !== undefined) !== isGroup) {
      return `rule ${String(name)}: a rule group needs an overrideAction, any other rule an action`;
    }
    const limit = statement?.rateBasedStatement?.limit;
    if (limit !== undefined && Number(limit) < LOWEST_RATE)
      return `rule ${String(name)}: a rate limit is at least ${LOWEST_RATE}`;
  }
  return undefined;
}

function aclFailures({ rules, ruleJson }: Properties): CheckFailure[] {
  return rules !== undefined && ruleJson !== undefined
    ? [{ property: 'ruleJson', reason: 'only one of rules, ruleJson can be specified' }]
    : [];
}

function noItem(): CloudError {
  return new CloudError(
    'WAFNonexistentItemException',
    'AWS WAF couldn’t perform the operation because your resource doesn’t exist.',
  );
}
