import { ENVIRONMENTS } from '../../shared/http/principal.js';

/** Variables every template may use (deployments.md 2.3); those with `_<ENV>` exist per environment. */
export const GLOBAL_VARIABLES: readonly string[] = [
  'DEPLOYMENT_ID',
  'TIMESTAMP',
  'USER_EMAIL',
  'ORGANIZATION',
  'PROJECT_NAME',
  'DOMAIN',
  'PULUMI_ORG',
  'PRIMARY_REGION',
  'SECONDARY_REGION',
  'TEAM',
  'COST_CENTER',
  'DESCRIPTION',
  ...ENVIRONMENTS.map((name) => `AWS_ACCOUNT_${name.toUpperCase()}`),
  ...ENVIRONMENTS.flatMap((name) =>
    ['VPC_CIDR', 'AZ_COUNT', 'INSTANCE_CLASS'].map((key) => `${key}_${name.toUpperCase()}`),
  ),
];

/** Lower-case spellings (deployments.md 2.3). */
export const VARIABLE_ALIASES: Readonly<Record<string, string>> = {
  deployment_id: 'DEPLOYMENT_ID',
  'deployment.id': 'DEPLOYMENT_ID',
  organization: 'ORGANIZATION',
  'deployment.org': 'ORGANIZATION',
  project: 'PROJECT_NAME',
  'deployment.project': 'PROJECT_NAME',
  domain: 'DOMAIN',
  'deployment.domain': 'DOMAIN',
};
