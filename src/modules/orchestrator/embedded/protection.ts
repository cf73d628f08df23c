import type { EngineError, ResourceAction } from '../engine.port.js';
import { failureCode, resourceError } from './cloud-failure.js';
import { nameOf } from './urn.js';

/** A step that a protected resource forbids. @param deed what would have to happen to it: `deleted`, `replaced` ... */
export function protectedError(step: { urn: string; type: string; action: ResourceAction }, deed: string): EngineError {
  return resourceError(step, {
    class: 'validation',
    code: failureCode(step.action),
    message: `${step.type} "${nameOf(step.urn)}" must be ${deed} but is protected: set its option "protect" to false, deploy that, then try again`,
    retryable: false,
  });
}
