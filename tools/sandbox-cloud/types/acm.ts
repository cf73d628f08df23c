import { hex, uuid } from '../identities.js';
import { list, number, object, oneOf, pattern, setOf, text } from '../inputs.js';
import { type CheckFailure, CloudError, type Properties } from '../provider.port.js';
import {
  claimOf,
  type GuardContext,
  needText,
  type Reference,
  type ResourceSpec,
  textOf,
  textsOf,
} from '../resource-spec.js';

const CERTIFICATE_TYPE = 'aws:acm/certificate:Certificate';
/** Source: "Quotas" of the ACM user guide, default. */
const CERTIFICATES_PER_REGION = 2500;
const NAMES_PER_CERTIFICATE = 100;
const VALID_DAYS = 395; // public certificates live 13 months

const isName = pattern(
  /^(\*\.)?([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/,
  'expected a domain name of at least two labels without a dot at the end',
);

export const CERTIFICATE: ResourceSpec = {
  type: CERTIFICATE_TYPE,
  kind: 'certificate',
  taggable: true,
  seconds: { create: 12, update: 1, delete: 1 },
  inputs: {
    certificateAuthorityArn: text({ replaces: true }),
    certificateBody: text(),
    certificateChain: text(),
    domainName: text({ computed: true, replaces: true, check: isName }),
    earlyRenewalDuration: text(),
    keyAlgorithm: text({
      computed: true,
      replaces: true,
      check: oneOf('RSA_1024', 'RSA_2048', 'RSA_3072', 'RSA_4096', 'EC_prime256v1', 'EC_secp384r1', 'EC_secp521r1'),
    }),
    options: object({ computed: true }),
    privateKey: text(),
    privateKeyWo: text(),
    privateKeyWoVersion: number(),
    subjectAlternativeNames: setOf({ computed: true, replaces: true, check: alternativeNames }),
    validationMethod: text({ computed: true, replaces: true, check: oneOf('DNS', 'EMAIL', 'HTTP') }),
    validationOptions: list({ replaces: true }),
  },
  outputs: [
    'arn',
    'domainValidationOptions',
    'notAfter',
    'notBefore',
    'pendingRenewal',
    'renewalEligibility',
    'renewalSummaries',
    'status',
    'type',
    'validationEmails',
  ],
  validate: certificateFailures,
  id: ({ region, account, seed }) => `arn:aws:acm:${region}:${account}:certificate/${uuid(seed)}`,
  arn: ({ id }) => id,
  compute: ({ inputs, account, previous }) => ({
    domainValidationOptions:
      inputs.validationMethod === 'DNS' ? namesOf(inputs).map((name) => proofOf(account, name)) : [],
    keyAlgorithm: inputs.keyAlgorithm ?? 'RSA_2048',
    notAfter: previous?.notAfter ?? '',
    notBefore: previous?.notBefore ?? '',
    options: inputs.options ?? { certificateTransparencyLoggingPreference: 'ENABLED', export: 'DISABLED' },
    pendingRenewal: false,
    renewalEligibility: previous?.renewalEligibility ?? 'INELIGIBLE',
    renewalSummaries: [],
    status: previous?.status ?? (isImported(inputs) ? 'ISSUED' : 'PENDING_VALIDATION'),
    subjectAlternativeNames: namesOf(inputs),
    type: isImported(inputs) ? 'IMPORTED' : 'AMAZON_ISSUED',
    validationEmails: [],
    validationMethod: inputs.validationMethod ?? 'NONE',
  }),
  quotas: (_inputs, { region }) => [
    {
      limit: CERTIFICATES_PER_REGION,
      query: { type: CERTIFICATE_TYPE, region },
      error: new CloudError('LimitExceededException', `Cannot exceed ${CERTIFICATES_PER_REGION} certificates.`),
    },
  ],
  notFound: noCertificate,
  inUse: ({ arn, account }) =>
    new CloudError('ResourceInUseException', `Certificate ${arn} in account ${account} is in use.`),
};

/**
 * Stands for the wait until a certificate is issued. ACM issues it once its CNAME records can be seen; the sandbox takes
 * every zone of the account as delegated. Where a record is missing ACM would wait until the time limit of the resource.
 */
export const CERTIFICATE_VALIDATION: ResourceSpec = {
  type: 'aws:acm/certificateValidation:CertificateValidation',
  kind: 'certificate-validation',
  seconds: { create: 60, delete: 0 },
  inputs: {
    certificateArn: text({ required: true, replaces: true }),
    validationRecordFqdns: setOf({ replaces: true }),
  },
  outputs: [],
  id: ({ seed }) => uuid(seed),
  compute: ({ inputs }) => ({ validationRecordFqdns: inputs.validationRecordFqdns ?? [] }),
  references: ({ certificateArn }, { region }) => ({ certificate: certificateReference(certificateArn, region) }),
  guard: assertProven,
  after: async ({ refs, cloud }) => {
    const certificate = refs.certificate;
    if (!certificate || certificate.properties.status === 'ISSUED') return;
    const day = (offset: number): string => {
      const date = new Date(certificate.createdAt.getTime() + offset * 86_400_000);
      return `${date.toISOString().slice(0, 10)}T00:00:00Z`;
    };
    await cloud.amend(certificate, { status: 'ISSUED', notBefore: day(0), notAfter: day(VALID_DAYS) });
  },
  notFound: noCertificate,
};

/** A certificate by ARN. */
export function certificateReference(
  arn: unknown,
  region: string,
  onDelete: Reference['onDelete'] = 'cascade',
): Reference | undefined {
  const value = textOf(arn);
  return value === undefined
    ? undefined
    : { claim: claimOf(region, 'certificate', value), onDelete, missing: noCertificate(value) };
}

async function assertProven({ inputs, refs, cloud }: GuardContext): Promise<void> {
  const certificate = refs.certificate;
  if (!certificate || certificate.properties.status === 'ISSUED') return;
  const proofs = certificate.properties.domainValidationOptions as { resourceRecordName: string }[];
  const wanted = new Set(proofs.map((proof) => proof.resourceRecordName.replace(/\.$/, '')));
  const given = textsOf(inputs.validationRecordFqdns).map((fqdn) => fqdn.replace(/\.$/, ''));
  const missingFqdn = given.length > 0 ? [...wanted].find((fqdn) => !given.includes(fqdn)) : undefined;
  if (missingFqdn) {
    throw new CloudError(
      'ValidationException',
      `missing ${missingFqdn} DNS validation record: ${needText(inputs, 'certificateArn')}`,
    );
  }
  const records = await cloud.find({ type: 'aws:route53/record:Record' });
  const seen = new Set(records.map((record) => String(record.properties.fqdn)));
  if ([...wanted].some((fqdn) => !seen.has(fqdn))) {
    throw new CloudError(
      'TimeoutError',
      `waiting for ACM Certificate (${certificate.arn}) to be issued: timeout while waiting for state to become 'ISSUED' (last state: 'PENDING_VALIDATION')`,
    );
  }
}

/** The CNAME that proves a name: the same for every certificate of the account, and for a name and its wildcard. */
function proofOf(account: string, domainName: string): Properties {
  const base = domainName.replace(/^\*\./, '');
  return {
    domainName,
    resourceRecordName: `_${hex(`${account}|${base}|name`, 32)}.${base}.`,
    resourceRecordType: 'CNAME',
    resourceRecordValue: `_${hex(`${account}|${base}|value`, 32)}.${letters(`${account}|${base}`, 10)}.acm-validations.aws.`,
  };
}

function letters(seed: string, count: number): string {
  return hex(seed, count).replace(/\d/g, (digit) => 'ghijklmnop'.charAt(Number(digit)));
}

/** The certificate's own name first, then the others in order. */
function namesOf(inputs: Properties): string[] {
  return [...new Set([...[textOf(inputs.domainName) ?? []].flat(), ...textsOf(inputs.subjectAlternativeNames).sort()])];
}

function isImported(inputs: Properties): boolean {
  return inputs.certificateBody !== undefined;
}

function alternativeNames(names: unknown[]): string | undefined {
  if (names.length > NAMES_PER_CERTIFICATE) return `at most ${NAMES_PER_CERTIFICATE} names`;
  return names.map((name) => isName(String(name))).find((reason) => reason !== undefined);
}

function certificateFailures(inputs: Properties): CheckFailure[] {
  if (isImported(inputs)) {
    return inputs.privateKey === undefined && inputs.privateKeyWo === undefined
      ? [{ property: 'privateKey', reason: '"privateKey" is required with "certificateBody"' }]
      : [];
  }
  if (inputs.domainName === undefined) {
    return [{ property: 'domainName', reason: 'one of domainName, certificateBody must be specified' }];
  }
  return inputs.validationMethod === undefined && inputs.certificateAuthorityArn === undefined
    ? [{ property: 'validationMethod', reason: '"validationMethod" is required for a certificate that Amazon issues' }]
    : [];
}
function noCertificate(arn: string): CloudError {
  return new CloudError('ResourceNotFoundException', `Could not find certificate ${arn}.`);
}
