import { formatSeconds } from './format.js';
import type { Frame, RunView, StackPhase, StackView } from './run-view.js';
import { applied, lineOf } from './run-view.js';
import type { Output } from './steps.js';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const MARKS: Readonly<Record<StackPhase, string>> = {
  waiting: '·',
  running: '⠿',
  done: '✓',
  skipped: '↷',
  failed: '✗',
};
const COLOURS: Readonly<Record<StackPhase, string>> = {
  waiting: '2',
  running: '36',
  done: '32',
  skipped: '33',
  failed: '31',
};
const BAR_WIDTH = 12;
const REDRAW_MS = 100;
const CLEAR_LINE = '\u001b[2K';

export interface Canvas {
  readonly width: number;
  readonly colour: boolean;
  /** Picture of the spinner. */
  readonly tick: number;
}

/** The block that a terminal shows for a run, line by line, none longer than the terminal is wide. */
export function render(run: RunView, { width, colour, tick }: Canvas): string[] {
  const paint = (text: string, code: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const cut = (text: string): string => (text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text);
  const stacks = Object.values(run.stacks).sort((a, b) => a.layer - b.layer || (a.name < b.name ? -1 : 1));
  const nameWidth = Math.max(8, ...stacks.map(({ name }) => name.length));
  const lines = [paint(cut(headline(run)), '1')];
  let layer = 0;
  for (const stack of stacks) {
    if (stack.layer !== layer) {
      layer = stack.layer;
      lines.push(paint(cut(`  layer ${layer}`), '2'));
    }
    const mark = stack.phase === 'running' ? (SPINNER[tick % SPINNER.length] ?? '') : MARKS[stack.phase];
    const text = cut(`    ${mark} ${stack.name.padEnd(nameWidth)}  ${stackText(stack)}`);
    lines.push(paint(text, COLOURS[stack.phase]));
  }
  return lines;
}

function headline(run: RunView): string {
  const counts = [
    [run.created, 'created'],
    [run.updated, 'updated'],
    [run.deleted, 'deleted'],
  ] as const;
  const parts = [
    `  ${run.title}`,
    bar(run.percent),
    `${run.percent} %`,
    run.currentLayer === null ? '' : `layer ${run.currentLayer} of ${run.totalLayers}`,
    counts
      .filter(([count]) => count > 0)
      .map(([count, verb]) => `${count} ${verb}`)
      .join(', '),
    run.ended ?? (run.remaining === null || run.remaining === 0 ? '' : `about ${formatSeconds(run.remaining)} left`),
  ];
  return parts.filter((part) => part !== '').join('  ');
}

function stackText({ phase, percent, processed, total, current, why, seconds }: StackView): string {
  switch (phase) {
    case 'waiting':
      return 'waits';
    case 'running':
      return `${bar(percent)} ${total > 0 ? `${processed}/${total}` : `${percent} %`}  ${current || why}`;
    case 'done':
      return `done${seconds === null ? '' : ` in ${formatSeconds(seconds)}`}`;
    case 'skipped':
      return `skipped: ${why}`;
    case 'failed':
      return `failed: ${why}`;
    default:
      return phase satisfies never;
  }
}

function bar(percent: number): string {
  const full = Math.round((Math.min(100, Math.max(0, percent)) / 100) * BAR_WIDTH);
  return `${'━'.repeat(full)}${'┄'.repeat(BAR_WIDTH - full)}`;
}

interface Terminal extends Output {
  getWindowSize?(): [number, number];
}

/** Shows a run as it goes: a block that is redrawn on a terminal, plain lines elsewhere. */
export class LiveView {
  #run: RunView;
  #drawn = 0;
  #tick = 0;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #isLive: boolean;
  #percent = -1;

  constructor(
    run: RunView,
    private readonly out: Terminal,
    private readonly colour: boolean,
  ) {
    this.#run = run;
    this.#isLive = out.isTTY === true;
    if (this.#isLive) this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
  }

  get run(): RunView {
    return this.#run;
  }

  show(frame: Frame): void {
    const next = applied(this.#run, frame);
    if (next === this.#run) return;
    this.#run = next;
    if (this.#isLive) return;
    if (frame.type === 'deployment_progress') {
      if (next.percent === this.#percent) return;
      this.#percent = next.percent;
    }
    const line = lineOf(frame);
    if (line !== null) this.out.write(`  ${line}\n`);
  }

  /** The last picture stays. */
  end(): void {
    clearInterval(this.#timer);
    if (this.#isLive) this.#draw();
  }

  /** Goes up over the old block and writes the new one; what the new one is shorter by is blanked. */
  #draw(): void {
    this.#tick += 1;
    const [width] = this.out.getWindowSize?.() ?? [80, 24];
    const lines = render(this.#run, { width, colour: this.colour, tick: this.#tick });
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A` : '';
    this.out.write(`${up}${lines.map((line) => `${CLEAR_LINE}${line}\n`).join('')}\u001b[0J`);
    this.#drawn = lines.length;
  }
}
