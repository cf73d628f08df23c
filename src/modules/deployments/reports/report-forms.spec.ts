import { parseXml, type XmlElement } from '../../../../test/fakes/xml-tree.js';
import { aStackRecord, anOperation } from '../../../../test/factories/operations.js';
import type { StackError, StackRunRecord } from '../../orchestrator/run-request.js';
import type { Operation } from '../operations/operation.js';
import { composeReport } from './compose-report.js';
import { toJUnit } from './junit-report.js';
import { toMarkdown } from './markdown-report.js';
import type { OperationReport } from './operation-report.js';

const NASTY = 'a <b>"x"</b> & | `c` ]]> @team #12 https://evil.example \u0000\u001b[31m\ud800 --> end';
const error = (fields: Partial<StackError> = {}): StackError => ({
  class: 'resource',
  code: 'RESOURCE_CREATION_FAILED',
  message: NASTY,
  resourceType: 'aws:ec2/vpc:Vpc',
  resourceName: 'vpc',
  retryable: false,
  remediation: 'Correct it.',
  ...fields,
});
const report = (stacks: readonly StackRunRecord[], fields: Partial<Operation> = {}): OperationReport =>
  composeReport(anOperation(stacks, fields), {
    now: new Date('2026-03-01T12:01:00.000Z'),
    queuePosition: null,
    endpoints: { 'dns.domainName': 'shop.example.com' },
  });

const MIXED: readonly StackRunRecord[] = [
  aStackRecord('dns', { status: 'skipped', skipReason: 'unchanged', explanation: ['Nothing | differs.'] }),
  aStackRecord('network', { status: 'failed', error: error() }),
  aStackRecord('security', { layer: 2, status: 'skipped', skipReason: 'dependency_failed', culprit: 'network' }),
  aStackRecord('storage', { layer: 2, status: 'rolled_back' }),
  aStackRecord('monitoring', { layer: 3 }),
];
const FAILED: Partial<Operation> = { status: 'failed', phase: 'rolled_back', error: { ...error(), stack: 'network' } };

describe('JUnit form of a report', () => {
  const cases = (of: OperationReport): XmlElement[] => {
    const [suite] = parseXml(toJUnit(of)).children;
    return (suite?.children ?? []).filter(({ name }) => name === 'testcase');
  };

  it('has one test case per stack, with its end as build servers show it', () => {
    const ends = cases(report(MIXED, FAILED)).map(({ attributes, children }) => [
      attributes['name'],
      attributes['time'],
      children[0]?.name,
      children[0]?.attributes['message'],
    ]);
    expect(ends).toEqual([
      ['dns', '10', 'skipped', 'unchanged'],
      ['network', '10', 'failure', expect.stringContaining('RESOURCE_CREATION_FAILED: a <b>"x"</b> & | `c` ]]>')],
      ['security', '10', 'skipped', 'dependency_failed (network)'],
      ['storage', '10', 'skipped', 'rolled_back (network)'],
      ['monitoring', '10', 'system-out', undefined],
    ]);
  });

  it('counts what it lists', () => {
    const { attributes } = parseXml(toJUnit(report(MIXED, FAILED)));
    expect(attributes).toMatchObject({ tests: '5', failures: '1', errors: '0', skipped: '3', time: '48' });
  });

  it('makes a failure of no stack a case of its own', () => {
    const whole = { ...error({ class: 'timeout', code: 'OPERATION_TIMEOUT', message: 'too long' }), stack: null };
    const [only, ...more] = cases(report([], { status: 'failed', error: whole }));
    expect(more).toEqual([]);
    expect(only?.children[0]).toMatchObject({ name: 'error', attributes: { message: 'OPERATION_TIMEOUT: too long' } });
  });

  it('says of stacks that have not ended that they have not', () => {
    const open = aStackRecord('network', { status: 'deploying' });
    const [first] = cases(report([open], { status: 'in_progress', completedAt: null }));
    expect(first?.children[0]?.attributes['message']).toBe('not ended yet (running)');
  });
});

describe('Markdown form of a report', () => {
  const rows = (markdown: string): string[][] =>
    markdown
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .map((line) => line.slice(2, -2).split(/(?<!\\) \| /));

  it('shows every stack with reason, resources, time and decision; unchanged ones folded away', () => {
    const markdown = toMarkdown(report(MIXED, FAILED));
    const table = rows(markdown).filter(([layer]) => layer !== 'Layer');
    expect(table.every((cells) => cells.length === 7)).toBe(true);
    expect(table.map(([layer, stack, result, reason]) => [layer, stack, result, reason])).toEqual([
      ['1', '**network**', 'failed', 'resource (RESOURCE\\_CREATION\\_FAILED)'],
      ['2', '**security**', 'skipped', 'dependency\\_failed (network)'],
      ['2', '**storage**', 'rolled back', 'rolled\\_back (network)'],
      ['3', '**monitoring**', 'succeeded', 'never\\_deployed'],
      ['1', '**dns**', 'skipped', 'unchanged'],
    ]);
    expect(markdown).toContain('<details><summary>1 stack unchanged</summary>');
    expect(markdown).toContain('Nothing \\| differs.');
    expect(markdown).toContain('### Endpoints\n\n- dns.domainName: `shop.example.com`');
    expect(markdown).toContain('### Left to do\n\n- network: Correct it.');
  });

  it('lets nothing through that would be markup, a link or a mention', () => {
    const markdown = toMarkdown(
      report(MIXED, { ...FAILED, parameters: { ...anOperation([]).parameters, message: `${NASTY}\n\n# Title` } }),
    );
    expect(markdown).not.toMatch(/<b>|@team|https:\/\/|\n# Title|(?<!&)#12/);
    expect(markdown).toContain(
      'a &lt;b&gt;"x"&lt;/b&gt; &amp; \\| \\`c\\` \\]\\]&gt; &#64;team &#35;12 https&#58;//evil.example',
    );
  });

  it('says of a running operation that it has not ended', () => {
    const open = report([aStackRecord('network', { status: 'deploying' })], {
      status: 'in_progress',
      completedAt: null,
    });
    expect(toMarkdown(open)).toContain('**Not ended yet.**');
    expect(toMarkdown(report(MIXED, FAILED))).not.toContain('Not ended yet');
  });

  it('shows plans of a preview, drift, and what a rollback cannot restore', () => {
    const planned = { create: 3, update: 2, replace: 1, delete: 0, same: 4, unresolved: [] };
    expect(toMarkdown(report([aStackRecord('network', { planned })], { preview: true }))).toContain('+3 ~2 ±1 −0');
    const drift = [
      {
        ...{ urn: 'urn:vpc', type: 'aws:ec2/vpc:Vpc', name: 'vpc', id: 'vpc-1', repair: 'update' as const },
        properties: [{ property: 'tags.Owner', expected: null, actual: 'ha|nd' }],
      },
    ];
    const detected = report([aStackRecord('network', { drift })], { type: 'drift-detect', preview: true });
    expect(toMarkdown(detected)).toContain('`tags.Owner`: `absent` → `"ha¦nd"` (update)');
    const back = anOperation(MIXED, FAILED);
    const rollback = {
      ...{ trigger: 'auto' as const, reason: 'network failed', fromVersion: 1, toVersion: 0, stacks: ['network'] },
      ...{ irreversible: [{ stack: 'network', urn: 'urn:db', why: 'its data is gone' }], done: [], failed: [] },
    };
    const lost = { ...back, state: back.state && { ...back.state, rollback } };
    const text = toMarkdown(
      composeReport(lost, {
        now: new Date(),
        queuePosition: null,
        endpoints: { 'dns.domainName': 'shop.example.com' },
      }),
    );
    expect(text).toContain('to nothing deployed');
    expect(text).toContain('**Cannot be restored** in network: `urn:db`, its data is gone');
  });

  it('fits into a comment however many stacks there are', () => {
    const many = Array.from({ length: 500 }, (_, i) => aStackRecord(`stack-${i}`, { explanation: ['x'.repeat(300)] }));
    const markdown = toMarkdown(report(many));
    expect(markdown.length).toBeLessThan(65_536);
    expect(markdown).toContain('the whole report is there with format=json');
  });
});
