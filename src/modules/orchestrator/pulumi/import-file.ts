import type { ResourceImport } from '../engine.port.js';

/** In the work folder. */
export const IMPORT_FILE = 'import.json';

/** What `pulumi import --file` reads. Parents are given by names of a table of its own. */
export function importFile(resources: readonly ResourceImport[]): string {
  const parents = [...new Set(resources.flatMap(({ parent }) => (parent === undefined ? [] : [parent])))];
  const nameOfParent = new Map(parents.map((urn, index) => [urn, `parent${index}`]));
  return JSON.stringify({
    nameTable: Object.fromEntries(parents.map((urn, index) => [`parent${index}`, urn])),
    resources: resources.map(({ type, name, id, parent }) => ({
      type,
      name,
      id,
      ...(parent === undefined ? {} : { parent: nameOfParent.get(parent) }),
    })),
  });
}
