import { type ParameterType } from '../templates/parameter.js';
import { afterBracket, blank, depthAt, parts } from './code-text.js';

/**
 * Inputs and outputs of a program, read from its source without running it (deployments.md 12.1).
 * 1. Reads of configuration: `config.require("x")` and its relatives on an object made by `new pulumi.Config(…)`, and the typed
 *    readers of `stacks/shared` (`read.requireString("x")`). What a called function of `stacks/shared` reads counts too.
 * 2. Exports: `export const x = …`, or the object that `export = …` gives out, followed through the functions that build it.
 * 3. A name that is read twice is one input; the first read says what it is.
 */

export interface SourceText {
  /** For messages: path below STACKS_ROOT. */
  readonly path: string;
  readonly text: string;
}

export interface ProgramSource {
  readonly main: SourceText;
  /** Other files of the stack, tests left out. */
  readonly own: readonly SourceText[];
  /** `stacks/shared`. */
  readonly shared: readonly SourceText[];
}

export interface CodeInput {
  readonly name: string;
  readonly type: ParameterType;
  readonly required: boolean;
  readonly secret: boolean;
  readonly default?: string | number | boolean;
  readonly description?: string;
}

export interface CodeOutput {
  readonly name: string;
  /** null: the code does not tell without its types. */
  readonly type: ParameterType | null;
  readonly secret: boolean;
}

export interface CodeParameters {
  readonly inputs: readonly CodeInput[];
  readonly outputs: readonly CodeOutput[];
  /** Exports that could not be followed to their names: `outputs` may lack some. */
  readonly unclear: readonly string[];
}

interface Module {
  readonly path: string;
  readonly text: string;
  /** `text` without strings and comments, at the same positions. */
  readonly code: string;
}

const TYPES: Readonly<Record<string, ParameterType>> = {
  '': 'string',
  String: 'string',
  Output: 'string',
  Text: 'string',
  Number: 'number',
  Boolean: 'boolean',
  Bool: 'boolean',
  Array: 'array',
  Objects: 'array',
  Object: 'object',
  Map: 'object',
};
const READ =
  /(?<receiver>\b[A-Za-z_$][\w$]*|\))\s*\.(?<verb>require|get|opt)(?<secret>Secret)?(?<kind>String|Output|Text|Number|Boolean|Bool|Array|Objects|Object|Map)?\s*(?:<(?<generic>[^()]*?)>)?\(\s*(?<quote>['"`])(?<name>[A-Za-z_][\w.-]*)\k<quote>/g;
const CONFIG_OBJECT =
  /\b(?:const|let|var)\s+([\w$]+)(?:\s*:[^=]+?)?\s*=\s*(?:[\w$.]+\(\s*)?new\s+(?:[\w$]+\.)?Config\b/g;
const CONFIG_PARAMETER = /\b([\w$]+)\s*:\s*(?:pulumi\.Config|Config|InputReader)\b/g;
const LITERAL =
  /^(?:(['"`])(?<text>[^'"`]*)\1|(?<number>-?\d[\d_]*(?:\.\d+)?)|(?<flag>true|false))\s*(?=[;,)\]}\n]|\/\/|$)/;

export function readCodeParameters(source: ProgramSource): CodeParameters {
  const main = toModule(source.main);
  const own = source.own.map(toModule);
  const shared = source.shared.map(toModule);
  const files = [main, ...own];
  const reads = [
    ...files.flatMap((file) => readsIn(file, 0, file.code.length)),
    ...calledShared(files, shared).flatMap(({ file, from, to }) => readsIn(file, from, to)),
  ];
  const { outputs, unclear } = exportsOf(main, [...files, ...shared]);
  return { inputs: unique(reads), outputs: unique(outputs), unclear };
}

function toModule({ path, text }: SourceText): Module {
  return { path, text, code: blank(text) };
}

function unique<T extends { readonly name: string }>(items: readonly T[]): T[] {
  const found = new Map<string, T>();
  for (const item of items) if (!found.has(item.name)) found.set(item.name, item);
  return [...found.values()];
}

function readsIn(file: Module, from: number, to: number): CodeInput[] {
  const receivers = new Set(['config', ')']);
  for (const pattern of [CONFIG_OBJECT, CONFIG_PARAMETER]) {
    for (const match of file.code.matchAll(pattern)) receivers.add(match[1] ?? '');
  }
  return [...file.text.matchAll(READ)].flatMap((match): CodeInput[] => {
    const { receiver = '', verb = '', secret, kind = '', generic = '', name = '' } = match.groups ?? {};
    const dot = match.index + match[0].indexOf('.');
    if (dot < from || dot >= to || file.code[dot] !== '.' || !receivers.has(receiver)) return [];
    if (verb !== 'opt' && receiver === ')' && !/new\s+(?:[\w$]+\.)?Config\([^()]*\)$/.test(file.text.slice(0, dot))) {
      return [];
    }
    const open = file.code.indexOf('(', dot);
    const isList = kind === 'Object' && /\[\]\s*$|^\s*(Readonly)?Array\s*</.test(generic);
    const fallback = verb === 'require' ? undefined : defaultAt(file, open);
    const line = file.text.slice(open, indexOfLineEnd(file.text, afterBracket(file.code, open)));
    const note = /\/\/\s*(.+?)\s*$/.exec(line)?.[1];
    return [
      {
        name,
        type: isList ? 'array' : (TYPES[kind] ?? 'string'),
        required: verb === 'require',
        secret: secret !== undefined,
        ...(fallback === undefined ? {} : { default: fallback }),
        ...(note === undefined ? {} : { description: note }),
      },
    ];
  });
}

/** Second argument, or what follows `??` or `||`, where it is a literal. */
function defaultAt(file: Module, open: number): string | number | boolean | undefined {
  const [, second] = parts(file.code, open);
  const after = /^\s*(?:\?\?|\|\|)\s*/.exec(file.text.slice(afterBracket(file.code, open)));
  const text = second
    ? file.text.slice(second.from).trimStart()
    : after
      ? file.text.slice(afterBracket(file.code, open) + after[0].length)
      : undefined;
  const literal = text === undefined ? undefined : LITERAL.exec(text)?.groups;
  if (!literal) return undefined;
  if (literal['number'] !== undefined) return Number(literal['number'].replaceAll('_', ''));
  return literal['flag'] === undefined ? literal['text'] : literal['flag'] === 'true';
}

interface Range {
  readonly file: Module;
  readonly from: number;
  readonly to: number;
}
interface FoundFunction extends Range {
  /** Where its body opens. */
  readonly brace: number;
}

/** Bodies of the functions of `stacks/shared` that these files import and call, and of those called from there. */
function calledShared(files: readonly Module[], shared: readonly Module[]): Range[] {
  const found = new Map<string, Range>();
  const visit = ({ file, from, to }: Range, known: readonly Module[]): void => {
    const imported = importedNames(file);
    for (const match of file.code.slice(from, to).matchAll(/(?<![.\w$])([A-Za-z_$][\w$]*)\s*\(/g)) {
      const name = match[1] ?? '';
      if (found.has(name)) continue;
      const body = findFunction(name, imported.has(name) ? shared : known);
      if (!body) continue;
      found.set(name, body);
      visit(body, [body.file]);
    }
  };
  for (const file of files) visit({ file, from: 0, to: file.code.length }, []);
  return [...found.values()];
}

/** Names that a file imports, under the name it calls them by. */
function importedNames(file: Module): ReadonlySet<string> {
  const lists = [...file.code.matchAll(/\bimport\s+(?:type\s+)?\{([^}]*)\}/g)].map((match) => match[1] ?? '');
  return new Set(lists.flatMap((list) => list.split(',').map((part) => part.trim().split(/\s+/).at(-1) ?? '')));
}

/** From the name of a declared function, or of one held by a constant, to its end. */
function findFunction(name: string, files: readonly Module[]): FoundFunction | undefined {
  const escaped = name.replaceAll('$', '\\$');
  const declared = new RegExp(
    `\\bfunction\\s+${escaped}\\s*(?:<[^(]*>)?\\(|\\bconst\\s+${escaped}\\s*=\\s*(?:async\\s*)?\\(`,
  );
  for (const file of files) {
    const match = declared.exec(file.code);
    if (!match) continue;
    const open = match.index + match[0].length - 1;
    const afterParameters = afterBracket(file.code, open);
    const arrow = match[0].startsWith('const');
    const brace = file.code.indexOf(
      '{',
      arrow ? file.code.indexOf('=>', afterParameters) : bodyFrom(file, afterParameters),
    );
    if (brace < 0) continue;
    return { file, from: match.index + match[0].length, to: afterBracket(file.code, brace), brace };
  }
  return undefined;
}

/** Where the body may start: behind the return type, which may be an object type itself. */
function bodyFrom(file: Module, afterParameters: number): number {
  const typed = /^\s*:\s*/.exec(file.code.slice(afterParameters));
  if (!typed) return afterParameters;
  const start = afterParameters + typed[0].length;
  return file.code[start] === '{' ? afterBracket(file.code, start) : start;
}

function exportsOf(main: Module, files: readonly Module[]): { outputs: CodeOutput[]; unclear: string[] } {
  const outputs: CodeOutput[] = [];
  const unclear: string[] = [];
  for (const match of main.code.matchAll(/^export\s+(?:const|let|var)\s+([\w$]+)(?:\s*:[^=]+)?\s*=/gm)) {
    outputs.push(outputOf(match[1] ?? '', main, match.index + match[0].length));
  }
  for (const match of main.code.matchAll(/^export\s*(?:=|default)\s*/gm)) {
    follow({ file: main, at: match.index + match[0].length }, files, outputs, unclear, new Set());
  }
  return { outputs, unclear };
}

/** An expression that gives out an object: a literal, a call of a function, or the name of a constant. */
function follow(
  expression: { readonly file: Module; readonly at: number },
  files: readonly Module[],
  outputs: CodeOutput[],
  unclear: string[],
  seen: Set<string>,
): void {
  const { file, at } = expression;
  if (file.code[at] === '{') {
    readLiteral(expression, files, outputs, unclear, seen);
    return;
  }
  const [, name, call] = /^([A-Za-z_$][\w$]*)\s*(\(?)/.exec(file.code.slice(at)) ?? [];
  if (name === undefined || seen.has(name)) {
    unclear.push(firstLine(file, at));
    return;
  }
  seen.add(name);
  const target = call === '(' ? returnedBy(name, [file, ...files]) : constant(name, file);
  if (target) follow(target, files, outputs, unclear, seen);
  else unclear.push(firstLine(file, at));
}

function readLiteral(
  { file, at }: { readonly file: Module; readonly at: number },
  files: readonly Module[],
  outputs: CodeOutput[],
  unclear: string[],
  seen: Set<string>,
): void {
  for (const { from, to } of parts(file.code, at)) {
    const start = from + (/^\s*/.exec(file.code.slice(from, to))?.[0].length ?? 0);
    if (file.code.startsWith('...', start)) {
      follow({ file, at: start + 3 }, files, outputs, unclear, seen);
      continue;
    }
    const key = /^\s*(?:(['"])(?<quoted>[\w$-]+)\1|(?<plain>[\w$]+))\s*(?<colon>:?)\s*/.exec(file.text.slice(from, to));
    const name = key?.groups?.['quoted'] ?? key?.groups?.['plain'];
    if (!key || name === undefined) unclear.push(firstLine(file, start));
    else if (key.groups?.['colon'] === ':') outputs.push(outputOf(name, file, from + key[0].length, to));
    else outputs.push({ name, type: null, secret: false });
  }
}

/** The expression after the last `return` of the function itself, or after the arrow. */
function returnedBy(name: string, files: readonly Module[]): { file: Module; at: number } | undefined {
  const body = findFunction(name, files);
  if (!body) return undefined;
  const inside = body.file.code.slice(body.from, body.to);
  const last = [...inside.matchAll(/\breturn\s+/g)]
    .filter(({ index }) => depthAt(inside, body.brace - body.from, index) === 1)
    .at(-1);
  if (last) return { file: body.file, at: body.from + last.index + last[0].length };
  const arrow = /=>\s*\(\s*(?=\{)/.exec(inside);
  return arrow ? { file: body.file, at: body.from + arrow.index + arrow[0].length } : undefined;
}

function constant(name: string, file: Module): { file: Module; at: number } | undefined {
  const match = new RegExp(`\\bconst\\s+${name.replaceAll('$', '\\$')}(?:\\s*:[^=]+)?\\s*=\\s*`).exec(file.code);
  return match ? { file, at: match.index + match[0].length } : undefined;
}

function outputOf(name: string, file: Module, from: number, to = endOfStatement(file.code, from)): CodeOutput {
  const text = file.text.slice(from, to).trim();
  return { name, type: typeOfExpression(text), secret: /^(?:pulumi\.)?secret\(/.test(text) };
}

/** Of a right-hand side, as far as its form tells (deployments.md 12.1). */
function typeOfExpression(text: string): ParameterType | null {
  if (/^(?:pulumi\.)?interpolate`|^[`'"]/.test(text)) return 'string';
  if (/^-?\d[\d_.]*$/.test(text)) return 'number';
  if (/^(?:true|false)$/.test(text)) return 'boolean';
  if (/^\[/.test(text) || /^[\w$.?]+\.map\(/.test(text)) return 'array';
  if (/^\{/.test(text) || /^Object\.fromEntries\(/.test(text)) return 'object';
  return null;
}

function endOfStatement(code: string, from: number): number {
  for (let i = from; i < code.length; i += 1) {
    if ('([{'.includes(code[i] ?? ' ')) i = afterBracket(code, i) - 1;
    else if (code[i] === ';' || (code[i] === '\n' && /^\s*(export|const|let|var|function)\b/.test(code.slice(i))))
      return i;
  }
  return code.length;
}

function firstLine(file: Module, at: number): string {
  return `${file.path}: ${file.text.slice(at, indexOfLineEnd(file.text, at)).trim()}`;
}

function indexOfLineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}
