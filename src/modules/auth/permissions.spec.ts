import type { EnvironmentName, Role } from '../../shared/http/principal.js';
import { isAbove, keyCarries, KEY_PERMISSIONS, type Permission, PERMISSIONS, roleHolds } from './permissions.js';

/** The table of api.md 2.4, transcribed: permission, environment class, then AD OP DV VW. */
const MATRIX = `
deployments:create       | -          | ✓ ✓ ✓ –
deployments:read         | all        | ✓ ✓ ✓ ✓
deployments:update       | dev, stage | ✓ ✓ ✓ –
deployments:update       | prod       | ✓ ✓ – –
deployments:delete       | dev, stage | ✓ – ✓ –
deployments:delete       | prod       | ✓ – – –
deployments:deploy       | dev        | ✓ ✓ ✓ –
deployments:deploy       | stage      | ✓ ✓ ✓ –
deployments:deploy       | prod       | ✓ ✓ – –
deployments:destroy      | dev, stage | ✓ – ✓ –
deployments:destroy      | prod       | ✓ – – –
deployments:validate     | dev, stage | ✓ ✓ ✓ –
deployments:validate     | prod       | ✓ ✓ ✓ –
deployments:preview      | all        | ✓ ✓ ✓ –
stacks:read              | -          | ✓ ✓ ✓ ✓
stacks:manage            | -          | ✓ – – –
stacks:deploy            | dev, stage | ✓ ✓ ✓ –
stacks:deploy            | prod       | ✓ ✓ – –
stacks:destroy           | dev, stage | ✓ – ✓ –
stacks:destroy           | prod       | ✓ – – –
environments:read        | all        | ✓ ✓ ✓ ✓
environments:manage      | dev, stage | ✓ ✓ ✓ –
environments:manage      | prod       | ✓ ✓ – –
templates:read           | -          | ✓ ✓ ✓ ✓
templates:manage         | -          | ✓ – – –
state:read               | dev, stage | ✓ ✓ – –
state:read               | prod       | ✓ ✓ – –
state:write              | all        | ✓ – – –
operations:read          | all        | ✓ ✓ ✓ ✓
operations:cancel        | all        | ✓ ✓ ✓ –
operations:cancel-others | all        | ✓ ✓ – –
logs:read                | all        | ✓ ✓ ✓ ✓
metrics:read             | all        | ✓ ✓ ✓ ✓
notifications:manage     | -          | ✓ ✓ ✓ –
audit:read               | -          | ✓ – – –
api-keys:own             | -          | ✓ ✓ ✓ ✓
users:manage             | -          | ✓ – – –
organizations:manage     | -          | ✓ – – –
admin:*                  | -          | ✓ – – –
system:read              | -          | ✓ ✓ ✓ ✓
sessions:read            | -          | ✓ ✓ ✓ ✓
sessions:write           | -          | ✓ ✓ ✓ -
sessions:operate         | -          | ✓ ✓ ✓ -
sessions:admin           | -          | ✓ - - -`;

const ROLES: readonly Role[] = ['admin', 'operator', 'developer', 'viewer'];
const CLASSES: Readonly<Record<string, readonly (EnvironmentName | undefined)[]>> = {
  '-': [undefined],
  all: ['dev', 'stage', 'prod'],
  'dev, stage': ['dev', 'stage'],
  dev: ['dev'],
  stage: ['stage'],
  prod: ['prod'],
};

const cells = MATRIX.trim()
  .split('\n')
  .flatMap((line) => {
    const [permission = '', kind = '', marks = ''] = line.split('|').map((part) => part.trim());
    return (CLASSES[kind] ?? []).flatMap((environment) =>
      ROLES.map((role, i) => ({
        permission: permission as Permission,
        environment,
        role,
        holds: marks.split(' ')[i] === '✓',
      })),
    );
  });

describe('the permission matrix', () => {
  it.each(cells)('$permission in $environment for $role: $holds', ({ permission, environment, role, holds }) => {
    expect(roleHolds(role, permission, environment)).toBe(holds);
  });

  it('has no row and no environment that the table lacks', () => {
    const covered = new Set(cells.map((cell) => `${cell.permission} ${cell.environment}`));
    const expected = Object.entries(PERMISSIONS).flatMap(([name, row]) =>
      row.byEnvironment ? ['dev', 'stage', 'prod'].map((env) => `${name} ${env}`) : [`${name} undefined`],
    );
    expect([...covered].sort()).toEqual(expected.sort());
  });

  it('takes a permission without an environment as held when any environment holds it', () => {
    expect(roleHolds('developer', 'deployments:destroy')).toBe(true);
    expect(roleHolds('operator', 'deployments:destroy')).toBe(false);
    expect(roleHolds('developer', 'deployments:deploy', undefined, ['prod'])).toBe(false);
  });
});

describe('permissions of a key', () => {
  it.each([
    [undefined, 'deployments:deploy', true],
    [['deployments:read'], 'deployments:deploy', false],
    [['deployments:validate'], 'deployments:preview', true],
    [['deployments:preview'], 'deployments:validate', false],
    [['operations:cancel'], 'operations:cancel-others', true],
  ] as const)('listing %j carries %s: %s', (listed, wanted, carried) => {
    expect(keyCarries(listed, wanted)).toBe(carried);
  });

  it('cannot name what no key may do', () => {
    expect(KEY_PERMISSIONS).not.toContain('users:manage');
  });

  it('ranks admin above operator above developer above viewer', () => {
    expect(isAbove('admin', 'operator') && isAbove('operator', 'developer') && isAbove('developer', 'viewer')).toBe(
      true,
    );
  });
});
