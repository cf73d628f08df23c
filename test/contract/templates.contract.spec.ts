import { randomBytes } from 'node:crypto';
import mongoose, { type Connection, type Model, type Schema } from 'mongoose';
import {
  customTemplateSchema,
  MANIFEST_TEMPLATE_VERSIONS,
  MANIFEST_TEMPLATES,
  STACK_TEMPLATES,
  stackRegistrationSchema,
  TEMPLATE_CHANGES,
  templateChangeSchema,
  templateVersionSchema,
} from '../../src/modules/templates/template.schema.js';
import type { CustomTemplate, TemplateVersion } from '../../src/modules/templates/custom-template.js';
import type { StackRegistration } from '../../src/modules/templates/stack-registration.js';
import { TemplatesRepository } from '../../src/modules/templates/templates.repository.js';
import type { Surface } from '../../src/shared/kernel/surface.js';
import { FakeTemplatesRepository } from '../fakes/fake-templates.repository.js';

const AT = new Date('2030-01-01T00:00:00Z');
const aTemplate = (fields: Partial<CustomTemplate>): CustomTemplate => ({
  templateId: 'tpl-1',
  organization: 'acme',
  name: 'house',
  version: '1.0.0',
  revision: 1,
  status: 'active',
  document: { name: 'house', stacks: { network: { enabled: true, config: { 'a.b': 1, $c: 2 } } } },
  change: 1,
  createdAt: AT,
  createdBy: 'ada',
  updatedAt: AT,
  updatedBy: 'ada',
  ...fields,
});
const aVersion = (version: string, revision: number): TemplateVersion => ({
  templateId: 'tpl-1',
  version,
  revision,
  document: { name: 'house' },
  contentHash: 'ab',
  changes: ['description updated'],
  createdAt: AT,
  createdBy: 'ada',
});
const aRegistration = (fields: Partial<StackRegistration>): StackRegistration => ({
  name: 'queue',
  status: 'active',
  revision: 1,
  document: { name: 'queue', dependencies: [] },
  resources: [{ type: 'aws:sqs/queue:Queue', description: 'The queue' }],
  codeHash: null,
  sourcePath: 'queue/src/index.ts',
  registeredAt: AT,
  registeredBy: 'ada',
  updatedAt: AT,
  updatedBy: 'ada',
  change: 2,
  ...fields,
});

/** What both the repository and its fake promise. */
function contract(name: string, open: () => Promise<Surface<TemplatesRepository>>): void {
  describe(`TemplatesRepository: ${name}`, () => {
    let repository: Surface<TemplatesRepository>;
    beforeEach(async () => {
      repository = await open();
    });

    it('numbers changes from 1 and gives back what came after one', async () => {
      expect(await repository.lastChange()).toBe(0);
      expect([await repository.takeChange(), await repository.takeChange()]).toEqual([1, 2]);
      expect(await repository.lastChange()).toBe(2);
      const [house, office] = [aTemplate({}), aTemplate({ templateId: 'tpl-2', name: 'office', change: 3 })];
      await repository.saveTemplate(office);
      await repository.saveTemplate(house);
      expect(await repository.listTemplates(0)).toEqual([house, office]);
      expect(await repository.listTemplates(1)).toEqual([office]);
    });

    it('replaces what it saves again', async () => {
      await repository.saveTemplate(aTemplate({}));
      const deleted = aTemplate({ status: 'deleted', revision: 2, change: 5 });
      await repository.saveTemplate(deleted);
      expect(await repository.listTemplates(0)).toEqual([deleted]);
      await repository.saveRegistration(aRegistration({}));
      const changed = aRegistration({ resources: [], revision: 2, change: 6 });
      await repository.saveRegistration(changed);
      expect(await repository.listRegistrations(0)).toEqual([changed]);
      expect(await repository.listRegistrations(6)).toEqual([]);
    });

    it('keeps versions, newest first', async () => {
      for (const [i, version] of ['1.0.0', '1.1.0', '1.2.0'].entries()) {
        await repository.addVersion(aVersion(version, i + 1));
      }
      expect(await repository.findVersion('tpl-1', '1.1.0')).toEqual(aVersion('1.1.0', 2));
      expect(await repository.findVersion('tpl-2', '1.1.0')).toBeNull();
      expect(await repository.listVersions('tpl-1', { skip: 1, limit: 1 })).toEqual({
        versions: [aVersion('1.1.0', 2)],
        total: 3,
      });
    });
  });
}

contract('in memory', async () => new FakeTemplatesRepository());

describe('on a database', () => {
  let connection: Connection;
  afterEach(async () => {
    await connection.dropDatabase();
    await connection.close();
  });
  contract('MongoDB', async () => {
    connection = await mongoose
      .createConnection(String(process.env['MONGODB_URI']), { dbName: `templates_${randomBytes(4).toString('hex')}` })
      .asPromise();
    const model = <T>(name: string, schema: Schema<T>): Model<T> =>
      connection.model(name, schema) as unknown as Model<T>;
    const repository = new TemplatesRepository(
      model(MANIFEST_TEMPLATES, customTemplateSchema),
      model(MANIFEST_TEMPLATE_VERSIONS, templateVersionSchema),
      model(STACK_TEMPLATES, stackRegistrationSchema),
      model(TEMPLATE_CHANGES, templateChangeSchema),
    );
    await repository.prepare();
    return repository;
  });
});
