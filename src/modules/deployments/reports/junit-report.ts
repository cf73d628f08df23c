import type { OperationReport, StackReport } from './operation-report.js';

/**
 * The report as JUnit XML: one test case per stack, so that build servers show a run like a test run. A failed stack is a
 * failure, a skipped, rolled back or open one is skipped with its reason; a failure of no stack is an error of its own case.
 */
export function toJUnit(report: OperationReport): string {
  const whole = report.errors.filter(({ stack }) => stack === null);
  const cases = [
    ...report.stacks.map((stack) => caseOf(report, stack)),
    ...whole.map((error) => wholeCase(report, error)),
  ];
  const failures = report.stacks.filter(({ result }) => result === 'failed').length;
  const skipped = report.stacks.filter(({ result }) => isSkipped(result)).length;
  const name = `${report.deploymentId} ${report.environment} ${report.preview ? 'preview of ' : ''}${report.type}`;
  const counts = {
    tests: cases.length,
    failures,
    errors: whole.length,
    skipped,
    time: report.times.durationSeconds ?? 0,
  };
  const properties: Readonly<Record<string, string | number | null>> = {
    operationId: report.operationId,
    result: report.result,
    reason: report.reason,
    isFinal: String(report.isFinal),
    phase: report.phase,
    startedBy: report.startedBy,
    manifestRevision: report.manifestRevision,
    engine: report.engine,
    cloud: report.cloud,
    resourcesCreated: report.resources.created,
    resourcesUpdated: report.resources.updated,
    resourcesDeleted: report.resources.deleted,
  };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: 'cloud', ...counts })}>`,
    `  <testsuite${attributes({ name, timestamp: report.times.startedAt ?? report.times.requestedAt, ...counts })}>`,
    '    <properties>',
    ...Object.entries(properties).map(([key, value]) => `      <property${attributes({ name: key, value })}/>`),
    '    </properties>',
    ...cases,
    ...(report.byHand.length > 0
      ? [`    <system-out>${escaped(`Left to do:\n${report.byHand.join('\n')}`)}</system-out>`]
      : []),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function isSkipped(result: StackReport['result']): boolean {
  return result === 'skipped' || result === 'rolled_back' || result === 'pending' || result === 'running';
}

function caseOf(report: OperationReport, stack: StackReport): string {
  const className = `${report.deploymentId}.${report.environment}.layer${stack.layer}`;
  const head = `    <testcase${attributes({ name: stack.name, classname: className, time: stack.durationSeconds ?? 0 })}>`;
  return [head, ...endOf(stack), `      <system-out>${escaped(story(stack))}</system-out>`, '    </testcase>'].join(
    '\n',
  );
}

function endOf(stack: StackReport): string[] {
  if (isSkipped(stack.result)) {
    const isOpen = stack.result === 'pending' || stack.result === 'running';
    const message = isOpen
      ? `not ended yet (${stack.result})`
      : `${stack.reason}${stack.cause ? ` (${stack.cause})` : ''}`;
    return [`      <skipped${attributes({ message })}/>`];
  }
  if (stack.result !== 'failed') return [];
  const { error } = stack;
  const body = [error?.message, error?.resource?.urn, error?.remediation && `Remedy: ${error.remediation}`];
  const facts = attributes({
    type: error?.class ?? stack.reason,
    message: `${error?.code ?? stack.reason}: ${error?.message ?? ''}`,
  });
  return [`      <failure${facts}>${escaped(body.filter(Boolean).join('\n'))}</failure>`];
}

function wholeCase(report: OperationReport, error: OperationReport['errors'][number]): string {
  const className = `${report.deploymentId}.${report.environment}.operation`;
  return [
    `    <testcase${attributes({ name: report.type, classname: className, time: 0 })}>`,
    `      <error${attributes({ type: error.class, message: `${error.code}: ${error.message}` })}>${escaped(error.remediation ?? error.message)}</error>`,
    '    </testcase>',
  ].join('\n');
}

function story({ decision, resources, planned, warnings, drift, status }: StackReport): string {
  const work = planned
    ? `planned: ${planned.create} to create, ${planned.update} to update, ${planned.replace} to replace, ${planned.delete} to delete`
    : `${status}: ${resources.created} created, ${resources.updated} updated, ${resources.deleted} deleted`;
  const rows = (drift ?? []).map((row) => `drift: ${row.type} ${row.name} ${row.property} (${row.repair})`);
  return [...decision, work, ...rows, ...warnings.map((warning) => `warning: ${warning}`)].join('\n');
}

function attributes(values: Readonly<Record<string, string | number | null>>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => ` ${name}="${escaped(String(value)).replaceAll('\n', '&#10;')}"`)
    .join('');
}

/** Text for XML 1.0: markup escaped; characters that XML cannot carry at all, lone surrogates too, are replaced. */
function escaped(raw: string): string {
  return raw
    .toWellFormed()
    .replaceAll('\r', '')
    .replaceAll(FORBIDDEN, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

// eslint-disable-next-line no-control-regex -- control characters are what it is about
const FORBIDDEN = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g;
