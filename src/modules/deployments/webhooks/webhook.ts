import { createHmac } from 'node:crypto';
import { EVENTS, type EventDraft, type EventName, RUN_ENDS, RUN_STARTS } from '../../../shared/events/events.js';

/** Rules of webhooks (api.md 6.2). */

/** Events that the `webhookUrl` of a run is told; the last one of a run is always among them. */
export const WEBHOOK_EVENTS = [...RUN_STARTS, 'stack_failed', ...RUN_ENDS] as const satisfies readonly EventName[];

/** Pauses before the second, third and fourth attempt, in ms; after that it is given up. */
const PAUSES_MS = [2_000, 10_000, 60_000] as const;
/** An attempt that nobody has reported after this was made by a process that died, in ms: a request is given 10 s. */
export const ATTEMPT_MS = 30_000;
export const REQUEST_TIMEOUT_MS = 10_000;

/** Where a run reports to. The address may carry a secret of its receiver: stored encrypted, shown as its host. */
export interface WebhookTarget {
  readonly sealed: string;
  readonly host: string;
}

export interface WebhookAttempt {
  readonly at: Date;
  /** null = no answer. */
  readonly statusCode: number | null;
  readonly error: string | null;
  readonly durationMs: number;
}

/** One message to one receiver, from the transaction of its event until it was taken or given up. */
export interface WebhookDelivery {
  /** `wh-` + 16 base36; the same in every attempt, so that a receiver can tell repetitions. */
  readonly webhookId: string;
  readonly organization: string;
  readonly deploymentId: string;
  readonly operationId: string;
  readonly type: EventName;
  readonly target: WebhookTarget;
  /** JSON as it is sent. */
  readonly body: string;
  readonly status: 'pending' | 'delivered' | 'failed';
  /** Begun ones, also those whose end nobody has seen. */
  readonly begun: number;
  readonly attempts: readonly WebhookAttempt[];
  /** When it is tried (again); null = it is not. */
  readonly nextAt: Date | null;
  readonly createdAt: Date;
  readonly deliveredAt: Date | null;
}

/** When the next attempt is due after the `begun`-th has failed; null = given up. */
export function nextAttempt(begun: number, now: Date): Date | null {
  const pause = PAUSES_MS[begun - 1];
  return pause === undefined ? null : new Date(now.getTime() + pause);
}

export function bodyOf(webhookId: string, { type, scope, data }: EventDraft, now: Date): string {
  const { status } = data as { readonly status?: unknown };
  return JSON.stringify({
    id: webhookId,
    type,
    event: EVENTS[type].dotted,
    timestamp: now.toISOString(),
    deploymentId: scope.deploymentId ?? null,
    environment: scope.environment ?? null,
    operationId: scope.operationId ?? null,
    status: typeof status === 'string' ? status : type === 'stack_failed' ? 'failed' : 'in_progress',
    data,
  });
}

/** `X-Webhook-Id`, `X-Webhook-Timestamp` (Unix seconds of this attempt) and `X-Webhook-Signature` over `<timestamp>.<body>`. */
export function headersOf(webhookId: string, body: string, key: string | Buffer, now: Date): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  return {
    'content-type': 'application/json',
    'user-agent': 'cloud-webhooks/1',
    'x-webhook-id': webhookId,
    'x-webhook-timestamp': timestamp,
    'x-webhook-signature': `sha256=${createHmac('sha256', key).update(`${timestamp}.${body}`).digest('hex')}`,
  };
}

/** Why an address is not allowed; null = it is. */
export function targetProblem(
  text: string,
  allowPrivate: boolean,
  isInside: (address: string) => boolean,
): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !['https:', ...(allowPrivate ? ['http:'] : [])].includes(url.protocol)) {
    return `must be an https address${allowPrivate ? ', or http' : ''}`;
  }
  if (url.username !== '' || url.password !== '') return 'must not hold a user or password';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isLocal = /^localhost\.?$|\.localhost\.?$/i.test(host) || isInside(host);
  return isLocal && !allowPrivate ? 'must be a public address' : null;
}
