import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';

/** One statement of the specification that a test has to prove. */
export interface Criterion {
  readonly id: string;
  readonly text: string;
  /** How it is proven: U unit, I integration, L load, B browser or editor, D deployment, M by a person. Default: U or I. */
  readonly kinds?: readonly string[];
  /** Belongs to the deployment on AWS and its documents, which this version has not. */
  readonly later?: boolean;
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
/** A title that begins with the id of its row. */
const ROW_TITLE = /['"`]\[(?:%s|%p|\$\w+|\$\{[^}]*\})\] ?([^'"`\n]*)['"`]/;
const SOURCE = /(\.spec|\.contract|bench\/[a-z-]+)\.ts$/;

interface Proof {
  readonly file: string;
  readonly title: string;
}

export function readCriteria(page: CriteriaPage): readonly Criterion[] {
  return JSON.parse(readFileSync(join(PROJECT_ROOT, 'tools/criteria-docs', page.criteria), 'utf8')) as Criterion[];
}

/**
 * Id → tests whose title names it, in the order of the files. A table of tests whose title begins with a placeholder (`[%s] …`)
 * names the ids in its rows.
 */
export function findProofs(page: CriteriaPage): ReadonlyMap<string, readonly Proof[]> {
  const proofs = new Map<string, Proof[]>();
  const add = (id: string, proof: Proof): void => {
    const known = proofs.get(id) ?? [];
    if (!known.some((one) => one.file === proof.file && one.title === proof.title)) known.push(proof);
    proofs.set(id, known);
  };
  const ids = readCriteria(page).map(({ id }) => id);
  for (const path of page.folders.flatMap((folder) => sourcesIn(join(PROJECT_ROOT, folder)))) {
    const file = relative(PROJECT_ROOT, path);
    const text = readFileSync(path, 'utf8');
    for (const [, , named = '', title = ''] of text.matchAll(TITLE)) {
      for (const [, id = ''] of named.matchAll(/\[([^\]]+)\]/g)) add(id, { file, title: title.trim() });
    }
    const table = ROW_TITLE.exec(text)?.[1];
    if (table === undefined) continue;
    for (const id of ids.filter((each) => text.includes(`'${each}'`))) add(id, { file, title: table.trim() });
  }
  return proofs;
}

/** Criteria that a test could prove and none does. */
export function unproven(page: CriteriaPage): readonly string[] {
  const proofs = findProofs(page);
  return readCriteria(page)
    .filter(
      ({ id, kinds = PROVABLE, later }) => !later && !proofs.has(id) && kinds.some((kind) => PROVABLE.includes(kind)),
    )
    .map(({ id }) => id);
}

export function criteriaPage(page: CriteriaPage): string {
  const proofs = findProofs(page);
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
