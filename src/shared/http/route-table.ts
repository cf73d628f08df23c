import { type AppError, Invalid, NotFound } from '../errors/app-error.js';

/** Knows which methods a path has, so that a wrong method is 405 with `Allow` instead of 404. */
export class RouteTable {
  readonly #entries: { readonly pattern: RegExp; readonly methods: Set<string> }[] = [];
  readonly #byUrl = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();

  /** `url` in Fastify's spelling: `/deployments/:id`, `/*`. Catch-all routes are left out: they know every path. */
  add(method: string | readonly string[], url: string): void {
    if (url === '*' || url === '/*') return;
    let entry = this.#byUrl.get(url);
    if (!entry) {
      entry = { pattern: toPattern(url), methods: new Set() };
      this.#byUrl.set(url, entry);
      this.#entries.push(entry);
    }
    for (const name of Array.isArray(method) ? (method as string[]) : [method as string]) entry.methods.add(name);
  }

  /** Sorted; empty = no such path. */
  methodsOf(path: string): readonly string[] {
    const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
    const methods = new Set<string>();
    for (const entry of this.#entries) {
      if (entry.pattern.test(plain)) for (const method of entry.methods) methods.add(method);
    }
    return [...methods].sort();
  }
}

function toPattern(url: string): RegExp {
  const parts = url.split('/').map((part) => {
    if (part === '*') return '.*';
    return part
      .split(/(:[A-Za-z0-9_]+)/)
      .map((piece) => (piece.startsWith(':') ? '[^/]+' : piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
      .join('');
  });
  return new RegExp(`^${parts.join('/')}$`);
}

/** What to say to a request that no route takes: 405 where the path is known, else 404. */
export function unrouted(request: { readonly url: string; readonly method: string }, routes: RouteTable): AppError {
  const path = request.url.split('?', 1)[0] ?? '/';
  const methods = routes.methodsOf(path);
  if (methods.length > 0) {
    return new Invalid('METHOD_NOT_ALLOWED', `${request.method} is not offered here; use ${methods.join(', ')}`, {
      status: 405,
      headers: { Allow: methods.join(', ') },
    });
  }
  return new NotFound('route', `${request.method} ${path}`, { code: 'ROUTE_NOT_FOUND' });
}
