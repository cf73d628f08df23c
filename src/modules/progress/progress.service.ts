import { Injectable } from '@nestjs/common';
import { Config } from '../../shared/config/config.js';
import { AppError, Invalid, NotFound } from '../../shared/errors/app-error.js';
import { invalidField } from '../../shared/errors/field-problems.js';
import { fromCursor, toCursor } from '../../shared/events/cursor.js';
import { EVENTS, type EventName } from '../../shared/events/events.js';
import { type EventFilter, EventsRepository } from '../../shared/events/events.repository.js';
import { Access } from '../../shared/http/access.port.js';
import type { Principal } from '../../shared/http/principal.js';
import { Clock } from '../../shared/kernel/clock.js';
import { ChannelReads } from './channel.reads.js';
import { type EventFrame, eventNames, toFrame } from './event-frame.js';
import type { EventListQuery } from './event-list.dto.js';
import { parseSince, positionOf } from './since.js';

export interface EventPage {
  /** Ascending, the frames the socket sends too. */
  readonly events: readonly EventFrame[];
  /** Give it to `cursor` for the next page; null at the end. */
  readonly nextCursor: string | null;
}

/** Stored events of a deployment as a list. */
@Injectable()
export class ProgressService {
  constructor(
    private readonly events: EventsRepository,
    private readonly deployments: ChannelReads,
    private readonly access: Access,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  /** @throws NotFound, Denied; Invalid 400 for a query that does not fit; 410 `WS_REPLAY_GAP` when `since` is too old */
  async listEvents(principal: Principal, deploymentId: string, query: EventListQuery): Promise<EventPage> {
    const id = deploymentId.trim().toUpperCase();
    if (!/^D[0-9A-Z]{5,9}$/.test(id)) {
      throw invalidField('id', 'format', `"${id.slice(0, 40)}" is not a deployment id`, 'INVALID_DEPLOYMENT_ID');
    }
    const home = await this.deployments.findHome(id);
    if (!home) throw new NotFound('deployment', id);
    const target = { ...home, ...(query.environment ? { environment: query.environment } : {}) };
    this.access.require(principal, 'deployments:read', target, { kind: 'deployment', id });
    const filter = this.filterOf(query, home.organization, id, this.access.may(principal, 'logs:read', target));
    const page = await this.events.readAfter(filter, await this.startOf(query, filter), query.limit + 1);
    const events = page.slice(0, query.limit);
    const last = events.at(-1);
    return {
      events: events.map((event) => toFrame(event, `deployments/${id}`)),
      nextCursor: page.length > events.length && last ? toCursor(home.organization, last.position) : null,
    };
  }

  private filterOf(
    query: EventListQuery,
    organization: string,
    deploymentId: string,
    mayReadLogs: boolean,
  ): EventFilter {
    const { environment, operationId, stack } = query;
    if (query.from && query.to && query.from > query.to) throw invalidField('from', 'range', 'from is after to');
    const wanted = query.type?.flatMap((spelling) => {
      const names = eventNames(spelling);
      if (!names) throw invalidField('type', 'format', `"${spelling.slice(0, 60)}" is not the name of an event`);
      return names;
    });
    const types = mayReadLogs
      ? wanted
      : (wanted ?? (Object.keys(EVENTS) as EventName[])).filter((name) => name !== 'log');
    return {
      organization,
      deploymentId,
      ...(environment ? { environment } : {}),
      ...(operationId ? { operationId } : {}),
      ...(stack ? { stack } : {}),
      ...(types ? { types } : {}),
      ...(query.from ? { from: new Date(query.from) } : {}),
      ...(query.to ? { to: new Date(query.to) } : {}),
    };
  }

  /** Position after which the page begins. */
  private async startOf(query: EventListQuery, filter: EventFilter): Promise<number> {
    if (query.cursor !== undefined) {
      const cursor = fromCursor(query.cursor);
      if (cursor?.organization === filter.organization) return cursor.position;
      throw invalidField('cursor', 'format', 'cursor is not the nextCursor of an earlier answer');
    }
    const since = parseSince(query);
    if (since === null) return 0;
    if (since === 'malformed') throw invalidField('since', 'format', 'since is neither a cursor nor a seq');
    const retainedFrom = new Date(this.clock.now().getTime() - this.config.retention.eventDays * 86_400_000);
    const knownPosition = await this.events.lastPosition(filter.organization);
    try {
      return await positionOf(since, { filter, knownPosition, retainedFrom }, this.events);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'WS_BAD_FRAME') throw error;
      throw new Invalid('VALIDATION_INVALID_FORMAT', error.message, {
        details: [{ field: 'since', messages: [error.message] }],
      });
    }
  }
}
