import { AppError, Denied, NotFound } from '../../../shared/errors/app-error.js';
import { toCursor } from '../../../shared/events/cursor.js';
import type { StoredEvent } from '../../../shared/events/events.js';
import type { EventFilter, EventsRepository } from '../../../shared/events/events.repository.js';
import type { Access } from '../../../shared/http/access.port.js';
import { homeOrganization } from '../../../shared/http/principal.js';
import { createLog } from '../../../shared/kernel/log.js';
import { type Channel, filterOf, parseChannel, permissionOf } from '../channel.js';
import type { ChannelReads } from '../channel.reads.js';
import { SharedFrame } from '../event-frame.js';
import { parseSince, positionOf, type Since, type SinceFields } from '../since.js';
import type { SnapshotSource } from '../snapshot-source.js';
import { channelsOf, type ReplayFrame, type SubscribeFrame } from './client-frame.js';
import type { OrganizationTail } from './organization-tail.js';
import type { OrganizationTails } from './organization-tails.js';
import type { ReadRights } from './read-rights.js';
import { replay, type ReplayResult } from './replay.js';
import { isSelected, type Selection, toSelection } from './selection.js';
import { type Outlet, Subscription } from './subscription.js';

const MAX_SUBSCRIPTIONS = 50;
const log = createLog('progress');

export interface SubscriptionSources {
  readonly events: EventsRepository;
  readonly tails: Pick<OrganizationTails, 'use' | 'release'>;
  readonly reads: Pick<ChannelReads, 'findHome' | 'hasOperation' | 'hasSession'>;
  readonly snapshots: SnapshotSource;
  readonly access: Access;
  /** EVENT_RETENTION_DAYS. */
  readonly retentionDays: number;
}

/** The connection, as its subscriptions need it. */
export interface Client extends Outlet {
  control(frame: Readonly<Record<string, unknown>>): void;
  refuse(error: unknown, about: { readonly channel?: string; readonly requestId?: string }): void;
  /** Resolves when the client has taken what was sent. */
  drained(): Promise<void>;
}

interface Entry {
  readonly subscription: Subscription;
  readonly channel: Channel;
  readonly tail: OrganizationTail;
}

/** The channels of one connection. Replays run one after another, apart from the frames the client goes on sending. */
export class Subscriptions {
  readonly #entries = new Map<string, Entry>();
  #replays: Promise<void> = Promise.resolve();

  constructor(
    private readonly client: Client,
    private readonly sources: SubscriptionSources,
    /** Filters of the connection's query, on top of each subscription's own. */
    private readonly everywhere: Selection,
  ) {}

  get size(): number {
    return this.#entries.size;
  }

  channels(): readonly string[] {
    return [...this.#entries.keys()];
  }

  async subscribe(frame: SubscribeFrame, rights: ReadRights): Promise<void> {
    const selection = toSelection(frame);
    for (const name of channelsOf(frame)) {
      try {
        await this.open(parseChannel(name), frame, selection, rights);
      } catch (error) {
        this.client.refuse(error, { channel: name, ...idOf(frame) });
      }
    }
  }

  /** Subscribes to a channel of a path endpoint. @throws as `authorize` */
  async subscribeTo(channel: Channel, rights: ReadRights): Promise<void> {
    await this.open(channel, {}, {}, rights);
  }

  unsubscribe(names: readonly string[], requestId?: string): void {
    for (const name of names.includes('*') ? this.channels() : names) {
      this.close(name);
      this.client.control({ type: 'unsubscribed', channel: name, ...(requestId ? { requestId } : {}) });
    }
  }

  /** Stored frames once more; changes no subscription. */
  async replay(frame: ReplayFrame, rights: ReadRights): Promise<void> {
    const channel = parseChannel(frame.channel);
    const organization = await authorize(channel, rights, this.sources);
    const tail = await this.sources.tails.use(organization);
    try {
      await tail.wake();
      const since = this.sinceOf(frame) ?? ({ kind: 'seq', seq: 0 } as const);
      const subscription = this.subscription(channel, organization, {}, rights, true);
      subscription.position = await this.positionOf(since, channel, organization, tail);
      const result = await this.enqueue(() => replay(subscription, this.replaySource(channel, organization, tail)));
      this.complete(channel, organization, result, frame.requestId);
    } finally {
      this.sources.tails.release(tail);
    }
  }

  /** After the caller's rights changed: what may not be read any more ends. */
  async recheck(rights: ReadRights): Promise<void> {
    for (const [name, { channel }] of [...this.#entries]) {
      try {
        await authorize(channel, rights, this.sources);
      } catch (error) {
        if (!(error instanceof AppError) || error.status >= 500) throw error;
        this.close(name);
        this.client.control({ type: 'unsubscribed', channel: name, reason: 'forbidden' });
      }
    }
  }

  tick(): void {
    for (const { subscription } of this.#entries.values()) subscription.tick();
  }

  closeAll(): void {
    for (const name of this.channels()) this.close(name);
  }

  private async open(
    channel: Channel,
    frame: Partial<SubscribeFrame>,
    selection: Selection,
    rights: ReadRights,
  ): Promise<void> {
    if (this.#entries.size >= MAX_SUBSCRIPTIONS && !this.#entries.has(channel.name)) {
      throw new AppError('WS_SUBSCRIPTION_LIMIT', 429, `A connection has at most ${MAX_SUBSCRIPTIONS} subscriptions`);
    }
    const organization = await authorize(channel, rights, this.sources);
    const since = this.sinceOf(frame);
    const tail = await this.sources.tails.use(organization);
    try {
      await tail.wake();
      const start = tail.position;
      const filter = filterOf(channel, organization);
      const [last] = await this.sources.events.readBefore(filter, start + 1, 1);
      const snapshot = since ? null : await this.snapshot(channel, filter, start);
      const subscription = this.subscription(channel, organization, selection, rights, since !== null);
      subscription.position = since ? await this.positionOf(since, channel, organization, tail) : start;
      this.close(channel.name);
      this.#entries.set(channel.name, { subscription, channel, tail });
      this.client.control({
        type: 'subscribed',
        channel: channel.name,
        seq: last?.seq ?? 0,
        cursor: toCursor(organization, start),
        replayed: since !== null,
        ...idOf(frame),
      });
      if (snapshot) subscription.replay(new SharedFrame(snapshot));
      if (!since && tail.attach(subscription)) return;
      void this.enqueue(() => this.catchUp(channel, subscription, tail, since !== null)).catch((error: unknown) => {
        log.warn('replay failed', { channel: channel.name, error });
        this.client.refuse(error, { channel: channel.name, ...idOf(frame) });
        if (this.#entries.get(channel.name)?.subscription === subscription) this.unsubscribe([channel.name]);
      });
    } catch (error) {
      if (this.#entries.get(channel.name)?.tail !== tail) this.sources.tails.release(tail);
      throw error;
    }
  }

  /** Stored frames, `replay_complete`, then live, without gap or duplicate. */
  private async catchUp(
    channel: Channel,
    subscription: Subscription,
    tail: OrganizationTail,
    asked: boolean,
  ): Promise<void> {
    const { organization } = subscription.options;
    const source = this.replaySource(channel, organization, tail);
    let result = await replay(subscription, source);
    while (!subscription.isClosed) {
      if (!tail.isNear(subscription.position)) {
        const more = await replay(subscription, source);
        result = { ...more, fromSeq: result.fromSeq ?? more.fromSeq, toSeq: more.toSeq ?? result.toSeq };
        continue;
      }
      if (asked) this.complete(channel, organization, result);
      tail.attach(subscription);
      return;
    }
  }

  private complete(channel: Channel, organization: string, result: ReplayResult, requestId?: string): void {
    this.client.control({
      type: 'replay_complete',
      channel: channel.name,
      fromSeq: result.fromSeq,
      toSeq: result.toSeq,
      cursor: toCursor(organization, result.position),
      gap: result.gap,
      ...(requestId ? { requestId } : {}),
    });
  }

  private subscription(
    channel: Channel,
    organization: string,
    selection: Selection,
    rights: ReadRights,
    gapFree: boolean,
  ): Subscription {
    const permission = permissionOf(channel);
    const mayRead = (event: StoredEvent): boolean =>
      isSelected(event, this.everywhere) && rights.mayRead(event, permission);
    const { events } = this.everywhere;
    const asked = selection.events || !events ? selection : { ...selection, events };
    return new Subscription({ channel, organization, selection: asked, gapFree, mayRead }, this.client);
  }

  private snapshot(channel: Channel, filter: EventFilter, upTo: number): Promise<StoredEvent | null> {
    const fits = channel.kind === 'deployment' && !channel.stack && (channel.operationId || channel.environment);
    return fits ? this.sources.snapshots.find(filter, upTo) : Promise.resolve(null);
  }

  private sinceOf(fields: SinceFields): Since | null {
    const since = parseSince(fields);
    if (since === 'malformed') throw new AppError('WS_BAD_FRAME', 400, 'since is neither a cursor nor a seq');
    return since;
  }

  private positionOf(since: Since, channel: Channel, organization: string, tail: OrganizationTail): Promise<number> {
    const retainedFrom = new Date(this.client.now() - this.sources.retentionDays * 86_400_000);
    const filter = filterOf(channel, organization);
    return positionOf(since, { filter, knownPosition: tail.position, retainedFrom }, this.sources.events);
  }

  private replaySource(channel: Channel, organization: string, tail: OrganizationTail): Parameters<typeof replay>[1] {
    return {
      events: this.sources.events,
      filter: filterOf(channel, organization),
      tail,
      drained: () => this.client.drained(),
    };
  }

  private enqueue<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#replays.then(work);
    this.#replays = mine.then(
      () => undefined,
      () => undefined,
    );
    return mine;
  }

  private close(name: string): void {
    const entry = this.#entries.get(name);
    if (!entry) return;
    this.#entries.delete(name);
    entry.subscription.isClosed = true;
    this.sources.tails.release(entry.tail, entry.subscription);
  }
}

/** May the caller subscribe to the channel? @returns its organization. @throws NotFound, Denied `AUTHZ_*` */
export async function authorize(
  channel: Channel,
  rights: ReadRights,
  { access, reads }: Pick<SubscriptionSources, 'access' | 'reads'>,
): Promise<string> {
  if (channel.kind === 'organization') {
    const target = { organization: channel.organization };
    if (access.may(rights.principal, permissionOf(channel), target)) return channel.organization;
    throw new NotFound('organization', channel.organization);
  }
  if (channel.kind === 'sessions') {
    const organization = homeOrganization(rights.principal);
    if (organization === null) {
      throw new Denied(
        'AUTHZ_FORBIDDEN',
        403,
        'The credential belongs to no organization; use one that has a role in one',
      );
    }
    const resource = { kind: 'channel', id: channel.name };
    access.require(rights.principal, permissionOf(channel), { organization }, resource);
    const { sessionId } = channel;
    if (sessionId && !(await reads.hasSession(organization, sessionId))) throw new NotFound('session', sessionId);
    return organization;
  }
  const { deploymentId, environment, operationId } = channel;
  const home = await reads.findHome(deploymentId);
  if (!home) throw new NotFound('deployment', deploymentId);
  access.require(
    rights.principal,
    permissionOf(channel),
    { ...home, ...(environment ? { environment } : {}) },
    { kind: 'deployment', id: deploymentId },
  );
  if (operationId && !(await reads.hasOperation(deploymentId, operationId)))
    throw new NotFound('operation', operationId);
  return home.organization;
}

function idOf(frame: { readonly requestId?: string }): { requestId?: string } {
  return frame.requestId ? { requestId: frame.requestId } : {};
}
