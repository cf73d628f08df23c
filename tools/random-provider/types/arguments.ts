import { map, number } from '../../sandbox-cloud/inputs.js';
import { CloudError } from '../../sandbox-cloud/provider.port.js';

/** Any change of it makes the value anew. */
export const KEEPERS = map({ replaces: true });

/** A whole number that is part of what the value is made from. */
export const count = (minimum: number, options: { required?: boolean } = {}) =>
  number({
    ...options,
    replaces: true,
    check: (value) =>
      Number.isSafeInteger(value) && value >= minimum
        ? undefined
        : `value must be a whole number of at least ${minimum}, got: ${value}`,
  });

export const invalidImport = (type: string, expected: string): CloudError =>
  new CloudError('InvalidImportId', `cannot import ${type}: expected ${expected}`);
