import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { compareNames } from '../orchestrator/graph.js';
import type { ProgramSource, SourceText } from './code-parameters.js';
import { findMainFile, type SourceRoots } from './stack-source.js';

const SOURCE = /(?<!\.d)(?<!\.spec)(?<!\.test)\.ts$/;
const NO_SOURCE = new Set(['node_modules', 'bin', 'docs', '.git']);

/** What is on this host of the source of one stack (deployments.md 1.5). */
export interface StackFiles {
  readonly hasFolder: boolean;
  /** null: there is no main file. */
  readonly program: ProgramSource | null;
  /** Text of Pulumi.yaml beside the main file or in the stack's folder. */
  readonly pulumiYaml: string | null;
  /** Text of stack.yaml there: the stack's template, for a registration (deployments.md 12.1). */
  readonly stackYaml: string | null;
  readonly hasPackageJson: boolean;
  readonly hasTsconfig: boolean;
}

/** The sources are on this host at all; an installation may carry compiled programs only. */
export function hasSources(roots: SourceRoots): boolean {
  return existsSync(roots.sources);
}

export function readStackFiles(roots: SourceRoots, stack: string): StackFiles {
  const folder = join(roots.sources, stack);
  const mainFile = findMainFile(roots, stack);
  const places = mainFile ? [dirname(mainFile), folder] : [join(folder, 'src'), folder];
  const find = (name: string): string | undefined => places.map((place) => join(place, name)).find(existsSync);
  const textOf = (path: string | undefined): string | null => (path === undefined ? null : readFileSync(path, 'utf8'));
  return {
    hasFolder: existsSync(folder),
    program: mainFile ? readProgram(roots, mainFile) : null,
    pulumiYaml: textOf(find('Pulumi.yaml')),
    stackYaml: textOf(find('stack.yaml')),
    hasPackageJson: find('package.json') !== undefined,
    hasTsconfig: find('tsconfig.json') !== undefined,
  };
}

function readProgram(roots: SourceRoots, mainFile: string): ProgramSource {
  const text = (path: string): SourceText => ({
    path: relative(roots.sources, path),
    text: readFileSync(path, 'utf8'),
  });
  const own = sourcesBelow(dirname(mainFile)).filter((path) => path !== mainFile);
  return { main: text(mainFile), own: own.map(text), shared: sourcesBelow(join(roots.sources, 'shared')).map(text) };
}

function sourcesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => compareNames(a.name, b.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return NO_SOURCE.has(entry.name) ? [] : sourcesBelow(path);
      return SOURCE.test(entry.name) ? [path] : [];
    });
}
