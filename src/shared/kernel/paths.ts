import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Folder that holds package.json, stacks/ and templates/, whether this file runs from src/, dist/ or a test. */
export const PROJECT_ROOT = findRoot(process.argv[1] ? dirname(process.argv[1]) : process.cwd());

function findRoot(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'nest-cli.json')) && existsSync(join(folder, 'templates'))) return folder;
    if (folder === dirname(folder)) return process.cwd();
  }
}
