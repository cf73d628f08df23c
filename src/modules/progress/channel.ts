import { AppError } from '../../shared/errors/app-error.js';
import { EVENTS, type EventName } from '../../shared/events/events.js';
import type { EventFilter } from '../../shared/events/events.repository.js';
import { ENVIRONMENTS, type EnvironmentName } from '../../shared/http/principal.js';

/** What a subscription listens to (api.md 4.3). `name` is spelled as the client spelled it and comes back in every frame. */
export type Channel = DeploymentChannel | OrganizationChannel | SessionsChannel;

export interface DeploymentChannel {
  readonly kind: 'deployment';
  readonly name: string;
  readonly deploymentId: string;
  readonly environment?: EnvironmentName;
  readonly stack?: string;
  /** Present: `seq` counts in this operation and may be given to `since`. */
  readonly operationId?: string;
}

/** Lifecycle events of all deployments of the organization that the caller may read. */
export interface OrganizationChannel {
  readonly kind: 'organization';
  readonly name: string;
  readonly organization: string;
}

/** A channel of the session half (sessions.md 16), inside the caller's own organization. At most one part narrows it. */
export interface SessionsChannel {
  readonly kind: 'sessions';
  readonly name: string;
  /** Present: `seq` counts in this session and may be given to `since`. */
  readonly sessionId?: string;
  readonly sessionProjectId?: string;
  readonly machineId?: string;
  readonly workspaceId?: string;
  /** What it carries. */
  readonly types: readonly EventName[];
}

const GRAMMAR = /^[a-z]+(\/[A-Za-z0-9._%-]+)*$/;
const MAX_LENGTH = 200;
const ENVIRONMENT_NAME = /^(?<id>[^-]+)-(?:(?<stack>.+)-)?(?<env>dev|stage|prod)$/;

export const LIFECYCLE_EVENTS: readonly EventName[] = (Object.keys(EVENTS) as EventName[]).filter(
  (name) => EVENTS[name].lifecycle,
);

const namesOf = (pattern: RegExp): readonly EventName[] =>
  (Object.keys(EVENTS) as EventName[]).filter((name) => EVENTS[name].half === 'sessions' && pattern.test(name));
const SESSION_EVENTS = namesOf(/^(session|task)_/);
const MACHINE_EVENTS = namesOf(/^machine_/);
const WORKSPACE_EVENTS = namesOf(/^workspace_/);

/** @throws AppError `WS_INVALID_CHANNEL` naming what is wrong */
export function parseChannel(name: string): Channel {
  if (name.length > MAX_LENGTH) throw invalidChannel(name.slice(0, 40), `is longer than ${MAX_LENGTH} characters`);
  if (!GRAMMAR.test(name)) throw invalidChannel(name, 'has characters outside [A-Za-z0-9._%-] or an empty part');
  const [prefix, ...parts] = name.split('/').map((part) => decoded(name, part));
  if (prefix === 'deployments') return deploymentChannel(name, parts);
  if (prefix === 'organizations' && parts.length === 1 && parts[0]) {
    return { kind: 'organization', name, organization: parts[0] };
  }
  const inSessions = parts.length <= 1 ? sessionsChannel(name, prefix, parts[0]) : null;
  if (inSessions) return inSessions;
  throw invalidChannel(
    name,
    'is not known; use deployments/…, organizations/…, sessions, sessions/…, projects/…, machines, machines/… or workspaces/…',
  );
}

function sessionsChannel(name: string, prefix: string | undefined, id: string | undefined): SessionsChannel | null {
  const base = { kind: 'sessions', name } as const;
  switch (prefix) {
    case 'sessions':
      return { ...base, types: SESSION_EVENTS, ...(id ? { sessionId: id } : {}) };
    case 'machines':
      return id
        ? { ...base, types: [...MACHINE_EVENTS, ...SESSION_EVENTS], machineId: id }
        : { ...base, types: MACHINE_EVENTS };
    case 'projects':
      return { ...base, types: SESSION_EVENTS, sessionProjectId: given(name, id) };
    case 'workspaces':
      return { ...base, types: WORKSPACE_EVENTS, workspaceId: given(name, id) };
    default:
      return null;
  }
}

/** Channel of a path endpoint; `target` is `<id>`, `<id>-<env>` or `<id>-<stack>-<env>`; `environment` narrows the first. */
export function channelOfTarget(target: string, environment?: EnvironmentName): DeploymentChannel {
  const channel = deploymentChannel(`deployments/${target}`, [target]);
  const name = ['deployments/' + channel.deploymentId, channel.stack, channel.environment].filter(Boolean).join('-');
  return { ...channel, name, ...(environment && !channel.environment ? { environment } : {}) };
}

/** What the store has to be asked for on this channel. */
export function filterOf(channel: Channel, organization: string): EventFilter {
  if (channel.kind === 'organization') return { organization, types: LIFECYCLE_EVENTS };
  if (channel.kind === 'sessions') {
    const { sessionId, sessionProjectId, machineId, workspaceId, types } = channel;
    return {
      organization,
      types,
      ...(sessionId ? { sessionId } : {}),
      ...(sessionProjectId ? { sessionProjectId } : {}),
      ...(machineId ? { machineId } : {}),
      ...(workspaceId ? { workspaceId } : {}),
    };
  }
  const { deploymentId, environment, stack, operationId } = channel;
  return {
    organization,
    deploymentId,
    ...(environment ? { environment } : {}),
    ...(stack ? { stack } : {}),
    ...(operationId ? { operationId } : {}),
  };
}

/** Permission of the channel; log frames need `logs:read` as well. */
export function permissionOf(channel: Channel): string {
  if (channel.kind === 'sessions') return 'sessions:read';
  return channel.kind === 'deployment' && channel.operationId ? 'operations:read' : 'deployments:read';
}

function deploymentChannel(name: string, parts: readonly string[]): DeploymentChannel {
  const [target = '', ...rest] = parts;
  const short = rest.length === 0 ? ENVIRONMENT_NAME.exec(target)?.groups : undefined;
  const base = { kind: 'deployment', name, deploymentId: (short?.['id'] ?? target).trim().toUpperCase() } as const;
  if (!/^D[0-9A-Z]{5,9}$/.test(base.deploymentId)) throw invalidChannel(name, 'does not name a deployment id');
  if (short) {
    return {
      ...base,
      environment: short['env'] as EnvironmentName,
      ...(short['stack'] ? { stack: short['stack'] } : {}),
    };
  }
  return { ...base, ...narrowed(name, rest) };
}

/** `stacks/:stack`, then `environments/:env` or `operations/:op`; each at most once, in this order. */
function narrowed(
  name: string,
  rest: readonly string[],
): Pick<DeploymentChannel, 'environment' | 'stack' | 'operationId'> {
  const pairs: [string, string][] = [];
  for (let i = 0; i < rest.length; i += 2) pairs.push([rest[i] ?? '', rest[i + 1] ?? '']);
  switch (pairs.map(([key]) => key).join('/')) {
    case '':
      return {};
    case 'environments':
      return { environment: environment(name, pairs[0]?.[1]) };
    case 'operations':
      return { operationId: given(name, pairs[0]?.[1]) };
    case 'stacks':
      return { stack: given(name, pairs[0]?.[1]) };
    case 'stacks/environments':
      return { stack: given(name, pairs[0]?.[1]), environment: environment(name, pairs[1]?.[1]) };
    case 'stacks/operations':
      return { stack: given(name, pairs[0]?.[1]), operationId: given(name, pairs[1]?.[1]) };
    default:
      throw invalidChannel(name, 'is not one of the channels of a deployment');
  }
}

function environment(name: string, value: string | undefined): EnvironmentName {
  if (!ENVIRONMENTS.includes(value as EnvironmentName))
    throw invalidChannel(name, 'names no environment (dev, stage, prod)');
  return value as EnvironmentName;
}

function given(name: string, value: string | undefined): string {
  if (!value) throw invalidChannel(name, 'ends in the middle of a part');
  return value;
}

function decoded(name: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalidChannel(name, 'has a broken percent sign');
  }
}

function invalidChannel(name: string, what: string): AppError {
  return new AppError('WS_INVALID_CHANNEL', 400, `Channel "${name}" ${what}`);
}
