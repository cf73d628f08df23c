import { RouteTable, unrouted } from './route-table.js';

describe('RouteTable', () => {
  const routes = new RouteTable();
  routes.add(['GET', 'HEAD'], '/api/v1/deployments');
  routes.add('POST', '/api/v1/deployments');
  routes.add('GET', '/api/v1/deployments/:id');
  routes.add('GET', '/deployments/:id-:env');
  routes.add('GET', '/*');

  it.each([
    ['/api/v1/deployments', ['GET', 'HEAD', 'POST']],
    ['/api/v1/deployments/', ['GET', 'HEAD', 'POST']],
    ['/api/v1/deployments/D1', ['GET']],
    ['/api/v1/deployments/D1/x', []],
    ['/deployments/D1-dev', ['GET']],
    ['/nothing', []],
  ])('%s has %j', (path, methods) => {
    expect(routes.methodsOf(path)).toEqual(methods);
  });

  it('a wrong method on a known path is 405 with what is allowed, an unknown path 404', () => {
    expect(unrouted({ url: '/api/v1/deployments?x=1', method: 'PATCH' }, routes)).toMatchObject({
      status: 405,
      code: 'METHOD_NOT_ALLOWED',
      headers: { Allow: 'GET, HEAD, POST' },
    });
    expect(unrouted({ url: '/nothing', method: 'GET' }, routes)).toMatchObject({
      status: 404,
      code: 'ROUTE_NOT_FOUND',
    });
  });
});
