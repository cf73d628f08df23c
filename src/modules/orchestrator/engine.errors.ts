import { Defect, Refused } from '../../shared/errors/app-error.js';

/** The stack program asked for something that cannot be done; the message names it and is shown to the user. */
export class ProgramFault extends Refused {
  constructor(message: string) {
    super('PROGRAM_FAILED', message);
  }
}

/** The embedded engine cannot do what the program asks (never ignored); the message names the feature. */
export class NotSupported extends ProgramFault {
  constructor(what: string) {
    super(`${what} is not supported by the embedded engine; ENGINE=pulumi runs it`);
  }
}

/** A stack state that is not Pulumi's deployment format, version 3, or contradicts itself. */
export class StateInvalid extends Refused {
  constructor(message: string, cause?: unknown) {
    super('STATE_INVALID', message, { cause });
  }
}

/** No program could be started: the runner process ended before it was ready. */
export class RunnerUnavailable extends Defect {
  constructor(reason: string) {
    super(`A stack program runner did not start: ${reason}`);
  }
}
