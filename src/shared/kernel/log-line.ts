/** What must not leave in a log line, whoever put it there (sessions.md 15). */
const RULES: readonly (readonly [RegExp, string])[] = [
  // values of keys that name a secret
  [
    /"([^"\\]*(?:token|secret|password|passphrase|api[_-]?key|authorization)[^"\\]*)":"(?:[^"\\]|\\.)*"/gi,
    '"$1":"***"',
  ],
  // tokens
  [/\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+/g, '***'],
  // user:password in URLs
  [/:\/\/[^\s/:@"]+:[^\s/@"]+@/g, '://***@'],
  // access keys of AWS
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, '***'],
];
/** Cheap sign that one of the rules may have something to do. */
const SUSPECT = /token|secret|pass|api[_-]?key|authorization|eyJ|:\/\/|AKIA|ASIA/i;

/** The line without secrets. */
export function redacted(line: string): string {
  if (!SUSPECT.test(line)) return line;
  return RULES.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), line);
}

/** LOG_FORMAT=pretty: time, level, message, fields. */
export function prettyLine(line: string): string {
  const { timestamp, level, message, context } = JSON.parse(line) as {
    timestamp: string;
    level: string;
    message: string;
    context?: Readonly<Record<string, unknown>>;
  };
  const { module, event: _sameAsMessage, error, ...fields } = context ?? {};
  const { stack } = (error ?? {}) as { stack?: string };
  const rest = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${timestamp.slice(11, 23)} ${level.padEnd(5)} ${String(module)}: ${[message, ...rest].join(' ')}${
    stack ? `\n${stack}` : error ? ` error=${JSON.stringify(error)}` : ''
  }\n`;
}
