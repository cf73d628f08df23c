import type { ResourceDiff } from '../../../../tools/sandbox-cloud/provider.port.js';
import { aRecord } from './stack-state.js';
import { planStep, type StepPlan, type StepQuestion } from './step-plan.js';

const old = aRecord({ urn: 'urn:pulumi:s::p::t::n', type: 't', inputs: { a: { b: 1 } } });
const diff = (fields: Partial<ResourceDiff>): ResourceDiff => ({
  changes: true,
  replaces: [],
  changedKeys: [],
  deleteBeforeReplace: false,
  ...fields,
});

describe('planStep', () => {
  it.each<[string, Partial<StepQuestion>, StepPlan]>([
    ['creates what was not there', {}, { kind: 'create' }],
    ['leaves what did not change', { old, diff: diff({ changes: false }) }, { kind: 'same' }],
    ['updates what changed', { old, diff: diff({}) }, { kind: 'update' }],
    [
      'replaces what the provider says, new one first',
      { old, diff: diff({ replaces: ['a'] }) },
      { kind: 'replace', deleteFirst: false },
    ],
    [
      'old one first when the provider says so',
      { old, diff: diff({ replaces: ['a'], deleteBeforeReplace: true }) },
      { kind: 'replace', deleteFirst: true },
    ],
    [
      'old one first when the program says so',
      { old, diff: diff({ replaces: ['a'] }), deleteBeforeReplace: true },
      { kind: 'replace', deleteFirst: true },
    ],
    [
      'the program overrules the provider',
      { old, diff: diff({ replaces: ['a'], deleteBeforeReplace: true }), deleteBeforeReplace: false },
      { kind: 'replace', deleteFirst: false },
    ],
    [
      'replaces on a named change',
      { old, diff: diff({}), inputs: { a: { b: 2 } }, replaceOnChanges: ['a.b'] },
      { kind: 'replace', deleteFirst: false },
    ],
    [
      'not on another change',
      { old, diff: diff({}), inputs: { a: { b: 1, c: 1 } }, replaceOnChanges: ['a.b'] },
      { kind: 'update' },
    ],
    [
      'goes on with an interrupted replacement',
      { old: { ...old, pendingReplacement: true } },
      { kind: 'replace', deleteFirst: true },
    ],
    ['replaces whatever the diff when it must', { old, mustReplace: true }, { kind: 'replace', deleteFirst: false }],
  ])('%s', (_, question, expected) => {
    expect(planStep({ inputs: {}, replaceOnChanges: [], mustReplace: false, ...question })).toEqual(expected);
  });
});
