import { LookUpFailed, UnresolvablePlaceholder, type LookUpFailure } from './placeholder.errors.js';

/** Error codes of AWS by what they mean to us. The same thing has a name of its own in nearly every protocol. */
const CREDENTIALS: ReadonlySet<string> = new Set([
  'CredentialsProviderError',
  'TokenProviderError',
  'AuthFailure',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'InvalidToken',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'RequestExpired',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
  'UnrecognizedClientException',
]);
const DENIED: ReadonlySet<string> = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AuthorizationError',
  'AuthorizationErrorException',
  'NotAuthorized',
  'OptInRequired',
  'UnauthorizedAccess',
  'UnauthorizedException',
  'UnauthorizedOperation',
]);
const TEMPORARY =
  /^(AbortError|TimeoutError|.*Throttl.*|TooManyRequests.*|RequestLimitExceeded|SlowDown|PriorRequestNotComplete|ServiceUnavailable.*|InternalFailure|InternalError|InternalServerError|InternalServiceError.*|ECONN\w+|EPIPE|EAI_AGAIN|ENOTFOUND|ETIMEDOUT)$/;

/** What the SDK throws. */
interface SdkError {
  readonly name?: string;
  readonly code?: unknown;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string; readonly attempts?: number };
}

/** Any error of a question → what the port promises. Our own pass. */
export function lookUpFailed(error: unknown, question: string, region: string): Error {
  if (error instanceof UnresolvablePlaceholder || error instanceof LookUpFailed) return error;
  const { $metadata: meta } = asSdkError(error);
  const code = codeOf(error);
  return new LookUpFailed(failureOf(error), `AWS did not tell ${question} in ${region}: ${reasonOf(error)}`, {
    cause: error,
    details: {
      awsCode: code,
      region,
      ...(meta?.requestId === undefined ? {} : { awsRequestId: meta.requestId }),
      ...(meta?.attempts === undefined ? {} : { attempts: meta.attempts }),
    },
  });
}

export function failureOf(error: unknown): LookUpFailure {
  const code = codeOf(error);
  if (CREDENTIALS.has(code)) return 'credentials';
  if (DENIED.has(code)) return 'permission';
  const status = asSdkError(error).$metadata?.httpStatusCode ?? 0;
  return TEMPORARY.test(code) || status === 429 || status >= 500 ? 'transient' : 'resource';
}

export function codeOf(error: unknown): string {
  const { name, code } = asSdkError(error);
  return name !== undefined && name !== 'Error' ? name : typeof code === 'string' ? code : 'Error';
}

/** `<code>: <message>`, without what says nothing. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code === 'AbortError' || code === 'TimeoutError') return 'no answer in time';
  const { message } = asSdkError(error);
  return message ? `${code}: ${message}` : code;
}

function asSdkError(error: unknown): SdkError {
  return error !== null && typeof error === 'object' ? error : {};
}
