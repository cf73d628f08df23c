import type { LogLine } from '../../../shared/events/event-line.js';

/** `YYYY-MM-DD HH:mm:ss`, UTC. */
function stamped(at: Date): string {
  return at.toISOString().slice(0, 19).replace('T', ' ');
}

/**
 * A line as it stands in files, with its line break (api.md 6.4): `[YYYY-MM-DD HH:mm:ss] [LEVEL] [component] message`, UTC.
 * Further lines of a message repeat what stands before it, so that every line can be filtered.
 */
export function textOf({
  timestamp,
  level,
  component,
  message,
}: Pick<LogLine, 'level' | 'component' | 'message'> & { readonly timestamp: Date }): string {
  const head = `[${stamped(timestamp)}] [${level.toUpperCase()}] [${component}] `;
  return message
    .split(/\r\n|\r|\n/)
    .map((row) => `${head}${row}\n`)
    .join('');
}
