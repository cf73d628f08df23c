/** Fields of a code, e.g. `{ resource, id }`; for validation a list of `{ field, messages[] }`. Never secrets. */
export type ErrorDetails = Readonly<Record<string, unknown>> | readonly FieldProblem[];

export interface FieldProblem {
  /** Dotted/bracket path in the request, e.g. `accounts.dev`, `channels[2]`. */
  readonly field: string;
  readonly messages: readonly string[];
}

export interface ErrorExtras {
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
  /** What the caller can do; part of the body. */
  readonly suggestion?: string;
  /** Response headers, e.g. `Retry-After`, `Allow`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Base of everything thrown on purpose. `code` is a code of api.md section 7. */
export class AppError extends Error {
  readonly details?: ErrorDetails;
  readonly suggestion?: string;
  readonly headers?: Readonly<Record<string, string>>;

  constructor(
    readonly code: string,
    readonly status: number,
    message: string,
    extras: ErrorExtras = {},
  ) {
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause });
    this.name = new.target.name;
    this.details = extras.details;
    this.suggestion = extras.suggestion;
    this.headers = extras.headers;
  }
}

/** The request is wrong in itself; 400 unless the code's row in api.md section 7 says 422, 413, 415 ... */
export class Invalid extends AppError {
  constructor(code: string, message: string, extras: ErrorExtras & { readonly status?: number } = {}) {
    super(code, extras.status ?? 400, message, extras);
  }
}

/** Understood, but the rules of the domain refuse it: 422. */
export class Refused extends AppError {
  constructor(code: string, message: string, extras: ErrorExtras = {}) {
    super(code, 422, message, extras);
  }
}

/** 401 (who are you) or 403 (you may not). */
export class Denied extends AppError {
  constructor(code: string, status: 401 | 403, message: string, extras: ErrorExtras = {}) {
    super(code, status, message, extras);
  }
}

/** 404; also for another organization's resource. */
export class NotFound extends AppError {
  constructor(resource: string, id: string, extras: ErrorExtras & { readonly code?: string } = {}) {
    super(extras.code ?? 'RESOURCE_NOT_FOUND', 404, `${resource} "${id}" was not found`, {
      details: { resource, id },
      ...extras,
    });
  }
}

/** 409: the state does not allow it now. */
export class Conflict extends AppError {
  constructor(code: string, message: string, extras: ErrorExtras = {}) {
    super(code, 409, message, extras);
  }
}

export type UnavailableReason = 'database_unavailable' | 'circuit_open' | 'starting' | 'shutting_down' | 'maintenance';

/** 503 `SERVICE_UNAVAILABLE` with `details.reason`. */
export class Unavailable extends AppError {
  constructor(reason: UnavailableReason, message: string, extras: ErrorExtras = {}) {
    super('SERVICE_UNAVAILABLE', 503, message, {
      details: { reason },
      headers: { 'Retry-After': '30' },
      ...extras,
    });
  }
}

/** A defect or a broken assumption of our own; its text never reaches a client. */
export class Defect extends AppError {
  constructor(message: string, extras: ErrorExtras = {}) {
    super('INTERNAL_ERROR', 500, message, extras);
  }
}
