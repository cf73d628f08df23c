import type { OperationReport, StackReport } from './operation-report.js';
import { counted, spoken } from './report-words.js';

/** Longest comment that code hosts take is 65,536 characters; what is longer is cut with a hint. */
const MOST_CHARACTERS = 65_000;
const LONGEST_TEXT = 600;

const SIGNS: Readonly<Record<OperationReport['result'], string>> = {
  pending: '⏳',
  running: '🔄',
  success: '✅',
  failed: '❌',
  cancelled: '🚫',
};

/**
 * The report as a comment of a pull request. Whatever comes from programs, clouds and people is escaped: it can make no table
 * column, no HTML, no link, and it mentions nobody.
 */
export function toMarkdown(report: OperationReport): string {
  const title = `${SIGNS[report.result]} ${text(report.deploymentId)} · ${report.environment}${report.stack ? ` · ${text(report.stack)}` : ''}`;
  const loud = report.stacks.filter((stack) => !isQuiet(stack));
  const quiet = report.stacks.filter(isQuiet);
  const sections = [
    `## ${title}`,
    ...(report.isFinal ? [] : ['> **Not ended yet.** This is how far it has come.']),
    text(report.reason),
    facts(report),
    ...(loud.length > 0 ? [table(loud, report)] : []),
    ...(quiet.length > 0
      ? [
          `<details><summary>${counted(quiet.length, 'stack')} unchanged</summary>\n\n${table(quiet, report)}\n\n</details>`,
        ]
      : []),
    ...errors(report),
    ...drift(report),
    ...rollback(report),
    ...list(
      'Warnings',
      report.warnings.map(({ stack, message }) => `${stack ? `**${text(stack)}**: ` : ''}${text(message)}`),
    ),
    ...list(
      'Endpoints',
      Object.entries(report.endpoints).map(([name, address]) => `${text(name)}: ${code(address)}`),
    ),
    ...list('Left to do', report.byHand.map(text)),
    `<sub>Operation ${code(report.operationId)} · revision ${report.manifestRevision} · ${text(report.engine)} on ${text(report.cloud)} · started by ${text(report.startedBy)} · ${report.generatedAt}</sub>`,
  ];
  return fit(`${sections.join('\n\n')}\n`);
}

function isQuiet({ result, reason }: StackReport): boolean {
  return result === 'skipped' && reason === 'unchanged';
}

function facts({ resources, times, totals, preview, message }: OperationReport): string {
  const time = times.durationSeconds === null ? '' : ` · ${spoken(times.durationSeconds)}`;
  const waited = (times.waitedSeconds ?? 0) >= 1 ? ` · waited ${spoken(times.waitedSeconds ?? 0)}` : '';
  const work = preview
    ? 'Nothing was changed.'
    : `Resources: **${resources.created}** created, **${resources.updated}** updated, **${resources.deleted}** deleted`;
  const said = message === null ? '' : `\n\n> ${text(message)}`;
  return `${counted(totals.stacks, 'stack')}${time}${waited} · ${work}${said}`;
}

function table(stacks: readonly StackReport[], report: OperationReport): string {
  const rows = stacks.map((stack) => {
    const cells = [
      String(stack.layer),
      `**${text(stack.name)}**`,
      stack.result.replace('_', ' '),
      `${text(stack.reason)}${stack.cause ? ` (${text(stack.cause)})` : ''}`,
      report.preview ? planned(stack) : changes(stack),
      stack.durationSeconds === null ? '' : spoken(stack.durationSeconds),
      stack.decision.map(text).join('<br>'),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    `| Layer | Stack | Result | Reason | ${report.preview ? 'Plan' : 'Resources'} | Time | Decision |`,
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function changes({ resources: { created, updated, deleted, failed } }: StackReport): string {
  return `+${created} ~${updated} −${deleted}${failed > 0 ? ` ✗${failed}` : ''}`;
}

function planned({ planned: plan }: StackReport): string {
  return plan ? `+${plan.create} ~${plan.update} ±${plan.replace} −${plan.delete}` : '';
}

function errors({ errors: all }: OperationReport): string[] {
  return list(
    'Errors',
    all.map(({ stack, code: name, class: kind, message, remediation, resource }) => {
      const where = resource?.type ? ` at ${code(`${resource.type} ${resource.name ?? ''}`.trim())}` : '';
      const remedy = remediation ? `<br>→ ${text(remediation)}` : '';
      return `${stack ? `**${text(stack)}** ` : ''}${code(name)} (${text(kind)})${where}: ${text(message)}${remedy}`;
    }),
  );
}

function drift({ stacks }: OperationReport): string[] {
  return list(
    'Drift',
    stacks.flatMap(({ name, drift: rows }) =>
      (rows ?? []).map(
        (row) =>
          `**${text(name)}** ${code(`${row.type} ${row.name}`)} ${code(row.property)}: ${code(value(row.expected))} → ${code(value(row.actual))} (${row.repair})`,
      ),
    ),
  );
}

function rollback({ rollback: back }: OperationReport): string[] {
  if (!back || back.state === 'offered') return [];
  const to = back.toVersion === 0 ? 'nothing deployed' : `version ${back.toVersion}`;
  return list('Rollback', [
    `${back.state}: from version ${back.fromVersion} to ${to}${back.reason ? `, ${text(back.reason)}` : ''}`,
    `In this order: ${back.stacks.map(text).join(', ') || 'nothing'}`,
    ...(back.failed.length > 0 ? [`Failed: ${back.failed.map(text).join(', ')}`] : []),
    ...back.irreversible.map(
      ({ stack, urn, why }) => `**Cannot be restored** in ${text(stack)}: ${code(urn)}, ${text(why)}`,
    ),
  ]);
}

function list(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`### ${title}\n\n${lines.map((line) => `- ${line}`).join('\n')}`];
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '@': '&#64;',
  '#': '&#35;',
  '://': '&#58;//',
};

/** One line of plain text: no markup, no mention, no reference to an issue. */
function text(raw: string): string {
  const flat = raw.replaceAll(/\s+/g, ' ').trim();
  const short = flat.length > LONGEST_TEXT ? `${flat.slice(0, LONGEST_TEXT)}…` : flat;
  return short.replaceAll(/[&<>@#]|:\/\/|[\\`*_[\]|~]/g, (sign) => ENTITIES[sign] ?? `\\${sign}`);
}

/** Code span; a backtick inside ends it nowhere, and a table sees no column. */
function code(raw: string): string {
  const flat = raw.replaceAll(/\s+/g, ' ').trim().replaceAll('|', '¦');
  const fence = '`'.repeat(Math.max(0, ...[...flat.matchAll(/`+/g)].map(([run]) => run.length)) + 1);
  const space = flat.startsWith('`') || flat.endsWith('`') ? ' ' : '';
  return `${fence}${space}${flat.slice(0, LONGEST_TEXT)}${space}${fence}`;
}

function value(raw: unknown): string {
  return raw === null || raw === undefined ? 'absent' : JSON.stringify(raw);
}

function fit(whole: string): string {
  if (whole.length <= MOST_CHARACTERS) return whole;
  const end = whole.lastIndexOf('\n', MOST_CHARACTERS);
  return `${whole.slice(0, end)}\n\n… cut: the whole report is there with format=json.\n`;
}
