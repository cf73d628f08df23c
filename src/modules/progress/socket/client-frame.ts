import { z } from 'zod';
import { AppError } from '../../../shared/errors/app-error.js';

const requestId = z.string().max(64, 'has more than 64 characters').optional();
const channels = z.array(z.string().min(1)).min(1).max(20, 'names more than 20 channels');
const since = {
  since: z.union([z.string().min(1).max(500), z.int().min(0)]).optional(),
  sinceSeq: z.int().min(0).optional(),
  since_seq: z.int().min(0).optional(),
  sinceTime: z.iso.datetime({ offset: true }).optional(),
};

const FRAMES = z.discriminatedUnion('action', [
  z.object({
    action: z.literal('authenticate'),
    token: z.string().min(1).optional(),
    apiKey: z.string().optional(),
    requestId,
  }),
  z.object({
    action: z.literal('subscribe'),
    channel: z.string().min(1).optional(),
    channels: channels.optional(),
    events: z.array(z.string()).optional(),
    stacks: z.array(z.string()).optional(),
    minLevel: z.string().optional(),
    ...since,
    requestId,
  }),
  z.object({
    action: z.literal('unsubscribe'),
    channel: z.string().min(1).optional(),
    channels: z.union([z.literal('*'), channels]).optional(),
    requestId,
  }),
  z.object({ action: z.literal('replay'), channel: z.string().min(1), ...since, requestId }),
  z.object({ action: z.literal('ping'), timestamp: z.unknown().optional(), requestId }),
  z.object({ action: z.literal('list'), requestId }),
]);

/** A frame of api.md 4.2. Fields it does not know are ignored: clients of later versions may send more. */
export type ClientFrame = z.output<typeof FRAMES>;
export type SubscribeFrame = Extract<ClientFrame, { action: 'subscribe' }>;
export type ReplayFrame = Extract<ClientFrame, { action: 'replay' }>;

const ACTIONS: ReadonlySet<unknown> = new Set(FRAMES.options.map((option) => option.shape.action.value));

/** A frame that cannot be read at all: three in a row close the connection (api.md 4.6). */
export class UnreadableFrame extends AppError {
  constructor(message: string) {
    super('WS_BAD_FRAME', 400, message);
  }
}

/**
 * `type` is accepted in place of `action`.
 * @throws UnreadableFrame when it is no JSON object or names no known action; AppError `WS_BAD_FRAME` when a field is wrong
 */
export function readFrame(text: string): ClientFrame {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UnreadableFrame('The frame is not valid JSON');
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new UnreadableFrame('The frame is not a JSON object');
  }
  const fields = value as Record<string, unknown>;
  const action = fields['action'] ?? fields['type'];
  if (!ACTIONS.has(action)) {
    throw new UnreadableFrame(`Unknown action; use one of ${[...ACTIONS].join(', ')}`);
  }
  const parsed = FRAMES.safeParse({ ...fields, action });
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => ({
    field: issue.path.join('.') || 'frame',
    messages: [issue.message],
  }));
  throw new AppError('WS_BAD_FRAME', 400, `${issues[0]?.field}: ${issues[0]?.messages[0]}`, {
    details: issues,
  });
}

/** `requestId` of a frame that was refused, so that the error can carry it. */
export function requestIdOf(text: string): string | undefined {
  try {
    const id = (JSON.parse(text) as { requestId?: unknown } | null)?.requestId;
    return typeof id === 'string' && id.length <= 64 ? id : undefined;
  } catch {
    return undefined;
  }
}

/** @throws AppError `WS_BAD_FRAME` when neither `channel` nor `channels` is given */
export function channelsOf(frame: {
  readonly channel?: string;
  readonly channels?: string | readonly string[];
}): readonly string[] {
  const list = typeof frame.channels === 'string' ? [frame.channels] : (frame.channels ?? []);
  const all = [...new Set([...(frame.channel ? [frame.channel] : []), ...list])];
  if (all.length === 0) throw new AppError('WS_BAD_FRAME', 400, 'channel or channels is required');
  return all;
}
