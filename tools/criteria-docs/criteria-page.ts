import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';

/** One statement of the specification that a test has to prove. */
export interface Criterion {
  readonly id: string;
  readonly text: string;
  /** How it is proven: U unit, I integration, L load, B browser or editor, D deployment, M by a person. Default: U or I. */
  readonly kinds?: readonly string[];
}

/** A page criterion → tests. Tests name what they prove: their titles begin with ids in brackets, `[2.1.a][X8] …`. */
export interface CriteriaPage {
  /** Below docs/. */
  readonly file: string;
  readonly title: string;
  readonly intro: string;
  /** Below tools/criteria-docs/. */
  readonly criteria: string;
  /** Folders whose tests count. */
  readonly folders: readonly string[];
}

export const PAGES: readonly CriteriaPage[] = [
  {
    file: 'traceability.md',
    title: 'Sessions: which test proves which requirement',
    intro:
      'Criteria of the session half. Those of kind B (editor), D (deployment to AWS) and M (judged by a person) have no test where ' +
      'the extension, the AWS deployment or its documents are not part of this version.',
    criteria: 'sessions.criteria.json',
    folders: ['src', 'test', 'bench'],
  },
  {
    file: 'rules.md',
    title: 'Deployments: which test proves which rule',
    intro: 'Numbered rules and worked examples of the deployment domain.',
    criteria: 'deployments.criteria.json',
    folders: ['src', 'test', 'stacks/testing'],
  },
];

/** Kinds that a test of this repository can prove. */
const PROVABLE = ['U', 'I', 'L'];
const TITLE = /(['"`])((?:\[[A-Za-z0-9.-]+\])+) ?((?:(?!\1)[^\\\n]|\\.)*)\1/g;
const SOURCE = /(\.spec|\.contract|bench\/[a-z-]+)\.ts$/;

interface Proof {
  readonly file: string;
  readonly title: string;
}

export function readCriteria(page: CriteriaPage): readonly Criterion[] {
  return JSON.parse(readFileSync(join(PROJECT_ROOT, 'tools/criteria-docs', page.criteria), 'utf8')) as Criterion[];
}

/** Id → tests whose title names it, in the order of the files. */
export function findProofs(folders: readonly string[]): ReadonlyMap<string, readonly Proof[]> {
  const proofs = new Map<string, Proof[]>();
  for (const path of folders.flatMap((folder) => sourcesIn(join(PROJECT_ROOT, folder)))) {
    for (const [, , ids = '', title = ''] of readFileSync(path, 'utf8').matchAll(TITLE)) {
      for (const [, id = ''] of ids.matchAll(/\[([^\]]+)\]/g)) {
        const proof = { file: relative(PROJECT_ROOT, path), title: title.trim() };
        const known = proofs.get(id) ?? [];
        if (!known.some((one) => one.file === proof.file && one.title === proof.title)) known.push(proof);
        proofs.set(id, known);
      }
    }
  }
  return proofs;
}

/** Criteria that a test could prove and none does. */
export function unproven(page: CriteriaPage): readonly string[] {
  const proofs = findProofs(page.folders);
  return readCriteria(page)
    .filter(({ id, kinds = PROVABLE }) => !proofs.has(id) && kinds.some((kind) => PROVABLE.includes(kind)))
    .map(({ id }) => id);
}

export function criteriaPage(page: CriteriaPage): string {
  const proofs = findProofs(page.folders);
  const rows = readCriteria(page).map(({ id, text, kinds }) => {
    const tests = (proofs.get(id) ?? []).map(({ file, title }) => `\`${file}\`: ${escaped(title || id)}`);
    return `| ${id} | ${escaped(text)} | ${kinds?.join(', ') ?? ''} | ${tests.join('<br>') || '–'} |`;
  });
  return `# ${page.title}

Made from the titles of the tests by \`tools/criteria-docs/write-pages.ts\`; do not edit. ${page.intro}

| Id | What must hold | Kind | Tests |
|---|---|---|---|
${rows.join('\n')}
`;
}

function escaped(text: string): string {
  return text.replace(/(?<!\\)\|/g, '\\|');
}

function sourcesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : sourcesIn(path);
      return SOURCE.test(path) ? [path] : [];
    });
}
