/** The HTTP API: credentials, one request function, and the shapes of its answers that the pages use (api.md 3). */

export type EnvironmentName = 'dev' | 'stage' | 'prod';
export const ENVIRONMENTS: readonly EnvironmentName[] = ['dev', 'stage', 'prod'];

export interface Me {
  readonly email: string | null;
  readonly name: string;
  readonly roles: readonly string[];
  readonly organizations: readonly string[];
  readonly permissions: readonly string[];
}
export interface DeploymentItem {
  readonly deploymentId: string;
  readonly organization: string;
  readonly project: string;
  readonly domain: string;
  readonly template: string;
  readonly status: string;
  readonly environments: Readonly<Record<string, { readonly enabled: boolean; readonly status: string }>>;
  readonly createdAt: string;
  readonly lastDeployedAt: string | null;
}
export interface Environment {
  readonly name: EnvironmentName;
  readonly enabled: boolean;
  readonly region: string;
  readonly account: string | null;
  readonly status: string;
  readonly version: number;
  readonly stacksDeployed: number;
  readonly currentOperationId: string | null;
  readonly lastDeployedAt: string | null;
}
export interface StackStanding {
  readonly status: string;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly resourceCount: number;
  readonly lastDeployedAt: string | null;
  readonly driftDetected: boolean;
}
export interface Stack {
  readonly name: string;
  readonly layer: number;
  readonly enabled: boolean;
  readonly dependencies: readonly string[];
  readonly environments: Readonly<Record<string, StackStanding>>;
}
export interface Deployment {
  readonly deploymentId: string;
  readonly organization: string;
  readonly project: string;
  readonly domain: string;
  readonly template: string;
  readonly description: string;
  readonly status: string;
  readonly revision: number;
  readonly environments: readonly Environment[];
  readonly stacks: readonly Stack[];
}
export interface StackProgress {
  readonly name: string;
  readonly status: string;
  readonly layer: number | null;
  readonly progressPercent: number;
  readonly durationSeconds?: number;
  readonly reasons?: readonly string[];
  readonly explanation?: readonly string[];
  readonly skipReason?: string;
  readonly resources: {
    readonly total: number;
    readonly created: number;
    readonly failed: number;
    readonly current?: string;
  };
  readonly error?: { readonly code: string; readonly message: string };
}
export interface Progress {
  readonly operationId: string | null;
  readonly status: string;
  readonly startTime: string | null;
  readonly endTime?: string;
  readonly currentLayer?: number;
  readonly totalLayers: number;
  readonly summary: {
    readonly totalStacks: number;
    readonly deployedStacks: number;
    readonly failedStacks: number;
    readonly skippedStacks: number;
    readonly progressPercent: number;
  };
  readonly stacks: Readonly<Record<string, StackProgress>>;
  readonly metrics: {
    readonly durationSeconds: number;
    readonly estimatedTimeRemaining?: number;
    readonly resourcesCreated: number;
    readonly resourcesFailed: number;
  };
}
export interface Operation {
  readonly operationId: string;
  readonly type: string;
  readonly preview: boolean;
  readonly status: 'pending' | 'in_progress' | 'success' | 'failed' | 'cancelled';
  readonly engine: string;
  readonly cloud: string;
  readonly manifestRevision: number;
  readonly startedAt: string;
  readonly completedAt: string | null;
  readonly startedBy: string;
  readonly completedStacks: readonly {
    readonly name: string;
    readonly durationSeconds: number | null;
    readonly resourcesCreated: number;
    readonly explanation?: readonly string[];
  }[];
  readonly skippedStacks: readonly {
    readonly name: string;
    readonly reason: string | null;
    readonly explanation?: readonly string[];
    readonly culprit?: string;
  }[];
  readonly failedStacks: readonly {
    readonly name: string;
    readonly error: { readonly code: string; readonly message: string } | null;
  }[];
  readonly result: { readonly stacks?: Readonly<Record<string, PlannedChanges>> } | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly rolledBack: boolean;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
}
export interface PlannedChanges {
  readonly create: number;
  readonly update: number;
  readonly replace: number;
  readonly delete: number;
  readonly same: number;
  readonly unresolved?: readonly string[];
}
export interface Version {
  readonly version: number;
  readonly kind: string;
  readonly operationId: string;
  readonly manifestRevision: number;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly current: boolean;
}

/** An error answer (api.md 1.4), or a connection that failed (status 0). */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: unknown,
    readonly requestId: string | undefined,
  ) {
    super(message);
    this.name = 'ApiProblem';
  }
}

type Credential =
  | { readonly kind: 'key'; readonly apiKey: string }
  | { readonly kind: 'tokens'; readonly accessToken: string; readonly refreshToken: string };

/** Lives as long as the tab: nothing is left on the machine when it closes. */
const STORE = 'cloud.credential';
let credential = readStore();
let renewal: Promise<void> | undefined;
const listeners = new Set<() => void>();

export const session = {
  isSignedIn: (): boolean => credential !== null,
  /** Calls back on every sign-in and sign-out. @returns how to stop listening */
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  async signInWithPassword(username: string, password: string): Promise<void> {
    const tokens = await send<Tokens>('/auth/login', { method: 'POST', body: { username, password } }, null);
    keep({ kind: 'tokens', accessToken: tokens.accessToken, refreshToken: tokens.refreshToken });
  },
  async signInWithKey(apiKey: string): Promise<void> {
    const candidate: Credential = { kind: 'key', apiKey };
    await send<Me>('/auth/me', {}, candidate);
    keep(candidate);
  },
  async signOut(): Promise<void> {
    const old = credential;
    keep(null);
    if (old?.kind === 'tokens') await send('/auth/logout', { method: 'POST', body: {} }, old).catch(() => undefined);
  },
};

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}
interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly body?: unknown;
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
}

/** `data` of the answer; renews an expired token once, by itself. @throws ApiProblem */
export async function request<T>(path: string, call: Call = {}): Promise<T> {
  const used = credential;
  try {
    return await send<T>(path, call, used);
  } catch (problem) {
    if (!(problem instanceof ApiProblem) || problem.status !== 401) throw problem;
    if (used?.kind === 'tokens') {
      if (used === credential) await (renewal ??= renew(used).finally(() => (renewal = undefined)));
      return send<T>(path, call, credential);
    }
    keep(null);
    throw problem;
  }
}

async function renew({ refreshToken }: { readonly refreshToken: string }): Promise<void> {
  try {
    const tokens = await send<Partial<Tokens>>('/auth/refresh', { method: 'POST', body: { refreshToken } }, null);
    keep({ kind: 'tokens', accessToken: tokens.accessToken ?? '', refreshToken: tokens.refreshToken ?? refreshToken });
  } catch (problem) {
    if (problem instanceof ApiProblem && problem.status === 401) keep(null);
    throw problem;
  }
}

async function send<T>(path: string, call: Call, as: Credential | null): Promise<T> {
  const headers: Record<string, string> = {};
  if (as?.kind === 'key') headers['X-API-Key'] = as.apiKey;
  if (as?.kind === 'tokens') headers['Authorization'] = `Bearer ${as.accessToken}`;
  if (call.body !== undefined) headers['Content-Type'] = 'application/json';
  if (call.idempotencyKey) headers['Idempotency-Key'] = call.idempotencyKey;
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method: call.method ?? 'GET',
      headers,
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      ...(call.signal ? { signal: call.signal } : {}),
    });
  } catch (cause) {
    if (call.signal?.aborted) throw cause;
    throw new ApiProblem(0, 'NO_CONNECTION', 'The server does not answer. It may be restarting.', undefined, undefined);
  }
  const answer = (await response.json().catch(() => undefined)) as
    { data?: T; code?: string; message?: string; details?: unknown; request_id?: string } | undefined;
  if (response.ok && answer) return answer.data as T;
  throw new ApiProblem(
    response.status,
    answer?.code ?? 'UNREADABLE',
    answer?.message ?? `The server answered ${response.status}.`,
    answer?.details,
    answer?.request_id,
  );
}

function keep(next: Credential | null): void {
  credential = next;
  if (next) sessionStorage.setItem(STORE, JSON.stringify(next));
  else sessionStorage.removeItem(STORE);
  for (const listener of listeners) listener();
}

function readStore(): Credential | null {
  const text = sessionStorage.getItem(STORE);
  return text ? (JSON.parse(text) as Credential) : null;
}
