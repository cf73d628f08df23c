import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, ModulesContainer, Reflector } from '@nestjs/core';
import { isPermission } from '../../src/modules/auth/permissions.js';
import { openApiDocument } from '../../src/docs.js';
import { PERMISSION, PUBLIC_ROUTE } from '../../src/shared/http/allow.js';
import { TestApp } from './app.harness.js';

/** Where @ApiExcludeEndpoint and @ApiExcludeController leave their marks. */
const HIDDEN = ['swagger/apiExcludeEndpoint', 'swagger/apiExcludeController'];

interface Route {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly isOpen: boolean;
  /** Left out of the OpenAPI document on purpose, e.g. the addresses of WebSockets. */
  readonly isHidden: boolean;
  readonly permissions: readonly string[] | undefined;
}

let app: TestApp;
let routes: readonly Route[];
beforeAll(async () => {
  app = await TestApp.start();
  routes = routesOf(app);
}, 120_000);
afterAll(async () => {
  await app?.stop();
});

/** Every handler of every controller, whatever modules there are. */
function routesOf({ app: nest }: TestApp): readonly Route[] {
  const reflector = new Reflector();
  const scanner = new MetadataScanner();
  return new DiscoveryService(nest.get(ModulesContainer)).getControllers().flatMap(({ instance, metatype }) => {
    const controller = instance as Record<string, () => unknown>;
    const prefix = String(reflector.get<unknown>(PATH_METADATA, metatype as never) ?? '');
    return scanner.getAllMethodNames(Object.getPrototypeOf(controller) as object).flatMap((name): Route[] => {
      const handler = controller[name] as () => unknown;
      const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
      if (method === undefined) return [];
      const targets = [handler, metatype] as never;
      return [Reflect.getMetadata(PATH_METADATA, handler) as string | string[]].flat().map((path) => ({
        name: `${(metatype as { name: string }).name}.${name}`,
        method: RequestMethod[method],
        path: `/${prefix}/${path}`.replaceAll(/\/+/g, '/').replace(/(.)\/$/, '$1'),
        isOpen: reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, targets) === true,
        isHidden: HIDDEN.some((key) => reflector.getAllAndOverride<unknown>(key, targets) !== undefined),
        permissions: reflector.getAllAndOverride<readonly string[] | undefined>(PERMISSION, targets),
      }));
    });
  });
}

describe('every route', () => {
  it('is open or says what it needs, never both', () => {
    expect(routes.length).toBeGreaterThan(20);
    const unmarked = routes.filter((route) => route.isOpen === (route.permissions !== undefined)).map((r) => r.name);
    expect(unmarked).toEqual([]);
  });

  it('asks for permissions of the matrix only', () => {
    const asked = routes.flatMap((route) => (route.permissions ?? []).map((name) => `${route.name} ${name}`));
    expect(asked.filter((entry) => !/ self$/.test(entry) && !isPermission(entry.split(' ')[1] ?? ''))).toEqual([]);
  });

  it('refuses a call without credential unless it is open', async () => {
    const unguarded: string[] = [];
    for (const route of routes.filter((r) => !r.isOpen)) {
      const path = route.path.replaceAll(/:[A-Za-z]+/g, 'x');
      const answer = await app.call(route.method, path, undefined, { authorization: '' });
      if (answer.status !== 401 || answer.body.code !== 'AUTH_REQUIRED')
        unguarded.push(`${route.name} ${answer.status}`);
    }
    expect(unguarded).toEqual([]);
  });

  it('is described in the OpenAPI document', () => {
    const paths = openApiDocument(app.app).paths as Record<string, Record<string, { summary?: string }>>;
    const missing = routes
      .filter((route) => route.path.startsWith('/api/v1/') && !route.isHidden)
      .filter((route) => {
        const path = route.path.replaceAll(/:([A-Za-z]+)/g, '{$1}');
        return !paths[path]?.[route.method.toLowerCase()]?.summary;
      });
    expect(missing.map((route) => `${route.method} ${route.path}`)).toEqual([]);
  });
});
