import type { EnvironmentName } from '../../../shared/http/principal.js';
import type { AccountAccess, BackendAccess } from '../../orchestrator/platform-access.js';
import type { Rule, Violation } from '../../templates/finding.js';

/** The account of an environment and what was found there. */
export interface AccountContext {
  readonly environment: EnvironmentName;
  /** Of the environment. */
  readonly account: string;
  readonly access: AccountAccess;
}

/** The state backend of an environment and what was found there. */
export interface BackendContext {
  readonly environment: EnvironmentName;
  readonly access: BackendAccess;
  /** Stack → operations that a killed run has left in its state. */
  readonly pending: Readonly<Record<string, number>>;
}

/** Rules AWS of deployments.md 8.5; with a sandbox there is no account to ask. */
export const ACCOUNT_RULES: readonly Rule<AccountContext>[] = [
  {
    id: 'AWS-001',
    code: 'AWS_CREDENTIALS_INVALID',
    severity: 'HIGH',
    remediation: 'Give the server valid credentials of the account: environment variables, a profile or a role.',
    check: (context) => {
      const { found, valid } = context.access.credentials;
      if (found && valid) return [];
      return [said(context, found ? 'the credentials are not accepted' : 'there are no credentials')];
    },
  },
  {
    id: 'AWS-002',
    code: 'AWS_ACCOUNT_MISMATCH',
    severity: 'HIGH',
    remediation: 'Use credentials of the account of the environment, or correct environments.<env>.account.',
    check: (context) => {
      const { accountId } = context.access;
      if (accountId === null || accountId === context.account) return [];
      return [
        said(context, `the credentials belong to account ${accountId}`, {
          expected: context.account,
          actual: accountId,
        }),
      ];
    },
  },
  {
    id: 'AWS-003',
    code: 'AWS_INSUFFICIENT_PERMISSIONS',
    severity: 'LOW',
    remediation: 'Allow the named actions, unless the stacks do without them.',
    check: (context) =>
      probes(context)
        .filter(({ allowed, problem }) => !allowed && problem === null)
        .map(({ service, missing }) => said(context, `${missing.join(', ')} denied`, { service, missing })),
  },
  {
    id: 'AWS-003',
    code: 'AWS_RESOURCE_ERROR',
    severity: 'HIGH',
    remediation: 'Look at the message of the service; try again when it answers.',
    check: (context) =>
      probes(context)
        .filter(({ problem }) => problem !== null)
        .map(({ service, problem }) => said(context, `${service} does not answer: ${problem}`, { service })),
  },
  {
    id: 'AWS-004',
    code: 'AWS_REGION_UNREACHABLE',
    severity: 'HIGH',
    remediation: 'Enable the region for the account, or check the way out of the network.',
    check: (context) => {
      const { credentials, isRegionReachable, region } = context.access;
      return !credentials.valid || isRegionReachable ? [] : [said(context, `region ${region} cannot be reached`)];
    },
  },
];

/** Rules PUL of deployments.md 8.5; the embedded engine keeps state itself. */
export const BACKEND_RULES: readonly Rule<BackendContext>[] = [
  {
    id: 'PUL-001',
    code: 'PULUMI_UNAVAILABLE',
    severity: 'HIGH',
    remediation: 'Install a Pulumi command line, or name one in PULUMI_CLI.',
    check: ({ environment, access: { cliInstalled, cliVersion, minimumVersion, problem } }) => {
      if (cliInstalled && cliVersion !== null && !isOlder(cliVersion, minimumVersion)) return [];
      const message =
        cliInstalled && cliVersion !== null
          ? `the Pulumi command line ${cliVersion} is older than ${minimumVersion}`
          : `no Pulumi command line: ${problem ?? 'none was found'}`;
      return [at(environment, message, { version: cliVersion, minimumVersion })];
    },
  },
  {
    id: 'PUL-002',
    code: 'PULUMI_NOT_LOGGED_IN',
    severity: 'HIGH',
    remediation: 'Log in with the command line, or set PULUMI_ACCESS_TOKEN.',
    check: ({ environment, access: { cliInstalled, loggedIn, problem } }) =>
      !cliInstalled || loggedIn ? [] : [at(environment, `the backend knows nobody: ${problem ?? 'not logged in'}`, {})],
  },
  {
    id: 'PUL-003',
    code: 'PULUMI_STATE_ERROR',
    severity: 'HIGH',
    remediation: 'Check the organization, the address of the backend and the rights there.',
    check: ({ environment, access }) => {
      if (!access.loggedIn) return [];
      const denied = (['canCreate', 'canRead', 'canWrite'] as const).filter((right) => access[right] === false);
      if (denied.length === 0) return [];
      const words = denied.map((right) => right.slice('can'.length).toLowerCase()).join(', ');
      const why = access.problem === null ? '' : `: ${access.problem}`;
      return [at(environment, `cannot ${words} state of ${access.organization}${why}`, { denied })];
    },
  },
  {
    id: 'PUL-004',
    code: 'PULUMI_PENDING_OPERATIONS',
    severity: 'MEDIUM',
    remediation: 'Nothing to do: the next run settles them by reading the cloud.',
    check: ({ environment, pending }) =>
      Object.entries(pending)
        .filter(([, count]) => count > 0)
        .map(([stack, count]) => ({
          ...at(environment, `the state of ${stack} has ${count} pending operation(s)`, { count }),
          stack,
        })),
  },
];

function probes({ access }: AccountContext): AccountAccess['permissions'] {
  return access.credentials.valid ? access.permissions : [];
}

function said({ environment, account, access }: AccountContext, message: string, details = {}): Violation {
  const why = access.problem === null ? '' : ` (${access.problem})`;
  return at(environment, `account ${account}: ${message}${why}`, { account, region: access.region, ...details });
}

function at(environment: EnvironmentName, message: string, details: Readonly<Record<string, unknown>>): Violation {
  return { message: `${environment}: ${message}`, location: `environments.${environment}`, environment, details };
}

function isOlder(version: string, oldest: string): boolean {
  const [given, wanted] = [version, oldest].map((text) => text.split('.').map(Number));
  for (const [index, part] of (wanted ?? []).entries()) {
    const own = given?.[index] ?? 0;
    if (own !== part) return own < part;
  }
  return false;
}
