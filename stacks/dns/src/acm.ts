import { Certificate, CertificateValidation } from '@pulumi/aws/acm/index.js';
import { Record } from '@pulumi/aws/route53/index.js';
import type * as pulumi from '@pulumi/pulumi';
import { type Context, type DnsConfig, opts, tags } from '../../shared/index.js';
import type { HostedZone } from './route53.js';

/** Minutes until the stack gives up waiting for a delegation that nobody made (stacks.md L6). */
const VALIDATION_TIMEOUT = 30;

export interface IssuedCertificate {
  /** Of the validated certificate; of the requested one while nobody waits for the validation. */
  readonly arn: pulumi.Output<string>;
}

/** One certificate for apex and wildcard: two would share one validation record (DNS-1). */
export function createCertificate(ctx: Context, cfg: DnsConfig, zone: HostedZone): IssuedCertificate {
  const certificate = new Certificate(
    'certificate',
    {
      domainName: cfg.envDomain,
      subjectAlternativeNames: cfg.includeWildcard ? [`*.${cfg.envDomain}`] : [],
      validationMethod: 'DNS',
      tags: tags(ctx, 'certificate'),
    },
    opts(ctx),
  );

  const proof = certificate.domainValidationOptions[0]!; // apex and wildcard share this one
  const record = new Record(
    'validation-record',
    {
      zoneId: zone.zoneId,
      name: proof.resourceRecordName,
      type: proof.resourceRecordType,
      records: [proof.resourceRecordValue],
      ttl: 60,
      allowOverwrite: true,
    },
    opts(ctx),
  );

  if (!cfg.waitForCertificateValidation) return { arn: certificate.arn };

  const validation = new CertificateValidation(
    'validation',
    { certificateArn: certificate.arn, validationRecordFqdns: [record.fqdn] },
    opts(ctx, {
      timeoutMinutes: VALIDATION_TIMEOUT,
      dependsOn: zone.delegation ? [zone.delegation] : [],
    }),
  );
  return { arn: validation.certificateArn };
}
