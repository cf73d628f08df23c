import type { Caller, RateClass } from '../allow.js';

/** A route of the session half that is answered in front of the framework when the request is a plain one. */
export interface FrontRoute {
  readonly method: 'GET' | 'POST';
  /** The pattern of the framework's own route. */
  readonly endpoint: `/api/${string}/:${string}`;
  /** Name of its one parameter, an id made by the server. */
  readonly parameter: string;
  readonly permission: `sessions:${string}`;
  readonly rateClass?: RateClass;
  /** May a request with this body be answered here? The framework's own route validates all others. Missing: only without one. */
  readonly takes?: (body: unknown) => boolean;
  /** @param body what `takes` accepted, or undefined. Errors are answered as everywhere */
  readonly answer: (caller: Caller, id: string, body: unknown) => Promise<FrontAnswer>;
}

export interface FrontAnswer {
  /** JSON. */
  readonly body: string;
  /** Of this route, on top of what every answer carries. */
  readonly headers?: Readonly<Record<string, string>>;
}
