import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';
import { SPECS, specOf } from './catalogue.js';
import { INVOKES } from './invokes.js';
import { inputTable } from './resource-spec.js';

/** Arguments and outputs of a type as the SDK declares them. */
function declared(type: string): { inputs: string[]; required: string[]; outputs: string[] } {
  const path = type.split(':')[1] ?? '';
  const text = readFileSync(join(PROJECT_ROOT, 'node_modules/@pulumi/aws', `${path}.d.ts`), 'utf8');
  const args = /export interface \w+Args \{([\s\S]*?)\n\}/.exec(text)?.[1] ?? '';
  const body = /export declare class \w+ extends[\s\S]*?\n\}/.exec(text)?.[0] ?? '';
  return {
    inputs: Array.from(args.matchAll(/^ {4}(\w+)\??:/gm), (match) => match[1] ?? '').sort(),
    required: Array.from(args.matchAll(/^ {4}(\w+):/gm), (match) => match[1] ?? '').sort(),
    outputs: Array.from(body.matchAll(/^ {4}readonly (\w+): pulumi\.Output</gm), (match) => match[1] ?? '').sort(),
  };
}

describe('catalogue', () => {
  it.each([...SPECS.keys()])('names arguments and outputs of %s as the SDK does', (type) => {
    const spec = specOf(type);
    const table = inputTable(spec);
    const { inputs, required, outputs } = declared(type);
    expect(Object.keys(table).sort()).toEqual(inputs);
    const needed = Object.keys(table).filter((key) => table[key]?.required);
    expect(required.filter((key) => !needed.includes(key))).toEqual([]);
    const computed = [...spec.outputs, ...(spec.taggable ? ['tagsAll'] : [])];
    expect([...new Set([...Object.keys(table), ...computed])].sort()).toEqual(outputs);
  });

  it.each([...INVOKES.keys()])('knows only arguments of %s that the SDK has', (token) => {
    const path = (token.split(':')[1] ?? '').replace(/^index\//, '');
    const text = readFileSync(join(PROJECT_ROOT, 'node_modules/@pulumi/aws', `${path}.d.ts`), 'utf8');
    for (const argument of INVOKES.get(token)?.args ?? [])
      expect(text).toMatch(new RegExp(`^ {4}${argument}\\??: `, 'm'));
  });

  it('refuses a type it does not know by name', () => {
    expect(() => specOf('aws:nope/thing:Thing')).toThrow('does not know the resource type aws:nope/thing:Thing');
  });
});
