import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';
import type { RecordedStep } from './normal-form.js';
import type { EnvironmentName, StepName } from './scenarios.js';

/** What the true engine did with one stack: environment → step → outcome. */
export interface Recording {
  /** Version of the command line. */
  readonly recordedWith: string;
  readonly environments: Partial<Record<EnvironmentName, Record<StepName, RecordedStep>>>;
}

const FOLDER = join(PROJECT_ROOT, 'test/parity/recorded');

export function readRecording(stack: string): Recording | undefined {
  const file = join(FOLDER, `${stack}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Recording) : undefined;
}

export function writeRecording(
  stack: string,
  version: string,
  environment: EnvironmentName,
  steps: Record<StepName, RecordedStep>,
): void {
  mkdirSync(FOLDER, { recursive: true });
  const before = readRecording(stack);
  const environments = { ...before?.environments, [environment]: steps };
  writeFileSync(join(FOLDER, `${stack}.json`), `${JSON.stringify({ recordedWith: version, environments }, null, 1)}\n`);
}
