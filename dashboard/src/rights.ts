import type { EnvironmentName, Me } from './api';

/** What the buttons offer (api.md 2.4). The server decides again at every call. */
export function rightsIn(
  me: Me,
  environment: EnvironmentName,
): { readonly deploy: boolean; readonly preview: boolean; readonly destroy: boolean } {
  const has = (permission: string): boolean => me.permissions.includes(permission);
  const isOneOf = (...roles: readonly string[]): boolean => me.roles.some((role) => roles.includes(role));
  return {
    preview: has('deployments:validate') || has('deployments:preview'),
    deploy: has('deployments:deploy') && (environment !== 'prod' || isOneOf('admin', 'operator')),
    destroy: has('deployments:destroy') && (environment !== 'prod' || isOneOf('admin')),
  };
}
