import { CloudError } from '../../../../tools/sandbox-cloud/provider.port.js';
import type { EngineError, ErrorClass, ResourceAction } from '../engine.port.js';
import { nameOf } from './urn.js';

/** Forms of AWS's codes (deployments.md 7.6): `AccessDenied`, `AccessDeniedException`, `UnauthorizedOperation` ... */
const PERMISSION = /^(AccessDenied|Unauthorized|UnauthorizedOperation|NotAuthorized|OptInRequired)/i;
const CREDENTIALS = /^(InvalidClientTokenId|ExpiredToken|SignatureDoesNotMatch|UnrecognizedClient|InvalidAccessKeyId)/i;
const LIMIT = /(Limit|Quota)Exceeded|InsufficientCapacity|Insufficient\w*Capacity|TooMany(?!Requests)/i;

export interface Verdict {
  readonly class: ErrorClass;
  readonly code: string;
  readonly retryable: boolean;
}

/** Class and code of an answer of the cloud; `otherwise` is the code of a plain resource failure. */
export function judgeCloudError(error: CloudError, otherwise: string): Verdict {
  // throttling codes read like limits; what the cloud marks retryable is transient whatever its name
  if (error.retryable) return { class: 'transient', code: otherwise, retryable: true };
  if (PERMISSION.test(error.code)) return { class: 'permission', code: 'INSUFFICIENT_PERMISSIONS', retryable: false };
  if (CREDENTIALS.test(error.code)) return { class: 'credentials', code: otherwise, retryable: false };
  if (LIMIT.test(error.code)) return { class: 'limit', code: 'SERVICE_LIMIT_EXCEEDED', retryable: false };
  return { class: 'resource', code: otherwise, retryable: false };
}

export function failureCode(action: ResourceAction): string {
  if (action === 'delete') return 'RESOURCE_DELETE_FAILED';
  return action === 'create' || action === 'read' ? 'RESOURCE_CREATION_FAILED' : 'RESOURCE_UPDATE_FAILED';
}

export interface FailedStep {
  readonly urn: string;
  readonly type: string;
  readonly action: ResourceAction;
}

export function resourceError(
  step: FailedStep,
  verdict: Omit<EngineError, 'urn' | 'resourceType' | 'resourceName'>,
): EngineError {
  return { ...verdict, urn: step.urn, resourceType: step.type, resourceName: nameOf(step.urn) };
}

/** Whatever a provider threw. Anything but a CloudError is a defect of the provider and says so. */
export function toEngineError(step: FailedStep, error: unknown): EngineError {
  const what = `${step.action} of ${step.type} "${nameOf(step.urn)}" failed`;
  if (error instanceof StepTimeout) {
    return resourceError(step, {
      class: 'timeout',
      code: failureCode(step.action),
      message: `${what}: ${error.message}`,
      retryable: false,
    });
  }
  if (error instanceof CloudError) {
    return resourceError(step, {
      ...judgeCloudError(error, failureCode(step.action)),
      message: `${what}: ${error.code}: ${error.message}`,
      cloudCode: error.code,
    });
  }
  return resourceError(step, {
    class: 'internal',
    code: failureCode(step.action),
    message: `${what}: ${error instanceof Error ? error.message : String(error)}`,
    retryable: false,
  });
}

/** `customTimeouts` of the program ran out. */
export class StepTimeout extends CloudError {
  constructor(seconds: number) {
    super('OperationTimeout', `it took longer than the ${seconds} s of customTimeouts`);
  }
}
