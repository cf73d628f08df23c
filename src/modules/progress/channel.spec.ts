import { channelOfTarget, filterOf, LIFECYCLE_EVENTS, parseChannel, permissionOf } from './channel.js';

const SESSION_NEWS = expect.arrayContaining(['session_stalled', 'task_updated']) as unknown as string[];
const DEPLOYMENT = { kind: 'deployment', deploymentId: 'D1BRV40' };

describe('channels', () => {
  it.each([
    ['deployments/D1BRV40', DEPLOYMENT],
    ['deployments/d1brv40', DEPLOYMENT],
    ['deployments/D1BRV40/environments/prod', { ...DEPLOYMENT, environment: 'prod' }],
    ['deployments/D1BRV40-prod', { ...DEPLOYMENT, environment: 'prod' }],
    ['deployments/D1BRV40-database-rds-dev', { ...DEPLOYMENT, stack: 'database-rds', environment: 'dev' }],
    ['deployments/D1BRV40/operations/op-1', { ...DEPLOYMENT, operationId: 'op-1' }],
    ['deployments/D1BRV40/stacks/network', { ...DEPLOYMENT, stack: 'network' }],
    ['deployments/D1BRV40/stacks/network/environments/dev', { ...DEPLOYMENT, stack: 'network', environment: 'dev' }],
    ['deployments/D1BRV40/stacks/network/operations/op-1', { ...DEPLOYMENT, stack: 'network', operationId: 'op-1' }],
    ['sessions', { kind: 'sessions', types: SESSION_NEWS }],
    ['sessions/b7', { kind: 'sessions', types: SESSION_NEWS, sessionId: 'b7' }],
    ['projects/PVT_kw%2F7', { kind: 'sessions', types: SESSION_NEWS, sessionProjectId: 'PVT_kw/7' }],
    ['machines', { kind: 'sessions', types: expect.not.arrayContaining(['session_created']) }],
    ['machines/dev%3A1', { kind: 'sessions', types: SESSION_NEWS, machineId: 'dev:1' }],
    ['workspaces/w1', { kind: 'sessions', types: ['workspace_updated'], workspaceId: 'w1' }],
    ['organizations/acme', { kind: 'organization', organization: 'acme' }],
    ['organizations/Acme%20%26%20Sons', { kind: 'organization', organization: 'Acme & Sons' }],
  ])('%s is understood and keeps its spelling', (name, expected) => {
    expect(parseChannel(name)).toEqual({ ...expected, name });
  });

  it.each([
    ['an unknown prefix', 'planes/D1BRV40'],
    ['a project without id', 'projects'],
    ['a session with a part too many', 'sessions/b7/tasks'],
    ['a wildcard', 'deployments/*'],
    ['an empty part', 'deployments//x'],
    ['a name that is no deployment id', 'deployments/network'],
    ['an unknown environment', 'deployments/D1BRV40/environments/staging'],
    ['a part without its value', 'deployments/D1BRV40/stacks'],
    ['parts in another order', 'deployments/D1BRV40/environments/dev/stacks/network'],
    ['a broken percent sign', 'organizations/a%zz'],
    ['more than 200 characters', `organizations/${'a'.repeat(200)}`],
    ['raw text that wants encoding', 'organizations/Acme & Sons'],
  ])('%s is refused', (_what, name) => {
    expect(() => parseChannel(name)).toThrow(expect.objectContaining({ code: 'WS_INVALID_CHANNEL' }));
  });

  it('a path endpoint is a channel with the id in its canonical form', () => {
    expect(channelOfTarget('d1brv40')).toMatchObject({ name: 'deployments/D1BRV40' });
    expect(channelOfTarget('d1brv40-network-dev')).toMatchObject({
      name: 'deployments/D1BRV40-network-dev',
      stack: 'network',
    });
    expect(channelOfTarget('D1BRV40', 'prod')).toMatchObject({ name: 'deployments/D1BRV40', environment: 'prod' });
  });

  it('an organization channel asks the store for lifecycle events only', () => {
    expect(filterOf(parseChannel('organizations/acme'), 'acme')).toEqual({
      organization: 'acme',
      types: LIFECYCLE_EVENTS,
    });
    expect(LIFECYCLE_EVENTS).not.toEqual(expect.arrayContaining(['log']));
    expect(LIFECYCLE_EVENTS).not.toEqual(expect.arrayContaining(['stack_progress']));
  });

  it('an operation needs operations:read, everything else deployments:read', () => {
    expect(permissionOf(parseChannel('deployments/D1BRV40/operations/op-1'))).toBe('operations:read');
    expect(permissionOf(parseChannel('deployments/D1BRV40'))).toBe('deployments:read');
  });
});
