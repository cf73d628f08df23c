import { AppError } from '../../../shared/errors/app-error.js';
import type { ErrorClass } from '../engine.port.js';

/*
 * The one place that reads text of the command line. Everything else works on its events, exit codes and state.
 */

/** No command line: the server does not start. */
export class CommandLineMissing extends AppError {
  constructor(reason: string, cause?: unknown) {
    super(
      'PULUMI_CLI_MISSING',
      500,
      `ENGINE=pulumi needs the Pulumi command line: ${reason}. Install it (https://www.pulumi.com/docs/install/), or name ` +
        'its file in PULUMI_CLI, or set ENGINE=embedded with CLOUD=sandbox',
      { cause },
    );
  }
}

/** A command line that lacks what this engine uses. */
export class CommandLineTooOld extends AppError {
  constructor(file: string, version: string, oldest: string) {
    super(
      'PULUMI_CLI_TOO_OLD',
      500,
      `${file} is Pulumi ${version}; ${oldest} or newer is needed. Update it, or name a newer one in PULUMI_CLI`,
    );
  }
}

/** The command line failed at a question that no run asked (export, import, outputs). */
export class BackendRefused extends AppError {
  constructor(readonly problem: CommandProblem) {
    super(problem.code, problem.code === 'RESOURCE_LOCKED' ? 423 : 502, problem.message);
  }
}

export interface CommandProblem {
  readonly class: ErrorClass;
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

interface Pattern {
  readonly test: RegExp;
  readonly class: ErrorClass;
  readonly code: string;
  /** What a person reads; `$<name>` are groups of `test`. */
  readonly message: string;
  readonly retryable?: boolean;
}

/** First match wins. Sources: texts of pulumi/pulumi 3.206 to 3.270, gocloud.dev, the AWS provider 7. */
const PATTERNS: readonly Pattern[] = [
  {
    test: /the stack is currently locked by|Another update is currently in progress|conflict: .*update/i,
    class: 'state_conflict',
    code: 'RESOURCE_LOCKED',
    message: 'The stack is locked in the Pulumi backend by somebody else',
  },
  {
    test: /incorrect passphrase|passphrase must be set|unable to find either `?PULUMI_CONFIG_PASSPHRASE/i,
    class: 'state_corruption',
    code: 'PULUMI_STATE_ERROR',
    message:
      'The secrets of the stack were encrypted with another passphrase: set PULUMI_CONFIG_PASSPHRASE (or ENCRYPTION_KEY, ' +
      'from which it is derived) to what it was when the stack was made',
  },
  {
    test: /PULUMI_ACCESS_TOKEN must be set|invalid access token|\[401\] Unauthorized|problem logging in/i,
    class: 'credentials',
    code: 'PULUMI_API_ERROR',
    message: 'The Pulumi backend does not accept the log-in: set PULUMI_ACCESS_TOKEN',
  },
  {
    test: /(?:no|automatically download and install) resource plugin '?(?:pulumi-resource-)?(?<plugin>[\w-]+?)'?(?:-v?[\d.]+)?(?: at version v?(?<version>[\d.]+))?[,\s]/,
    class: 'validation',
    code: 'PULUMI_PLUGIN_MISSING',
    message:
      'The Pulumi plug-in "$<plugin>" is not installed and could not be downloaded: run ' +
      '`pulumi plugin install resource $<plugin> $<version>` with the PULUMI_HOME of the server',
  },
  {
    test: /NoCredentialProviders|no valid credential sources|failed to refresh cached credentials|No valid credential|get credentials: |ExpiredToken|InvalidClientTokenId|could not validate provider configuration: .*credential|failed to get shared config profile/i,
    class: 'credentials',
    code: 'AWS_CREDENTIALS_INVALID',
    message:
      'There are no valid AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, in the ' +
      'environment of the server',
  },
  {
    test: /no stack named '?(?<stack>[^'\s]+)|stack '(?<stack2>[^']+)' not found|\[404\] Not found: Stack/i,
    class: 'state_conflict',
    code: 'STACK_NOT_FOUND',
    message: 'The backend has no stack "$<stack>$<stack2>"',
  },
  {
    test: /unable to open bucket|could not list bucket|error listing stacks|no such host|connection refused|unable to check if bucket|blob \(key|NoSuchBucket|i\/o timeout|failed to open state backend|unable to connect/i,
    class: 'transient',
    code: 'PULUMI_STATE_ERROR',
    message: 'The Pulumi state backend cannot be reached: see PULUMI_BACKEND_URL',
  },
  {
    test: /error decrypting|failed to decrypt|cipher: message authentication failed/i,
    class: 'state_corruption',
    code: 'PULUMI_STATE_ERROR',
    message: 'A secret in the state of the stack cannot be decrypted: its secrets provider or key has changed',
  },
  {
    test: /snapshot integrity|is not valid: |checkpoint .*(?:corrupt|invalid)|could not deserialize deployment/i,
    class: 'state_corruption',
    code: 'STATE_CORRUPTED',
    message: 'The state of the stack is damaged',
  },
];

/** What the command line's own text says, for failures that no event explains. @param text its error stream, redacted */
export function readCommandFailure(text: string): CommandProblem {
  for (const { test, message, ...pattern } of PATTERNS) {
    const found = test.exec(text);
    if (!found) continue;
    const told = message
      .replaceAll(/\$<(\w+)>/g, (_, name: string) => found.groups?.[name] ?? '')
      .replaceAll(' `', ' `');
    return {
      class: pattern.class,
      code: pattern.code,
      retryable: pattern.retryable ?? false,
      message: `${told.replaceAll(/\s+`/g, ' `').trim()} (${firstLine(text)})`,
    };
  }
  return {
    class: 'internal',
    code: 'PULUMI_STATE_ERROR',
    message: `The Pulumi command line failed: ${firstLine(text)}`,
    retryable: false,
  };
}

export interface LockHolder {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  /** ISO 8601, as the holder's clock says. */
  readonly lockedAt: string;
}

const LOCK = /created by (?<user>\S+)@(?<host>\S+) \(pid (?<pid>\d+)\) at (?<at>\S+)/g;

/** Who holds the locks that a command met; empty where the backend does not tell (Pulumi Cloud). */
export function readLockHolders(text: string): LockHolder[] {
  return [...text.matchAll(LOCK)].map(({ groups }) => ({
    user: groups?.['user'] ?? '',
    host: groups?.['host'] ?? '',
    pid: Number(groups?.['pid']),
    lockedAt: groups?.['at'] ?? '',
  }));
}

/** `stack init` met a stack of that name. */
export function isExistingStack(text: string): boolean {
  return /stack '?[^\n]*'? already exists/i.test(text);
}

/** Pulumi Cloud was told to cancel and has nothing under way. */
export function isWithoutUpdate(text: string): boolean {
  return /has never been updated|update has already completed/i.test(text);
}

export function isMissingStack(problem: CommandProblem): boolean {
  return problem.code === 'STACK_NOT_FOUND';
}

/** AWS's code and message in an error of the AWS provider: `… api error VpcLimitExceeded: The maximum …`. */
const API_ERROR = /api error (?<code>[A-Za-z.]+): (?<message>[^\n]*)/;
const RETRYABLE = /^(Throttling|ThrottlingException|RequestLimitExceeded|TooManyRequestsException|ServiceUnavailable)$/;

export interface CloudAnswer {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

/** What the cloud said inside a diagnostic; undefined when it is no answer of the cloud. */
export function readCloudAnswer(diagnostic: string): CloudAnswer | undefined {
  const { code = '', message = '' } = API_ERROR.exec(diagnostic)?.groups ?? {};
  return code === '' ? undefined : { code, message, retryable: RETRYABLE.test(code) };
}

/** What the engine refuses by itself on a protected resource: the deed, or undefined. */
export function readProtection(diagnostic: string): 'deleted' | 'replaced' | undefined {
  if (!/marked for protection|is protected/i.test(diagnostic)) return undefined;
  return /\breplace/i.test(diagnostic) ? 'replaced' : 'deleted';
}

/** The engine's own complaint about a program, although it names a resource: `Duplicate resource URN '…' …`. */
export function isProgramFault(diagnostic: string): boolean {
  return diagnostic.startsWith('Duplicate resource URN');
}

const CHECK = /resource '[^\n]*?'(?:: property (?<property>\S+) value [\s\S]*?)? has a problem: (?<reason>[\s\S]*)$/;

/**
 * `aws:ec2/vpc:Vpc resource 'x': property invalid value {1} has a problem: is not allowed`: an input that the provider
 * refused. @returns property and reason without the value, which may be secret; undefined for anything else
 */
export function readInvalidInput(diagnostic: string): string | undefined {
  const { property, reason } = CHECK.exec(diagnostic)?.groups ?? {};
  if (reason === undefined) return undefined;
  const told = reason.split('. Examine values at ')[0]?.trim() ?? '';
  return property === undefined ? told : `${property}: ${told}`;
}

/** Problems of the surroundings that show up as a failure of the program. */
export function readSurroundings(diagnostic: string): CommandProblem | undefined {
  const problem = readCommandFailure(diagnostic);
  return ['PULUMI_PLUGIN_MISSING', 'AWS_CREDENTIALS_INVALID'].includes(problem.code) ? problem : undefined;
}

function firstLine(text: string): string {
  const line = text
    .split('\n')
    .map((part) => part.replace(/^\s*error:\s*/, '').trim())
    .find(Boolean);
  return line ?? 'it gave no reason';
}
