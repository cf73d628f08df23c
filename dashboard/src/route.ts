import { useSyncExternalStore } from 'react';
import { ENVIRONMENTS, type EnvironmentName } from './api';

/** Where the reader is: kept in the fragment, so that every place has an address and the server serves one page. */
export type Route =
  | { readonly page: 'deployments' }
  | { readonly page: 'deployment'; readonly id: string; readonly environment: EnvironmentName };

export function parseRoute(fragment: string): Route {
  const [kind, id, environment] = fragment.replace(/^#?\/?/, '').split('/');
  if (kind !== 'deployments' || !id) return { page: 'deployments' };
  const known = ENVIRONMENTS.find((name) => name === environment);
  return { page: 'deployment', id, environment: known ?? 'dev' };
}

export function addressOf(route: Route): string {
  return route.page === 'deployments' ? '#/deployments' : `#/deployments/${route.id}/${route.environment}`;
}

export function useRoute(): Route {
  const fragment = useSyncExternalStore(
    (changed) => {
      window.addEventListener('hashchange', changed);
      return () => window.removeEventListener('hashchange', changed);
    },
    () => location.hash,
  );
  return parseRoute(fragment);
}
