/**
 * Grammar of runtime placeholders (deployments.md 5.1 to 5.3).
 * 1. A text is cut into literals and placeholders; `\{{` and `$${` are literal `{{` and `${`.
 * 2. Every spelling is read into one query and one canonical text, so aliases share cache entries and fingerprints.
 * 3. What looks like a placeholder and is none is a problem: PH-001 (syntax), PH-002 (unknown query or parameter count),
 *    PH-W01 (old spelling `{{a.b}}`). `${word}` and `{{word}}` without dot or colon are not placeholders.
 */

export type ContextFact =
  | 'deployment.id'
  | 'deployment.org'
  | 'deployment.project'
  | 'deployment.domain'
  | 'env.name'
  | 'env.region'
  | 'env.accountId';

export type TimestampFormat = 'iso8601' | 'unix' | 'date';

/** What a placeholder asks for. Ranges of numbers are checked when it is resolved (PH-010 to PH-014). */
export type Query =
  | { readonly kind: 'environmentKey'; readonly key: string }
  | { readonly kind: 'context'; readonly fact: ContextFact }
  | { readonly kind: 'processVariable'; readonly name: string }
  | { readonly kind: 'latestImage'; readonly os: string; readonly architecture: string; readonly region?: string }
  | { readonly kind: 'availabilityZones'; readonly region?: string; readonly count?: number }
  | { readonly kind: 'parameter'; readonly path: string }
  | { readonly kind: 'secret'; readonly id: string; readonly jsonKey?: string }
  | { readonly kind: 'hostedZone'; readonly domain: string }
  | { readonly kind: 'certificate'; readonly domain: string }
  | { readonly kind: 'defaultVpc' }
  | { readonly kind: 'accountId' }
  | { readonly kind: 'region' }
  | { readonly kind: 'subnets'; readonly cidr: string; readonly prefix: number; readonly count: number }
  | { readonly kind: 'timestamp'; readonly format: TimestampFormat }
  | { readonly kind: 'randomPassword'; readonly length: number }
  | { readonly kind: 'uuid' }
  | { readonly kind: 'output'; readonly stack: string; readonly output: string };

export interface Placeholder {
  /** As written. */
  readonly text: string;
  /** `{{RUNTIME:network:vpcId}}`; for `ENV` keys `{{ENV:key}}`, for facts `${env.name}`. */
  readonly canonical: string;
  readonly query: Query;
  /** Written in the old form `{{a.b}}` (PH-W01). */
  readonly deprecated: boolean;
}

export interface PlaceholderProblem {
  readonly ruleId: 'PH-001' | 'PH-002' | 'PH-W01';
  /** Code of deployments.md 8.4. */
  readonly code: 'PLACEHOLDER_SYNTAX' | 'PLACEHOLDER_PARAMS' | 'PLACEHOLDER_DEPRECATED';
  /** The placeholder as written. */
  readonly text: string;
  readonly message: string;
}

export type Segment = { readonly literal: string } | { readonly placeholder: Placeholder };

export interface ParsedText {
  /** Literals have their escapes removed; a broken placeholder stays as a literal. */
  readonly segments: readonly Segment[];
  readonly problems: readonly PlaceholderProblem[];
}

/** A placeholder or problem and where it stands, e.g. `subnets[0].cidr`; '' is the value itself. */
export interface Located<T> {
  readonly path: string;
  readonly item: T;
}

/** Longest text or parameter, in characters. */
const MAX_LENGTH = 512;
const SEGMENT = /^[A-Za-z0-9_-]+$/;
const DOTTED = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$/;
/** After these the rest of the dotted form is taken as it stands. */
const VERBATIM = /^(aws\.ssm)[./](.+)$|^(aws\.secret)\.(.+)$/s;
const TYPED = /^([A-Z]+):(.*)$/s;
const PROCESS_VARIABLE = /^[A-Z_][A-Z0-9_]*$/;
const TOKEN = /\\\{\{|\$\$\{|\{\{|\$\{/g;

const FACTS: Readonly<Record<string, ContextFact>> = {
  'deployment.id': 'deployment.id',
  'deployment.org': 'deployment.org',
  'deployment.project': 'deployment.project',
  'deployment.domain': 'deployment.domain',
  'env.name': 'env.name',
  'env.environment': 'env.name',
  'env.region': 'env.region',
  'env.account_id': 'env.accountId',
  'env.accountId': 'env.accountId',
};

type Read = Placeholder | PlaceholderProblem | null;

/** Steps 1 to 3 for one text. */
export function parseText(text: string): ParsedText {
  const segments: Segment[] = [];
  const problems: PlaceholderProblem[] = [];
  let literal = '';
  let at = 0;
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    literal += text.slice(at, match.index);
    at = TOKEN.lastIndex;
    const token = match[0];
    if (token === '\\{{' || token === '$${') {
      literal += token.slice(1);
      continue;
    }
    const close = token === '{{' ? '}}' : '}';
    const end = text.indexOf(close, at);
    const body = end < 0 ? text.slice(at) : text.slice(at, end);
    const read = end < 0 ? readUnclosed(token, body) : token === '{{' ? readBraces(body) : readDollar(body);
    if (read === null || 'ruleId' in read) {
      if (read) problems.push(read);
      literal += token;
      continue;
    }
    if (read.deprecated) problems.push(deprecated(read));
    if (literal) segments.push({ literal });
    literal = '';
    segments.push({ placeholder: read });
    at = end + close.length;
    TOKEN.lastIndex = at;
  }
  literal += text.slice(at);
  if (literal || segments.length === 0) segments.push({ literal });
  return { segments, problems };
}

/** The placeholder when the whole value is one, white space around it ignored (5.4). */
export function wholePlaceholder(segments: readonly Segment[]): Placeholder | null {
  const found = segments.filter((segment) => 'placeholder' in segment);
  const rest = segments.filter((segment) => 'literal' in segment).map((segment) => segment.literal);
  return found.length === 1 && found[0] && rest.every((text) => text.trim() === '') ? found[0].placeholder : null;
}

/** Every placeholder in a value, objects and arrays walked, keys not. */
export function findPlaceholders(value: unknown, path = ''): Located<Placeholder>[] {
  return walkTexts(value, path).flatMap(({ path: place, item }) =>
    parseText(item).segments.flatMap((segment) =>
      'placeholder' in segment ? [{ path: place, item: segment.placeholder }] : [],
    ),
  );
}

export function findProblems(value: unknown, path = ''): Located<PlaceholderProblem>[] {
  return walkTexts(value, path).flatMap(({ path: place, item }) =>
    parseText(item).problems.map((problem) => ({ path: place, item: problem })),
  );
}

/** Stacks whose outputs a configuration reads, sorted: its implicit dependencies (6.1). */
export function referencedStacks(config: unknown): string[] {
  const names = findPlaceholders(config).flatMap(({ item }) =>
    item.query.kind === 'output' ? [item.query.stack] : [],
  );
  return [...new Set(names)].sort();
}

/** Path of a member: `a` + `b` → `a.b`, `a` + 0 → `a[0]`. */
export function childPath(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  return path === '' ? key : `${path}.${key}`;
}

function walkTexts(value: unknown, path: string): Located<string>[] {
  if (typeof value === 'string') return value.includes('{') ? [{ path, item: value }] : [];
  if (Array.isArray(value)) return value.flatMap((member, index) => walkTexts(member, childPath(path, index)));
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, member]) => walkTexts(member, childPath(path, key)));
}

function readUnclosed(token: string, body: string): Read {
  if (token !== '{{' || !/^\s*[A-Z]+:/.test(body)) return null;
  return syntax(`{{${body}`, 'is not closed with }}');
}

function readBraces(body: string): Read {
  const text = `{{${body}}}`;
  const inner = body.trim();
  const typed = TYPED.exec(inner);
  if (!typed) return DOTTED.test(inner) || VERBATIM.test(inner) ? readDotted(text, inner, true) : null;
  const [, word = '', rest = ''] = typed;
  if (/[{}]/.test(rest)) return syntax(text, 'may not contain { or }: placeholders do not nest');
  if (rest === '' || rest.length > MAX_LENGTH)
    return syntax(text, `needs 1 to ${MAX_LENGTH} characters after ${word}:`);
  switch (word) {
    case 'RUNTIME':
      return readRuntime(text, rest.split(':'));
    case 'ENV':
      return placeholder(text, `{{ENV:${rest}}}`, { kind: 'environmentKey', key: rest });
    case 'SECRET':
      return readSecret(text, rest);
    case 'AWS':
      return readAwsAlias(text, rest.split(':'));
    default:
      return syntax(text, `starts with ${word}, known are RUNTIME, ENV, AWS and SECRET`);
  }
}

function readDollar(body: string): Read {
  const inner = body.trim();
  if (inner.length > MAX_LENGTH || !(DOTTED.test(inner) || VERBATIM.test(inner)) || /[{}]/.test(inner)) return null;
  return readDotted(`\${${body}}`, inner, false);
}

/** `{{RUNTIME:head:param…}}`. */
function readRuntime(text: string, parts: readonly string[]): Read {
  const [head = '', ...params] = parts;
  if (params.length === 0) return wrongParameters(text, `"${head}" needs a parameter`);
  const joined = params.slice(1).join(':');
  if (head === 'aws' && params[0] === 'ssmParameter') return readParameter(text, joined);
  if (head === 'aws' && params[0] === 'secret') return readSecret(text, joined);
  const long = params.some((param) => param.length > MAX_LENGTH);
  if (long || params.some((param) => param === '')) {
    return syntax(text, `has ${long ? 'a too long' : 'an empty'} parameter`);
  }
  switch (head) {
    case 'aws':
      return readAws(text, params);
    case 'calculate':
      return readCalculation(text, params);
    case 'env':
      return params.length === 1
        ? readProcessVariable(text, params[0] ?? '')
        : wrongParameters(text, 'env takes one name');
    default:
      if (!SEGMENT.test(head)) return syntax(text, `"${head}" is not a stack name`);
      if (params.length !== 1) return wrongParameters(text, 'a stack output takes one name after the stack');
      return readOutput(text, head, params[0] ?? '');
  }
}

/** `${a.b.c}` and `{{a.b.c}}`. */
function readDotted(text: string, inner: string, old: boolean): Read {
  const read = readDottedQuery(text, inner);
  return read && 'query' in read ? { ...read, deprecated: old } : read;
}

function readDottedQuery(text: string, inner: string): Read {
  const verbatim = VERBATIM.exec(inner);
  if (verbatim?.[1]) return readParameter(text, verbatim[2] ?? '');
  if (verbatim?.[3]) return readSecret(text, verbatim[4] ?? '');
  const fact = FACTS[inner];
  if (fact) return placeholder(text, `\${${fact}}`, { kind: 'context', fact });
  const [head = '', ...rest] = inner.split('.');
  switch (head) {
    case 'aws':
      return readAws(text, rest[0] === 'latestAmi' ? ['latestAmiId', ...rest.slice(1)] : rest);
    case 'calculate':
      return rest[0] === 'subnets'
        ? wrongParameters(text, 'subnets is written {{RUNTIME:calculate:subnets:<cidr>:<prefix>:<count>}}')
        : readCalculation(text, rest);
    case 'env':
      return rest.length === 1 && PROCESS_VARIABLE.test(rest[0] ?? '')
        ? readProcessVariable(text, rest[0] ?? '')
        : wrongParameters(text, `"${inner}" is not a fact of the environment: name, environment, region, accountId`);
    case 'deployment':
      return wrongParameters(text, `"${inner}" is not a fact of the deployment: id, org, project, domain`);
    case 'stack':
      return rest.length < 2
        ? wrongParameters(text, 'stack needs a name and an output')
        : readOutput(text, rest[0] ?? '', rest.slice(1).join('.'));
    default:
      return readOutput(text, head, rest.join('.'));
  }
}

function readAwsAlias(text: string, parts: readonly string[]): Read {
  const [service = '', ...params] = parts;
  const names: Readonly<Record<string, string>> = { route53: 'hostedZone', acm: 'certificate' };
  const query = names[service];
  if (!query) return wrongParameters(text, `"${service}" is unknown, known are route53 and acm`);
  return readAws(text, [query, ...(params[0] === query ? params.slice(1) : params)]);
}

function readAws(text: string, parts: readonly string[]): Read {
  const [query = '', ...params] = parts;
  const canonical = `{{RUNTIME:aws:${parts.join(':')}}}`;
  const [first, second, third] = params;
  switch (query) {
    case 'latestAmiId':
      if (first === undefined || params.length > 3)
        return wrongParameters(text, 'latestAmiId takes os, architecture, region');
      return placeholder(
        text,
        `{{RUNTIME:aws:latestAmiId:${[first, second ?? 'x86_64', ...(third ? [third] : [])].join(':')}}}`,
        { kind: 'latestImage', os: first, architecture: second ?? 'x86_64', ...(third ? { region: third } : {}) },
      );
    case 'availabilityZones':
      return readZones(text, canonical, params);
    case 'hostedZone':
    case 'certificate':
      if (first === undefined || params.length > 1) return wrongParameters(text, `${query} takes one domain`);
      return placeholder(text, canonical, { kind: query, domain: first });
    case 'vpc':
      return params.length === 1 && first === 'default'
        ? placeholder(text, canonical, { kind: 'defaultVpc' })
        : wrongParameters(text, 'vpc is asked as vpc:default');
    case 'account':
      return params.length === 1 && first === 'id'
        ? placeholder(text, canonical, { kind: 'accountId' })
        : wrongParameters(text, 'account is asked as account:id');
    case 'region':
      return params.length === 1 && first === 'current'
        ? placeholder(text, canonical, { kind: 'region' })
        : wrongParameters(text, 'region is asked as region:current');
    default:
      return wrongParameters(text, `"${query}" is not a query of aws`);
  }
}

function readZones(text: string, canonical: string, params: readonly string[]): Read {
  const [first, second] = params;
  const lastIsCount = /^\d+$/.test(params.at(-1) ?? '');
  if (params.length > 2 || (params.length === 2 && (!lastIsCount || /^\d+$/.test(first ?? '')))) {
    return wrongParameters(text, 'availabilityZones takes a region, a count or both');
  }
  const region = params.length === 2 || !lastIsCount ? first : undefined;
  const count = lastIsCount ? Number(second ?? first) : undefined;
  return placeholder(text, canonical, {
    kind: 'availabilityZones',
    ...(region === undefined ? {} : { region }),
    ...(count === undefined ? {} : { count }),
  });
}

function readCalculation(text: string, parts: readonly string[]): Read {
  const [name = '', ...params] = parts;
  const [first, second, third] = params;
  switch (name) {
    case 'subnets': {
      const numbers = params.length === 3 && [second, third].every((param) => /^\d+$/.test(param ?? ''));
      if (!numbers || first === undefined) return wrongParameters(text, 'subnets takes cidr, prefix, count');
      return placeholder(text, `{{RUNTIME:calculate:${parts.join(':')}}}`, {
        kind: 'subnets',
        cidr: first,
        prefix: Number(second),
        count: Number(third),
      });
    }
    case 'timestamp': {
      const format = (first ?? 'iso8601') as TimestampFormat;
      if (params.length > 1 || !['iso8601', 'unix', 'date'].includes(format)) {
        return wrongParameters(text, 'timestamp takes iso8601, unix or date');
      }
      return placeholder(text, `{{RUNTIME:calculate:timestamp:${format}}}`, { kind: 'timestamp', format });
    }
    case 'randomPassword':
    case 'password':
      if (params.length > 1 || !/^\d+$/.test(first ?? '32'))
        return wrongParameters(text, 'randomPassword takes a length');
      return placeholder(text, `{{RUNTIME:calculate:randomPassword:${Number(first ?? 32)}}}`, {
        kind: 'randomPassword',
        length: Number(first ?? 32),
      });
    case 'uuid':
      return params.length === 0
        ? placeholder(text, '{{RUNTIME:calculate:uuid}}', { kind: 'uuid' })
        : wrongParameters(text, 'uuid takes no parameter');
    default:
      return wrongParameters(text, `"${name}" is not a calculation`);
  }
}

function readParameter(text: string, path: string): Read {
  if (path === '' || path.length > MAX_LENGTH) return wrongParameters(text, 'ssmParameter takes a path');
  return placeholder(text, `{{RUNTIME:aws:ssmParameter:${path}}}`, { kind: 'parameter', path });
}

function readSecret(text: string, rest: string): Read {
  const at = rest.indexOf('#');
  const id = at < 0 ? rest : rest.slice(0, at);
  const jsonKey = at < 0 ? undefined : rest.slice(at + 1);
  if (id === '' || jsonKey === '' || rest.length > MAX_LENGTH) {
    return wrongParameters(text, 'secret takes an id, or an id and a member as id#member');
  }
  return placeholder(text, `{{RUNTIME:aws:secret:${rest}}}`, {
    kind: 'secret',
    id,
    ...(jsonKey === undefined ? {} : { jsonKey }),
  });
}

function readProcessVariable(text: string, name: string): Read {
  if (!PROCESS_VARIABLE.test(name)) return wrongParameters(text, `"${name}" is not the name of a process variable`);
  return placeholder(text, `{{RUNTIME:env:${name}}}`, { kind: 'processVariable', name });
}

function readOutput(text: string, stack: string, output: string): Read {
  return placeholder(text, `{{RUNTIME:${stack}:${output}}}`, { kind: 'output', stack, output });
}

function placeholder(text: string, canonical: string, query: Query): Placeholder {
  return { text, canonical, query, deprecated: false };
}

function syntax(text: string, why: string): PlaceholderProblem {
  return { ruleId: 'PH-001', code: 'PLACEHOLDER_SYNTAX', text, message: `Placeholder ${text} ${why}` };
}

function wrongParameters(text: string, why: string): PlaceholderProblem {
  return { ruleId: 'PH-002', code: 'PLACEHOLDER_PARAMS', text, message: `Placeholder ${text}: ${why}` };
}

function deprecated(item: Placeholder): PlaceholderProblem {
  return {
    ruleId: 'PH-W01',
    code: 'PLACEHOLDER_DEPRECATED',
    text: item.text,
    message: `Placeholder ${item.text} is the old spelling of ${item.canonical}`,
  };
}
