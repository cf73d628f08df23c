import { reportSchema } from '../../src/modules/deployments/reports/operation-report.js';

/** docs/run-report.schema.json as text, from the definition of the report. */
export function schemaPage(): string {
  return `${JSON.stringify(reportSchema(), null, 2)}\n`;
}
