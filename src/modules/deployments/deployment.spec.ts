import {
  deploymentStatus,
  type EnvironmentStatus,
  idleEnvironmentStatus,
  type InstanceStanding,
} from './deployment.js';

type Instance = InstanceStanding['status'];
const environments = (...statuses: readonly EnvironmentStatus[]) =>
  statuses.map((status) => ({ status, everDeployed: !['ready', 'disabled'].includes(status) }));

describe('deploymentStatus (deployments.md 7.2)', () => {
  it.each<[readonly EnvironmentStatus[], string]>([
    [['ready', 'disabled', 'disabled'], 'initialized'],
    [['deploying', 'deployed'], 'deploying'],
    [['rolling_back', 'deployed'], 'deploying'],
    [['deploying', 'destroying'], 'destroying'],
    [['deployed', 'partial'], 'partial'],
    [['deployed', 'failed'], 'partial'],
    [['failed', 'ready'], 'failed'],
    [['deployed', 'ready', 'disabled'], 'deployed'],
    [['destroyed', 'disabled'], 'destroyed'],
    [['destroyed', 'deployed'], 'deployed'],
    [['rolled_back', 'disabled'], 'initialized'],
  ])('%j → %s', (statuses, expected) => {
    expect(deploymentStatus(environments(...statuses))).toBe(expected);
  });
});

describe('idleEnvironmentStatus (deployments.md 7.2)', () => {
  it.each<[boolean, readonly Instance[], boolean, EnvironmentStatus]>([
    [true, ['not_deployed', 'not_deployed'], false, 'ready'],
    [false, ['not_deployed'], false, 'disabled'],
    [true, ['deployed', 'deployed'], false, 'deployed'],
    [true, ['deployed', 'deployed'], true, 'deployed'],
    [true, ['destroyed', 'destroyed'], true, 'rolled_back'],
    [true, ['deployed', 'destroyed'], true, 'rolled_back'],
    [true, ['deployed', 'failed'], false, 'partial'],
    [true, ['deployed', 'not_deployed'], false, 'partial'],
    [true, ['failed', 'not_deployed'], false, 'failed'],
    [true, ['destroyed', 'destroyed'], false, 'destroyed'],
    [false, ['deployed', 'failed'], false, 'partial'],
  ])('enabled %s, instances %j, ended in rollback %s → %s', (enabled, statuses, rolledBack, expected) => {
    expect(
      idleEnvironmentStatus(
        enabled,
        statuses.map((status) => ({ status })),
        rolledBack,
      ),
    ).toBe(expected);
  });
});
