import type { Readable } from 'node:stream';

export interface AnswerExtras {
  /** Default 200; 201 and 202 want a `location`. */
  readonly status?: number;
  /** One short sentence beside `data`. */
  readonly message?: string;
  readonly warning?: string;
  readonly location?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a handler returns when `data` alone is not enough; the envelope interceptor unfolds it. */
export class Answer<T> {
  constructor(
    readonly data: T,
    readonly extras: AnswerExtras = {},
  ) {}
}

/** A body that leaves as it is: YAML, text, a file; a stream for what may be long. */
export class RawAnswer {
  constructor(
    readonly body: string | Buffer | Readable,
    readonly contentType: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}
}

/** 201 with `Location`. */
export function created<T>(
  data: T,
  location: string,
  extras: Omit<AnswerExtras, 'status' | 'location'> = {},
): Answer<T> {
  return new Answer(data, { ...extras, status: 201, location });
}

/** A page of the session half: a bare array, the number of all in `X-Total-Count`, where to go on in `X-Next-Cursor`. */
export function listed<T>(items: readonly T[], total: number, nextCursor: string | null = null): Answer<readonly T[]> {
  return new Answer(items, {
    headers: { 'X-Total-Count': String(total), ...(nextCursor ? { 'X-Next-Cursor': nextCursor } : {}) },
  });
}

/** 202 with `Location` = status address and `Retry-After: 5`. */
export function accepted<T>(data: T, location: string, message: string): Answer<T> {
  return new Answer(data, { status: 202, location, message, headers: { 'Retry-After': '5' } });
}
