import type { Finding } from '../../templates/finding.js';

/** Something to know that stops nothing; the findings of rules are such. */
export type Notice = Pick<Finding, 'code' | 'severity' | 'message' | 'details'>;
