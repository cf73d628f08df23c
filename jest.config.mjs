import { readFileSync } from 'node:fs';

const swc = JSON.parse(readFileSync(new URL('.swcrc', import.meta.url), 'utf8'));
delete swc.$schema;

/** Our TypeScript becomes CommonJS; node_modules are loaded as they are (Nest 12 is ES-module only). */
const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: [],
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swc, swcrc: false, module: { type: 'commonjs' } }] },
  transformIgnorePatterns: ['/node_modules/'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
};

export default {
  projects: [
    {
      ...base,
      displayName: 'rules',
      testMatch: ['<rootDir>/{src,tools,stacks,bench}/**/*.spec.ts'],
      setupFilesAfterEnv: ['<rootDir>/test/patience.ts'],
    },
    {
      ...base,
      displayName: 'contract',
      testMatch: ['<rootDir>/test/contract/**/*.spec.ts'],
      globalSetup: '<rootDir>/test/database.setup.mjs',
      globalTeardown: '<rootDir>/test/database.teardown.mjs',
      setupFilesAfterEnv: ['<rootDir>/test/patience.ts'],
    },
    {
      ...base,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/e2e/**/*.spec.ts'],
      globalSetup: '<rootDir>/test/database.setup.mjs',
      globalTeardown: '<rootDir>/test/database.teardown.mjs',
      setupFilesAfterEnv: ['<rootDir>/test/patience.ts'],
    },
  ],
};
