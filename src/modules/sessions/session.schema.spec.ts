import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import mongoose from 'mongoose';
import { PROJECT_ROOT } from '../../shared/kernel/paths.js';
import { type SessionRecord, sessionSchema } from './session.schema.js';

const Model = mongoose.model<SessionRecord>('schema-spec', sessionSchema(86_400));
const whole: Partial<SessionRecord> = {
  session_id: 'b1f4a5de-0a62-4f3b-8d5e-0b8a5a1c2d3e',
  organization: 'acme',
  project_id: 'p1',
  machine_id: 'm1',
  status: 'active',
  last_heartbeat: new Date(),
  started_at: new Date(),
};
const problems = (fields: Record<string, unknown>): string[] =>
  Object.keys(new Model({ ...whole, ...fields }).validateSync()?.errors ?? {});

describe('the stored session', () => {
  it('is valid with what is required, and the rest has defaults', () => {
    expect(problems({})).toEqual([]);
    expect(new Model(whole)).toMatchObject({
      stall_count: 0,
      heartbeat_count: 0,
      epoch: 1,
      archived: false,
      metadata: {},
    });
  });

  it.each(['session_id', 'organization', 'project_id', 'machine_id', 'last_heartbeat', 'started_at'])(
    '[1.1.a] is refused without %s',
    (field) => {
      expect(problems({ [field]: undefined })).toEqual([field]);
    },
  );

  it.each([
    ['status', 'sleeping'],
    ['last_heartbeat', 'yesterday'],
    ['docker_slot', 0],
    ['docker_slot', 'first'],
    ['project_id', 'x'.repeat(201)],
    ['machine_id', ''],
    ['stall_threshold_ms', 59_999],
    ['heartbeat_count', 'many'],
  ])('[1.1.a] is refused with %s %j', (field, value) => {
    expect(problems({ [field]: value })).toEqual([field]);
  });

  it('[1.1.a] takes no field that it does not know', () => {
    expect(() => new Model({ ...whole, colour: 'red' })).toThrow(/colour/);
  });
});

it('[1.2.a] package.json holds the packages of the server', () => {
  const { dependencies } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of ['@nestjs/core', '@nestjs/mongoose', '@nestjs/swagger', 'mongoose', 'class-validator', 'zod']) {
    expect(dependencies[name]).toMatch(/^\d+\.\d+\.\d+$/);
  }
});

it('[1.2.e] the compiler is strict', () => {
  const { compilerOptions } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'tsconfig.json'), 'utf8')) as {
    compilerOptions: Record<string, unknown>;
  };
  expect(compilerOptions).toMatchObject({ strict: true, noUncheckedIndexedAccess: true, noImplicitReturns: true });
});
