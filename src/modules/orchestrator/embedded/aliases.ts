import { makeUrn, parseUrn } from './urn.js';

/** A former name of a resource: a whole URN, or what was different then; absent parts are as they are now. */
export type Alias =
  | { readonly urn: string }
  | {
      readonly name?: string;
      readonly type?: string;
      readonly stack?: string;
      readonly project?: string;
      /** Empty = it had no parent but the stack. */
      readonly parent?: string;
    };

export interface AliasedResource {
  readonly name: string;
  readonly type: string;
  readonly stack: string;
  readonly project: string;
  /** URN; empty for none. */
  readonly parent: string;
  /** URNs that the parent may have had before, its own aliases included. */
  readonly parentAliases: readonly string[];
}

/**
 * All URNs under which the resource may be found in the old state, most likely first: its own aliases, then its present
 * name under each former parent, then both together. A child named after its parent (`app-bucket` of `app`) had the
 * parent's former name as prefix.
 */
export function aliasUrns(resource: AliasedResource, aliases: readonly Alias[]): string[] {
  const present = makeUrn(resource.stack, resource.project, resource.parent, resource.type, resource.name);
  const own = aliases.map((alias) => {
    if ('urn' in alias) return alias.urn;
    return makeUrn(
      alias.stack ?? resource.stack,
      alias.project ?? resource.project,
      alias.parent ?? resource.parent,
      alias.type ?? resource.type,
      alias.name ?? resource.name,
    );
  });
  const parentName = resource.parent === '' ? '' : parseUrn(resource.parent).name;
  const inherited = resource.parentAliases.flatMap((parent) =>
    [present, ...own].map((urn) => {
      const { stack, project, qualifiedType, name } = parseUrn(urn);
      const former = name.startsWith(parentName) ? parseUrn(parent).name + name.slice(parentName.length) : name;
      return makeUrn(stack, project, parent, qualifiedType.split('$').at(-1) ?? resource.type, former);
    }),
  );
  return [...new Set([...own, ...inherited])].filter((urn) => urn !== present);
}
