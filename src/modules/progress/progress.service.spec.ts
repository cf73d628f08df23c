import { aResource, aStackEnd, aLog, SCOPE } from '../../../test/factories/events.js';
import { aPrincipal } from '../../../test/factories/principals.js';
import { FakeEvents } from '../../../test/fakes/fake-events.js';
import { ManualClock } from '../../../test/fakes/manual-clock.js';
import type { Config } from '../../shared/config/config.js';
import { toCursor } from '../../shared/events/cursor.js';
import type { EventsRepository } from '../../shared/events/events.repository.js';
import type { Access } from '../../shared/http/access.port.js';
import type { ChannelReads } from './channel.reads.js';
import { EventListQuery } from './event-list.dto.js';
import { ProgressService } from './progress.service.js';

const OTHER = { ...SCOPE, operationId: 'op-000000000002', environment: 'prod' } as const;

describe('the list of events', () => {
  const clock = new ManualClock();
  const events = new FakeEvents(clock);
  let logsAllowed = true;
  const asked: unknown[] = [];
  const service = new ProgressService(
    events as unknown as EventsRepository,
    {
      findHome: async (id: string) =>
        id === 'D1BRV40' ? { deploymentId: id, organization: 'acme', project: 'shop' } : null,
    } as unknown as ChannelReads,
    {
      require: (_principal: unknown, permission: string, target: unknown) => asked.push([permission, target]),
      may: () => logsAllowed,
    } as unknown as Access,
    clock,
    { retention: { eventDays: 30 } } as unknown as Config,
  );
  const list = (query: Partial<EventListQuery> = {}, id = 'D1BRV40'): ReturnType<ProgressService['listEvents']> =>
    service.listEvents(aPrincipal(), id, { limit: 100, ...query } as EventListQuery);
  const positions = async (query: Partial<EventListQuery>): Promise<unknown[]> =>
    (await list(query)).events.map((event) => Number(Buffer.from(event.cursor, 'base64url').toString().split(':')[1]));

  beforeAll(async () => {
    events.write(aResource('a'), aLog('b'));
    await clock.advance(1000);
    events.write(aResource('c', OTHER), aStackEnd());
  });
  beforeEach(() => {
    logsAllowed = true;
  });

  it.each<[string, Partial<EventListQuery>, number[]]>([
    ['everything, ascending', {}, [1, 2, 3, 4]],
    ['one environment', { environment: 'prod' }, [3]],
    ['one operation', { operationId: SCOPE.operationId }, [1, 2, 4]],
    ['types in either spelling', { type: ['stack.completed', 'log'] }, [2, 4]],
    ['what came after a cursor', { since: toCursor('acme', 2) }, [3, 4]],
    ['what came after a seq of the operation', { since: '2', operationId: SCOPE.operationId }, [4]],
    ['the same as sinceSeq', { sinceSeq: 2, operationId: SCOPE.operationId }, [4]],
    ['a span of time', { from: '2030-01-01T00:00:00.500Z', to: '2030-01-01T00:00:02Z' }, [3, 4]],
    ['a page', { limit: 2 }, [1, 2]],
    ['the next page', { limit: 2, cursor: toCursor('acme', 2) }, [3, 4]],
  ])('shows %s', async (_what, query, expected) => {
    expect(await positions(query)).toEqual(expected);
  });

  it('gives the cursor of the next page, null on the last', async () => {
    expect(await list({ limit: 2 })).toMatchObject({ nextCursor: toCursor('acme', 2) });
    expect(await list({ limit: 4 })).toMatchObject({ nextCursor: null });
  });

  it('withholds logs from those who may not read them', async () => {
    logsAllowed = false;
    expect(await positions({})).toEqual([1, 3, 4]);
    expect(await positions({ type: ['log'] })).toEqual([]);
  });

  it('asks for deployments:read on the deployment and environment', async () => {
    await list({ environment: 'dev' }, ' d1brv40 ');
    expect(asked.at(-1)).toEqual([
      'deployments:read',
      { deploymentId: 'D1BRV40', organization: 'acme', project: 'shop', environment: 'dev' },
    ]);
  });

  it.each<[string, Partial<EventListQuery>, string, string]>([
    ['a malformed id', {}, 'network', 'INVALID_DEPLOYMENT_ID'],
    ['an unknown id', {}, 'D0000000', 'RESOURCE_NOT_FOUND'],
    ['an unknown type', { type: ['nope'] }, 'D1BRV40', 'VALIDATION_INVALID_FORMAT'],
    ['a seq without an operation', { since: '2' }, 'D1BRV40', 'VALIDATION_INVALID_FORMAT'],
    ['a cursor of another organization', { cursor: toCursor('evil', 1) }, 'D1BRV40', 'VALIDATION_INVALID_FORMAT'],
    [
      'a span that ends before it begins',
      { from: '2030-01-02', to: '2030-01-01' },
      'D1BRV40',
      'VALIDATION_INVALID_FORMAT',
    ],
  ])('refuses %s', async (_what, query, id, code) => {
    await expect(list(query, id)).rejects.toMatchObject({ code });
  });

  it('answers 410 with the oldest cursor when since is older than what is stored', async () => {
    events.forgetUpTo(2);
    await expect(list({ since: toCursor('acme', 1) })).rejects.toMatchObject({
      code: 'WS_REPLAY_GAP',
      status: 410,
      details: { cursor: toCursor('acme', 2) },
    });
  });
});
