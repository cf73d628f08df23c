import { BSON } from 'mongodb';
import { hostname, totalmem } from 'node:os';
import type { Command } from './command.js';
import { CommandError } from './gateway.errors.js';
import { MAX_DOCUMENT_BYTES, MAX_MESSAGE_BYTES } from './wire.js';

/** The version whose behaviour the commands follow; drivers decide by the wire version. */
const VERSION = '7.0.0';
const MAX_WIRE_VERSION = 21;
const MAX_WRITE_BATCH = 100_000;

export interface Surroundings {
  readonly connectionId: number;
  readonly remoteAddress: string;
  readonly openConnections: number;
  readonly openTransactions: number;
  readonly startedAt: number;
}

/**
 * Answers as a router of a sharded cluster does: drivers then use sessions, transactions and retryable writes, and do not
 * ask for what a replica set would have (members, an operation log, cluster time).
 * `localTime` is the database's clock: PostgreSQL runs on this machine.
 */
export function hello(_command: Command, { connectionId }: Surroundings): Record<string, unknown> {
  return {
    ismaster: true,
    isWritablePrimary: true,
    msg: 'isdbgrid',
    maxBsonObjectSize: MAX_DOCUMENT_BYTES,
    maxMessageSizeBytes: MAX_MESSAGE_BYTES,
    maxWriteBatchSize: MAX_WRITE_BATCH,
    localTime: new Date(),
    logicalSessionTimeoutMinutes: 30,
    connectionId,
    minWireVersion: 0,
    maxWireVersion: MAX_WIRE_VERSION,
    readOnly: false,
    ok: 1,
  };
}

export function buildInfo(): Record<string, unknown> {
  return {
    version: VERSION,
    versionArray: VERSION.split('.').concat('0').map(Number),
    gitVersion: 'none',
    modules: ['documentdb'],
    bits: 64,
    debug: false,
    maxBsonObjectSize: MAX_DOCUMENT_BYTES,
    ok: 1,
  };
}

export function connectionStatus(): Record<string, unknown> {
  return { authInfo: { authenticatedUsers: [], authenticatedUserRoles: [] }, ok: 1 };
}

export function whatsmyuri(_command: Command, { remoteAddress }: Surroundings): Record<string, unknown> {
  return { you: remoteAddress, ok: 1 };
}

export function hostInfo(): Record<string, unknown> {
  return {
    system: { currentTime: new Date(), hostname: hostname(), memSizeMB: Math.round(totalmem() / 1024 ** 2) },
    os: { type: process.platform },
    ok: 1,
  };
}

export function serverStatus(
  _command: Command,
  { startedAt, openConnections, openTransactions }: Surroundings,
): Record<string, unknown> {
  return {
    host: hostname(),
    version: VERSION,
    process: 'mongos',
    pid: BSON.Long.fromNumber(process.pid),
    uptime: Math.round((Date.now() - startedAt) / 1000),
    localTime: new Date(),
    connections: { current: openConnections },
    transactions: { currentOpen: BSON.Long.fromNumber(openTransactions) },
    ok: 1,
  };
}

const PARAMETERS: Readonly<Record<string, unknown>> = {
  featureCompatibilityVersion: { version: '7.0' },
  transactionLifetimeLimitSeconds: 60,
  cursorTimeoutMillis: BSON.Long.fromNumber(600_000),
};

export function getParameter(command: Command): Record<string, unknown> {
  const asked = command.decode();
  const all = asked['getParameter'] === '*';
  const found = Object.entries(PARAMETERS).filter(([name]) => all || name in asked);
  if (found.length === 0) throw new CommandError(72, 'InvalidOptions', 'no option found to get');
  return { ...Object.fromEntries(found), ok: 1 };
}
