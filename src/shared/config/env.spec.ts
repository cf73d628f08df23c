import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../kernel/paths.js';
import { ENV } from './env.js';

const TOOLS_ONLY = ['MONGOD_BINARY', 'XDG_CACHE_HOME', 'XDG_DATA_HOME'];
const lines = readFileSync(join(PROJECT_ROOT, '.env.example'), 'utf8').split('\n');
/** Name → what stands behind the sign. */
const shown = new Map(
  lines.flatMap((line) => {
    const match = /^#([A-Z][A-Z0-9_]*)=(.*)$/.exec(line);
    return match ? [[match[1] ?? '', match[2] ?? ''] as const] : [];
  }),
);
const names = Object.keys(ENV.shape) as (keyof typeof ENV.shape)[];

describe('.env.example', () => {
  it.each(names)('shows %s with its default', (name) => {
    expect([...shown.keys()]).toContain(name);
    const rule = ENV.shape[name];
    const text = shown.get(name);
    const whenUnset = rule.safeParse(undefined);
    const whenShown = rule.safeParse(text === '' ? undefined : text);
    expect(whenShown).toEqual(whenUnset);
    const hasDefault = whenUnset.success && whenUnset.data !== undefined && String(whenUnset.data) !== '';
    expect(text === '').toBe(!hasDefault);
  });

  it.each([...shown.keys()])('says what %s does', (name) => {
    const line = lines.findIndex((text) => text.startsWith(`#${name}=`));
    expect(lines[line - 1]).toMatch(/^# \S.*/);
  });

  it('names nothing that the server and the tools do not know', () => {
    const unknown = [...shown.keys()].filter((name) => !(name in ENV.shape) && !TOOLS_ONLY.includes(name));
    expect(unknown).toEqual([]);
  });
});
