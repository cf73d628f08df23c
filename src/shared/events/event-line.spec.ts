import {
  aLog,
  aResource,
  aRunProgress,
  aRunStart,
  aStackEnd,
  aStackProgress,
  SCOPE,
  stored,
} from '../../../test/factories/events.js';
import { lineOf, logTypeOf } from './event-line.js';
import { draft, type EventDraft } from './events.js';

const told = (event: EventDraft): string => {
  const line = lineOf(stored(event, 1));
  return line ? `${line.level} [${line.component}] ${line.message}` : 'no line';
};
const where = { stack: 'network', stackName: 'network' };
const vpc = { type: 'aws:ec2/vpc:Vpc', name: 'main' };

describe('an event of a run as a line', () => {
  it.each<[string, EventDraft, string]>([
    [
      'the start of a run',
      aRunStart(),
      'info [deploy] deploy of dev started by ann@acme.test: 3 stacks in 2 layers, about 120 s, engine embedded, cloud sandbox',
    ],
    ['the end of a stack', aStackEnd(), 'info [network] done in 2 s: 1 created, 0 updated, 0 deleted'],
    [
      'a skip, as a warning of the plan',
      draft('stack_skipped', SCOPE, {
        ...where,
        layer: 1,
        reason: 'dependency_failed',
        action: 'skip',
        reasons: [],
        lastDeployed: null,
        culprit: 'dns',
      }),
      'warn [plan] network skipped: dependency_failed (dns)',
    ],
    [
      'a resource with its id and time',
      draft('resource_created', SCOPE, { ...where, resource: { ...vpc, id: 'vpc-1' }, durationSeconds: 1.5 }),
      'info [network] created aws:ec2/vpc:Vpc (main) vpc-1 in 1.5 s',
    ],
    ['the start of a resource, for diagnosis', aResource('main'), 'debug [network] creating aws:ec2/vpc:Vpc (main)'],
    [
      'a failed resource',
      draft('resource_failed', SCOPE, { ...where, resource: vpc, error: { code: 'X_FAILED', message: 'no room' } }),
      'error [network] aws:ec2/vpc:Vpc (main) failed: X_FAILED: no room',
    ],
    ['a line of a program', aLog('hello', 'warn'), 'warn [network] hello'],
    [
      'a line of the orchestrator under its own name',
      draft('log', SCOPE, { ...where, level: 'info', message: 'deploy', context: { component: 'plan' } }),
      'info [plan] deploy',
    ],
    [
      'checks that failed',
      draft('validation_complete', SCOPE, { valid: false, errors: 2, warnings: 1 }),
      'error [validate] checks before the run failed: 2 errors, 1 warnings',
    ],
    [
      'an automatic rollback with what it cannot restore',
      draft('rollback_started', SCOPE, {
        trigger: 'auto',
        reason: 'network failed',
        fromVersion: 2,
        toVersion: 1,
        stacks: ['network'],
        irreversible: [{ stack: 'db', urn: 'urn:db', why: 'destroyed' }],
      }),
      'warn [rollback] rollback from version 2 to 1 started (auto: network failed): network; cannot be restored: urn:db',
    ],
  ])('tells %s', (_what, event, line) => {
    expect(told(event)).toBe(line);
  });

  it.each([
    ['progress of a run', aRunProgress(10)],
    ['progress of a stack', aStackProgress(10)],
    ['what happens outside of runs', draft('environment_enabled', { organization: 'acme' }, { by: 'a' })],
  ])('has none for %s', (_what, event) => {
    expect(told(event as EventDraft)).toBe('no line');
  });

  it('carries what its sentence was made from', () => {
    expect(lineOf(stored(aStackEnd(), 1))?.metadata).toEqual({
      event: 'stack_deployed',
      layer: 1,
      status: 'deployed',
      resourcesCreated: 1,
      resourcesUpdated: 0,
      resourcesDeleted: 0,
      durationSeconds: 2,
      outputs: {},
    });
  });
});

it.each([
  ['deploy-stack', 'deploy'],
  ['clone', 'deploy'],
  ['destroy-stack', 'destroy'],
  ['drift-fix', 'drift-fix'],
])('an operation %s writes a log of type %s', (operation, type) => {
  expect(logTypeOf(operation)).toBe(type);
});
