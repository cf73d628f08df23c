import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';
import { invalidField } from '../../../shared/errors/field-problems.js';
import { AppError, NotFound } from '../../../shared/errors/app-error.js';
import { channelOfTarget, type DeploymentChannel } from '../channel.js';
import type { EventNaming } from '../event-frame.js';
import { type Selection, toSelection } from './selection.js';

/** What a client asked for in the address of its upgrade request (api.md 4.1). */
export interface Endpoint {
  /** Subscribed at once; null on `/ws`, where the client may also authenticate later. */
  readonly channel: DeploymentChannel | null;
  readonly naming: EventNaming;
  /** Filters for all subscriptions. */
  readonly selection: Selection;
  /** Query parameters that authenticate. */
  readonly credentials: { readonly ticket?: string; readonly token?: string };
}

const GENERAL = /^\/(api\/v1\/)?ws$/;
const PROGRESS = /^\/(?:deployments\/([^/]+)\/progress|websocket\/progress\/([^/]+))$/;
const SHORT = /^\/deployments\/([^/-]+-[^/]+)$/;
const QUERY = ['eventNaming', 'events', 'minLevel', 'environment', 'ticket', 'token'];

/** @param url path and query. @throws NotFound for an unknown path or a malformed target; Invalid 400 for the query */
export function parseEndpoint(url: string): Endpoint {
  const { pathname, searchParams: query } = new URL(url, 'ws://server');
  const path = pathname.length > 1 ? pathname.replace(/\/$/, '') : pathname;
  const unknown = [...query.keys()].find((key) => !QUERY.includes(key));
  if (unknown) throw invalidField(unknown, 'unknown', `${unknown} is not a known query parameter`);
  const naming = query.get('eventNaming') ?? 'underscore';
  if (naming !== 'underscore' && naming !== 'dotted') {
    throw invalidField('eventNaming', 'format', 'eventNaming is underscore or dotted');
  }
  return {
    channel: channelOf(path, query.get('environment')),
    naming,
    selection: selectionOf(query),
    credentials: {
      ...(query.has('ticket') ? { ticket: query.get('ticket') ?? '' } : {}),
      ...(query.has('token') ? { token: query.get('token') ?? '' } : {}),
    },
  };
}

function channelOf(path: string, environment: string | null): DeploymentChannel | null {
  if (environment !== null && !ENVIRONMENTS.includes(environment as EnvironmentName)) {
    throw invalidField('environment', 'format', `environment is one of ${ENVIRONMENTS.join(', ')}`);
  }
  if (GENERAL.test(path)) return null;
  const progress = PROGRESS.exec(path);
  const target = progress?.[1] ?? progress?.[2] ?? SHORT.exec(path)?.[1];
  if (!target) throw new NotFound('route', `GET ${path}`, { code: 'ROUTE_NOT_FOUND' });
  try {
    return channelOfTarget(decodeURIComponent(target), (environment as EnvironmentName | null) ?? undefined);
  } catch (cause) {
    throw new NotFound('deployment', target.slice(0, 100), { cause });
  }
}

function selectionOf(query: URLSearchParams): Selection {
  const events = query
    .get('events')
    ?.split(',')
    .map((name) => name.trim());
  const minLevel = query.get('minLevel');
  try {
    return toSelection({ ...(events ? { events } : {}), ...(minLevel === null ? {} : { minLevel }) });
  } catch (error) {
    throw invalidField(events ? 'events' : 'minLevel', 'format', (error as AppError).message);
  }
}
