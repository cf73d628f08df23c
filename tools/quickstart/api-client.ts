/** An answer of the API that is no success. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: unknown,
  ) {
    super(message);
  }
}

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly idempotencyKey?: string;
}

const TRIES = 4;
const RETRY_MS = 300;
const TIMEOUT_MS = 35_000;

/** The API with one credential. */
export class ApiClient {
  constructor(
    readonly url: string,
    private readonly credential: Readonly<Record<string, string>> = {},
  ) {}

  withToken(token: string): ApiClient {
    return new ApiClient(this.url, { authorization: `Bearer ${token}` });
  }

  withKey(apiKey: string): ApiClient {
    return new ApiClient(this.url, { 'x-api-key': apiKey });
  }

  /**
   * `data` of the answer. A lost connection is tried again when the call is safe to repeat: reads, and anything with an
   * idempotency key; so is a 503 that asks for it.
   * @throws ApiError
   */
  async call<T>(path: string, call: Call = {}): Promise<T> {
    const response = await this.send(`/api/v1${path}`, call);
    return dataOf<T>(response, (answer) => (answer?.['success'] === true ? (answer['data'] as T) : undefined));
  }

  /** The same for the session half: the body itself, and the headers that steer a client. @throws ApiError */
  async callSessions<T>(path: string, call: Call = {}): Promise<{ readonly body: T; readonly headers: Headers }> {
    const response = await this.send(`/api${path}`, call);
    return { body: await dataOf<T>(response, (answer) => answer as T), headers: response.headers };
  }

  private async send(path: string, { method = 'GET', body, idempotencyKey }: Call): Promise<Response> {
    const mayRepeat = method === 'GET' || idempotencyKey !== undefined;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const response = await fetch(`${this.url}${path}`, {
          method,
          headers: {
            ...this.credential,
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        if (response.status !== 503 || !mayRepeat || attempt >= TRIES) return response;
      } catch (error) {
        if (!mayRepeat || attempt >= TRIES) throw error;
      }
      await pause(RETRY_MS * attempt);
    }
  }
}

type Body = Readonly<Record<string, unknown>> & { readonly code?: string; readonly message?: string };

async function dataOf<T>(response: Response, unfold: (answer: Body | undefined) => T | undefined): Promise<T> {
  const answer = parsed(await response.text()) as Body | undefined;
  const data = response.ok ? unfold(answer) : undefined;
  if (data !== undefined) return data;
  throw new ApiError(
    response.status,
    answer?.code ?? 'UNREADABLE',
    answer?.message ?? `HTTP ${response.status}`,
    answer?.details,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not ours: a proxy, or an empty body
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
