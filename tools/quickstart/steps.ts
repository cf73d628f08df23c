import { formatSeconds } from './format.js';

/** Tells what happens: prose for people, or one JSON object a line for programs. */
export abstract class Reporter {
  /** Runs one step and tells its name, its outcome and the time it took. `work` returns the outcome in a few words. */
  abstract step<T>(name: string, work: (detail: (line: string) => void) => Promise<readonly [T, string]>): Promise<T>;
  /** A line for people; programs get it as `note`. */
  abstract note(line: string): void;
  /** An object for programs; people get nothing. */
  abstract emit(event: string, fields: Readonly<Record<string, unknown>>): void;
  abstract problem(message: string): void;
}

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

const NAME_WIDTH = 14;

export class ProseReporter extends Reporter {
  constructor(
    private readonly out: Output,
    private readonly err: Output,
  ) {
    super();
  }

  async step<T>(name: string, work: (detail: (line: string) => void) => Promise<readonly [T, string]>): Promise<T> {
    const started = performance.now();
    const title = name.padEnd(NAME_WIDTH);
    const live = this.out.isTTY === true;
    if (live) this.out.write(`  … ${title}\r`);
    const detail = (line: string): void => {
      this.out.write(`${live ? '\u001b[2K' : ''}    ${line}\n${live ? `  … ${title}\r` : ''}`);
    };
    try {
      const [result, outcome] = await work(detail);
      const took = formatSeconds((performance.now() - started) / 1000);
      this.out.write(`${live ? '\u001b[2K' : ''}  ✓ ${title} ${outcome} (${took})\n`);
      return result;
    } catch (error) {
      this.out.write(`${live ? '\u001b[2K' : ''}  ✗ ${title}\n`);
      throw error;
    }
  }

  note(line: string): void {
    this.out.write(`${line}\n`);
  }

  emit(): void {}

  problem(message: string): void {
    this.err.write(`\nquickstart: ${message}\n`);
  }
}

export class JsonReporter extends Reporter {
  constructor(
    private readonly out: Output,
    private readonly err: Output,
  ) {
    super();
  }

  async step<T>(name: string, work: (detail: (line: string) => void) => Promise<readonly [T, string]>): Promise<T> {
    const started = performance.now();
    this.emit('step', { name, status: 'started' });
    const ms = (): number => Math.round(performance.now() - started);
    try {
      const [result, outcome] = await work((line) => this.emit('step', { name, status: 'running', detail: line }));
      this.emit('step', { name, status: 'done', detail: outcome, ms: ms() });
      return result;
    } catch (error) {
      this.emit('step', { name, status: 'failed', ms: ms() });
      throw error;
    }
  }

  note(line: string): void {
    if (line.trim() !== '') this.emit('note', { text: line.trim() });
  }

  emit(event: string, fields: Readonly<Record<string, unknown>>): void {
    this.out.write(`${JSON.stringify({ event, ...fields })}\n`);
  }

  problem(message: string): void {
    this.emit('error', { message });
    this.err.write(`quickstart: ${message}\n`);
  }
}
