/** Pulumi's resource names: `urn:pulumi:<stack>::<project>::<parentType>$<type>::<name>`. */
export const ROOT_STACK_TYPE = 'pulumi:pulumi:Stack';
export const PROVIDER_TYPE_PREFIX = 'pulumi:providers:';

export interface UrnParts {
  readonly stack: string;
  readonly project: string;
  /** With the types of its parents, joined by `$`. */
  readonly qualifiedType: string;
  readonly name: string;
}

/** @param parent URN of the parent; empty or the root stack adds nothing to the type */
export function makeUrn(stack: string, project: string, parent: string, type: string, name: string): string {
  const parentType = parent === '' ? '' : parseUrn(parent).qualifiedType;
  const qualified = parentType === '' || parentType === ROOT_STACK_TYPE ? type : `${parentType}$${type}`;
  return `urn:pulumi:${stack}::${project}::${qualified}::${name}`;
}

export function parseUrn(urn: string): UrnParts {
  const [head = '', project = '', qualifiedType = '', ...name] = urn.split('::');
  return { stack: head.slice('urn:pulumi:'.length), project, qualifiedType, name: name.join('::') };
}

export function nameOf(urn: string): string {
  return parseUrn(urn).name;
}

/** Package of a type token: `aws` of `aws:ec2/vpc:Vpc`; of a provider's own type the package it serves. */
export function packageOf(type: string): string {
  return type.startsWith(PROVIDER_TYPE_PREFIX) ? type.slice(PROVIDER_TYPE_PREFIX.length) : (type.split(':')[0] ?? '');
}

export function isProviderType(type: string): boolean {
  return type.startsWith(PROVIDER_TYPE_PREFIX);
}
