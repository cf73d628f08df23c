import { LineCounter, parseDocument } from 'yaml';
import { type Finding, toFinding } from './finding.js';

/** Resolved aliases of one text: no document of ours comes near, an alias bomb would. */
const MAX_ALIASES = 100;

const RULE = {
  id: 'TPL-001',
  code: 'TEMPLATE_SYNTAX',
  severity: 'CRITICAL',
  remediation: 'Correct the YAML or JSON at that line.',
} as const;

/** TPL-001: the text parses, no key twice, no tags of its own; findings name line and column. */
export function readYaml(text: string): { readonly document: unknown; readonly findings: Finding[] } {
  const lines = new LineCounter();
  const parsed = parseDocument(text, { uniqueKeys: true, schema: 'core', lineCounter: lines });
  const findings = [...parsed.errors, ...parsed.warnings].map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return toFinding(RULE, {
      message: error.message.split('\n', 1)[0] ?? '',
      location: `line ${line}, column ${col}`,
      details: { line, column: col },
    });
  });
  if (findings.length > 0) return { document: undefined, findings };
  try {
    return { document: parsed.toJS({ maxAliasCount: MAX_ALIASES }), findings };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { document: undefined, findings: [toFinding(RULE, { message, location: '' })] };
  }
}
