import * as pulumi from '@pulumi/pulumi';

/** Where a value came from, in Pulumi's own spelling: `<stack>:<key>`. */
export type ConfigKey = `${string}:${string}`;

/**
 * A parameter that the program refuses. Thrown before the first resource is registered.
 * A RunError: Pulumi prints its message without a stack trace.
 */
export class InvalidInput extends pulumi.RunError {
  readonly stackName: string;
  readonly key: string;

  /** `value` undefined: the key is missing. */
  constructor(
    where: ConfigKey,
    readonly value: unknown,
    readonly rule: string,
  ) {
    const [stack = '', key = ''] = where.split(':', 2);
    super(
      value === undefined
        ? `${stack}: ${key} is missing: ${rule}`
        : `${stack}: ${key} = ${JSON.stringify(value)} is refused: ${rule}`,
    );
    this.stackName = stack;
    this.key = key;
  }
}

/** Every `assert…` returns the value it has accepted. @throws InvalidInput naming stack, key, value and rule */
export function assertThat<T>(where: ConfigKey, value: T, holds: boolean, rule: string): T {
  if (!holds) throw new InvalidInput(where, value, rule);
  return value;
}

export function assertOneOf<const T extends string | number>(
  where: ConfigKey,
  value: string | number,
  allowed: readonly T[],
): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new InvalidInput(where, value, `expected one of ${allowed.join(', ')}`);
  return found;
}

/** Whole numbers from `minimum` to `maximum`, both included. */
export function assertRange(where: ConfigKey, value: number, minimum: number, maximum: number): number {
  return assertThat(
    where,
    value,
    Number.isInteger(value) && value >= minimum && value <= maximum,
    `expected a whole number from ${minimum} to ${maximum}`,
  );
}

export function assertMatches(where: ConfigKey, value: string, pattern: RegExp, rule: string): string {
  return assertThat(where, value, pattern.test(value), rule);
}

const FQDN = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/i;

/** A fully qualified domain name of two labels or more, without the closing dot; returned in lower case. */
export function assertFqdn(where: ConfigKey, value: string): string {
  return assertMatches(
    where,
    value,
    FQDN,
    'expected a domain name of at least two labels, like shop.example.com',
  ).toLowerCase();
}

export interface Cidr {
  /** First address as an unsigned 32-bit number. */
  readonly base: number;
  readonly prefix: number;
}

/** Reads `a.b.c.d/n`; null when it is no IPv4 block or has host bits set. */
export function parseCidr(text: string): Cidr | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (!match) return null;
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = match.slice(1).map(Number);
  if (prefix > 32 || [a, b, c, d].some((octet) => octet > 255)) return null;
  const base = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  return base % 2 ** (32 - prefix) === 0 ? { base, prefix } : null;
}

const PRIVATE_BLOCKS = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].map((text) => parseCidr(text) as Cidr);

const holds = (outer: Cidr, inner: Cidr): boolean =>
  inner.prefix >= outer.prefix && inner.base >= outer.base && inner.base < outer.base + 2 ** (32 - outer.prefix);

export interface CidrRule {
  readonly minPrefix?: number;
  readonly maxPrefix?: number;
  /** Inside the private ranges of RFC 1918. */
  readonly privateOnly?: boolean;
}

/** An IPv4 block given by its network address, like 10.0.0.0/16. */
export function assertCidr(where: ConfigKey, value: string, rule: CidrRule = {}): string {
  const { minPrefix = 0, maxPrefix = 32, privateOnly = false } = rule;
  const cidr = parseCidr(value);
  if (!cidr) throw new InvalidInput(where, value, 'expected the network address of an IPv4 block, like 10.0.0.0/16');
  assertThat(
    where,
    value,
    cidr.prefix >= minPrefix && cidr.prefix <= maxPrefix,
    `expected a prefix from /${minPrefix} to /${maxPrefix}`,
  );
  if (privateOnly) {
    assertThat(
      where,
      value,
      PRIVATE_BLOCKS.some((block) => holds(block, cidr)),
      'expected a private block (RFC 1918: 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16)',
    );
  }
  return value;
}

/** What a secret looks like, by its name for people. */
const SECRETS: readonly (readonly [string, RegExp])[] = [
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ['an AWS access key', /\b(AKIA|ASIA)[0-9A-Z]{16}\b/],
  ['an AWS secret key', /aws_?secret_?access_?key["']?\s*[:=]\s*["']?[A-Za-z0-9/+]{40}/i],
  ['a GitHub token', /\bgh[pousr]_[A-Za-z0-9]{36,}/],
  ['a Slack token', /\bxox[abprs]-[A-Za-z0-9-]{10,}/],
  ['a signed token', /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\./],
  ['credentials in an address', /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@$]+:[^\s/@$]+@/i],
  // A value that begins with $ or < is read at run time and not written here.
  ['a password', /\b[\w-]*(password|passwd|pwd|secret|token|api[_-]?key)["']?\s*[:=]\s*["']?[^\s"'$<]{6,}/i],
];

/** Refuses text that holds what looks like a secret (stacks.md B4); the message tells the line and not the text. */
export function assertNoSecret(where: ConfigKey, text: string): string {
  for (const [index, line] of text.split('\n').entries()) {
    const [kind] = SECRETS.find(([, pattern]) => pattern.test(line)) ?? [];
    if (kind) throw new InvalidInput(where, '(not shown)', `line ${index + 1} holds what looks like ${kind}`);
  }
  return text;
}

/** Refuses a block that means "everyone", however it is written (0.0.0.0/0, ::/0, 10.0.0.0/0). */
export function assertNoOpenCidr(where: ConfigKey, value: string): string {
  return assertThat(where, value, !value.endsWith('/0'), 'open to the whole internet');
}

/** Memory sizes in MiB by CPU units. Source: "Task CPU and memory" of the ECS developer guide. */
const FARGATE_MEMORY: Readonly<Record<number, readonly number[]>> = {
  256: [512, 1024, 2048],
  512: steps(1024, 4096, 1024),
  1024: steps(2048, 8192, 1024),
  2048: steps(4096, 16_384, 1024),
  4096: steps(8192, 30_720, 1024),
  8192: steps(16_384, 61_440, 4096),
  16_384: steps(32_768, 122_880, 8192),
};

function steps(from: number, to: number, by: number): number[] {
  return Array.from({ length: (to - from) / by + 1 }, (_, i) => from + i * by);
}

/** A pair of CPU units and MiB that Fargate offers; `where` is the key of `memory`. */
export function assertFargateSize(where: ConfigKey, cpu: number, memory: number): void {
  const offered = FARGATE_MEMORY[cpu];
  const [stack] = where.split(':', 1);
  if (!offered) {
    const sizes = Object.keys(FARGATE_MEMORY).join(', ');
    throw new InvalidInput(`${stack}:cpu`, cpu, `Fargate offers ${sizes} CPU units`);
  }
  assertThat(
    where,
    memory,
    offered.includes(memory),
    `with ${cpu} CPU units Fargate offers ${offered.length > 3 ? `${offered[0]} to ${offered.at(-1)} MiB in steps of ${offered[1]! - offered[0]!}` : `${offered.join(', ')} MiB`}`,
  );
}

/** A list of different kebab-case names, each of at most `longest` characters. */
export function assertNames(
  where: ConfigKey,
  names: readonly string[],
  { least, most, longest = 63 }: { readonly least: number; readonly most: number; readonly longest?: number },
): readonly string[] {
  assertThat(where, names, names.length >= least && names.length <= most, `expected ${least} to ${most} names`);
  for (const name of names) {
    const isName = name.length <= longest && /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name);
    assertThat(where, name, isName, `expected kebab-case of at most ${longest} characters`);
  }
  return assertThat(where, names, new Set(names).size === names.length, 'each name once');
}
