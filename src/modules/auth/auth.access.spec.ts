import { aPlatformAdmin, aPrincipal, aPrincipalWith } from '../../../test/factories/principals.js';
import { testConfig } from '../../../test/fakes/auth-rig.js';
import type { AccessTarget } from '../../shared/http/access.port.js';
import type { Principal } from '../../shared/http/principal.js';
import { AuthAccess } from './auth.access.js';

const access = new AuthAccess(testConfig());
const DEPLOYMENT = { kind: 'deployment', id: 'D1BRV40' };

function codeOf(work: () => void): string {
  try {
    work();
    return 'allowed';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const key = (fields: Partial<Principal>): Principal => aPrincipal({ kind: 'api_key', id: 'key-1', ...fields });
const shopOnly = aPrincipal({ assignments: [{ role: 'developer', organization: 'acme', project: 'shop' }] });
const devOnly = aPrincipal({ assignments: [{ role: 'developer', organization: 'acme', environments: ['dev'] }] });

describe('AuthAccess.require', () => {
  it.each<[string, Principal, string, AccessTarget, string]>([
    [
      'an administrator in its organization',
      aPrincipalWith('admin'),
      'deployments:destroy',
      { organization: 'acme', environment: 'prod' },
      'allowed',
    ],
    [
      'another organization as not found',
      aPrincipalWith('admin'),
      'deployments:read',
      { organization: 'umbrella' },
      'RESOURCE_NOT_FOUND',
    ],
    [
      'a platform administrator anywhere',
      aPlatformAdmin(),
      'deployments:destroy',
      { organization: 'umbrella', environment: 'prod' },
      'allowed',
    ],
    [
      'a developer in prod',
      aPrincipalWith('developer'),
      'deployments:deploy',
      { organization: 'acme', environment: 'prod' },
      'AUTHZ_FORBIDDEN',
    ],
    [
      'a project outside the assignment',
      shopOnly,
      'deployments:read',
      { organization: 'acme', project: 'blog' },
      'AUTHZ_RESOURCE_ACCESS_DENIED',
    ],
    [
      'the project of the assignment',
      shopOnly,
      'deployments:deploy',
      { organization: 'acme', project: 'shop', environment: 'dev' },
      'allowed',
    ],
    [
      'an environment outside the assignment',
      devOnly,
      'deployments:deploy',
      { organization: 'acme', environment: 'stage' },
      'AUTHZ_FORBIDDEN',
    ],
    [
      'a key that does not list the permission',
      key({ permissions: ['deployments:read'] }),
      'deployments:deploy',
      { organization: 'acme', environment: 'dev' },
      'AUTHZ_FORBIDDEN',
    ],
    [
      'a key outside its deployments',
      key({ scope: { deployments: ['D1BRV40'] } }),
      'deployments:read',
      { organization: 'acme', deploymentId: 'D2BRV40' },
      'AUTHZ_RESOURCE_ACCESS_DENIED',
    ],
    [
      'a key outside its environments',
      key({ scope: { environments: ['dev'] } }),
      'deployments:deploy',
      { organization: 'acme', environment: 'prod' },
      'AUTHZ_RESOURCE_ACCESS_DENIED',
    ],
    [
      'a key outside its projects',
      key({ scope: { projects: ['shop'] } }),
      'deployments:read',
      { organization: 'acme', project: 'blog' },
      'AUTHZ_RESOURCE_ACCESS_DENIED',
    ],
    ['a key that manages users', key({}), 'users:manage', {}, 'AUTHZ_FORBIDDEN'],
    [
      'a developer key of an operator, who may not destroy',
      key({
        assignments: [{ role: 'developer', organization: 'acme' }],
        ownerAssignments: [{ role: 'operator', organization: 'acme' }],
      }),
      'deployments:destroy',
      { organization: 'acme', environment: 'dev' },
      'AUTHZ_FORBIDDEN',
    ],
    [
      'registry writes by the administrator of one organization',
      aPrincipalWith('admin'),
      'stacks:manage',
      {},
      'AUTHZ_FORBIDDEN',
    ],
    ['registry writes by a platform administrator', aPlatformAdmin(), 'stacks:manage', {}, 'allowed'],
    ['facts of the system for anybody', aPrincipal({ assignments: [] }), 'system:read', {}, 'allowed'],
  ])('%s', (_case, principal, permission, target, expected) => {
    expect(codeOf(() => access.require(principal, permission, target, DEPLOYMENT))).toBe(expected);
    expect(access.may(principal, permission, target)).toBe(expected === 'allowed');
  });

  it('says what was missing and which roles have it', () => {
    const refuse = (): void =>
      access.require(
        aPrincipalWith('viewer'),
        'deployments:destroy',
        { organization: 'acme', environment: 'prod' },
        DEPLOYMENT,
      );
    expect(refuse).toThrow(
      expect.objectContaining({
        status: 403,
        details: {
          permission: 'deployments:destroy',
          environment: 'prod',
          organization: 'acme',
          requiredRoles: ['admin'],
        },
      }),
    );
  });

  it('takes a permission that is not in the matrix for a defect', () => {
    expect(codeOf(() => access.require(aPlatformAdmin(), 'deployments:fly', {}, DEPLOYMENT))).toBe('INTERNAL_ERROR');
  });
});

describe('AuthAccess.requireAnywhere', () => {
  it('refuses what no assignment holds, before anything is loaded', () => {
    const mixed = aPrincipal({
      assignments: [
        { role: 'viewer', organization: 'acme' },
        { role: 'operator', organization: 'umbrella' },
      ],
    });
    expect(codeOf(() => access.requireAnywhere(mixed, 'deployments:deploy', 'prod'))).toBe('allowed');
    expect(codeOf(() => access.requireAnywhere(mixed, 'deployments:destroy', 'dev'))).toBe('AUTHZ_FORBIDDEN');
    expect(codeOf(() => access.requireAnywhere(aPrincipal({ assignments: [] }), 'deployments:read'))).toBe(
      'AUTHZ_FORBIDDEN',
    );
  });

  it('asks users for a second factor in prod where that is required', () => {
    const strict = new AuthAccess(testConfig({ AUTH_REQUIRE_MFA_FOR_PROD: 'true' }));
    const admin = aPrincipalWith('admin');
    expect(codeOf(() => strict.requireAnywhere(admin, 'deployments:deploy', 'prod'))).toBe('AUTHZ_MFA_REQUIRED');
    expect(codeOf(() => strict.requireAnywhere(admin, 'deployments:deploy', 'dev'))).toBe('allowed');
    expect(codeOf(() => strict.requireAnywhere(admin, 'deployments:read', 'prod'))).toBe('allowed');
    expect(codeOf(() => strict.requireAnywhere({ ...admin, amr: ['pwd', 'mfa'] }, 'deployments:deploy', 'prod'))).toBe(
      'allowed',
    );
  });
});

describe('AuthAccess.visible', () => {
  it.each<[string, Principal, unknown]>([
    ['everything for a platform administrator', aPlatformAdmin(), {}],
    ['whole organizations', aPrincipalWith('viewer'), { scopes: [{ organization: 'acme' }] }],
    ['single projects', shopOnly, { scopes: [{ organization: 'acme', project: 'shop' }] }],
    ['nothing without assignment', aPrincipal({ assignments: [] }), { scopes: [] }],
    [
      'the scope of a key',
      key({ scope: { organization: 'acme', projects: ['shop'], deployments: ['D1BRV40'] } }),
      { scopes: [{ organization: 'acme', project: 'shop' }], deployments: ['D1BRV40'] },
    ],
    [
      'one organization for the key of a platform administrator',
      aPlatformAdmin({ kind: 'api_key', scope: { organization: 'acme' } }),
      { scopes: [{ organization: 'acme' }] },
    ],
    ['nothing for a key that may not read', key({ permissions: ['templates:read'] }), { scopes: [] }],
  ])('shows %s', (_case, principal, expected) => {
    expect(access.visible(principal, 'deployments:read')).toEqual(expected);
  });
});
