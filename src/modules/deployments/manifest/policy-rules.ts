import type { Rule } from '../../templates/finding.js';
import { declaredEnvironments, isStackOn } from './manifest.js';
import type { ManifestContext } from './manifest-context.js';

/** Advice on environments (deployments.md 8.4, ENV and POL); never blocks. */
export const POLICY_RULES: readonly Rule<ManifestContext>[] = [
  {
    id: 'ENV-W01',
    code: 'SHARED_PROD_ACCOUNT',
    severity: 'LOW',
    remediation: 'Give prod an account of its own.',
    check: ({ manifest }) => {
      const { environments } = manifest.spec;
      const prod = environments.prod;
      const sharing = declaredEnvironments(manifest).filter(
        (name) => name !== 'prod' && environments[name]?.account === prod?.account,
      );
      if (!prod || sharing.length === 0) return [];
      return [
        {
          message: `prod uses the account of ${sharing.join(' and ')}`,
          location: 'environments.prod.account',
          environment: 'prod' as const,
          details: { account: prod.account, sharedWith: sharing },
        },
      ];
    },
  },
  {
    id: 'POL-W01',
    code: 'MONITORING_DISABLED_IN_PROD',
    severity: 'LOW',
    remediation: 'Enable monitoring in prod.',
    check: ({ manifest, environments }) =>
      environments.includes('prod') && !isStackOn(manifest, 'monitoring', 'prod')
        ? [{ message: 'prod runs without monitoring', location: 'stacks.monitoring', environment: 'prod' as const }]
        : [],
  },
  {
    id: 'POL-W02',
    code: 'MULTI_AZ_OFF_IN_PROD',
    severity: 'LOW',
    remediation: 'Set multiAz in prod.',
    check: ({ configs }) =>
      configs
        .filter(
          ({ stack, environment, values }) =>
            stack === 'database-rds' && environment === 'prod' && values['multiAz'] === false,
        )
        .map(({ stack }) => ({
          message: 'the database of prod stands in one zone',
          location: `stacks.${stack}.environments.prod.config.multiAz`,
          stack,
          environment: 'prod' as const,
        })),
  },
  {
    id: 'POL-W03',
    code: 'STACK_DISABLED_IN_ENV',
    severity: 'LOW',
    remediation: 'Nothing to do when it is meant.',
    check: ({ manifest, environments }) =>
      environments.flatMap((environment) =>
        Object.entries(manifest.spec.stacks)
          .filter(([, block]) => block.enabled && block.environments?.[environment]?.enabled === false)
          .map(([stack]) => ({
            message: `${stack} is disabled in ${environment}`,
            location: `stacks.${stack}.environments.${environment}.enabled`,
            stack,
            environment,
          })),
      ),
  },
];
