import type { Command } from './command.js';
import { sessionKey } from './command.js';
import { Cursors } from './cursors.js';
import { Definitions } from './definitions.js';
import * as diagnostics from './diagnostics.js';
import type { Surroundings } from './diagnostics.js';
import { Executor } from './executor.js';
import { explain } from './explain.js';
import { CommandError } from './gateway.errors.js';
import { setParameter } from './parameters.js';
import type { PostgresPools } from './postgres-pools.js';
import * as reads from './reads.js';
import { Transactions } from './transactions.js';
import * as writes from './writes.js';

export type Reply = Buffer | Record<string, unknown>;

/** The client's side of a command: its connection as an identity, and what diagnostics tell about it. */
export interface Caller {
  readonly connection: object;
  readonly surroundings: () => Surroundings;
}

type Handler = (command: Command, caller: Caller) => Reply | Promise<Reply>;

const OK = { ok: 1 } as const;

/** Every command the gateway knows, and what they share. */
export class Commands {
  readonly transactions: Transactions;
  private readonly cursors: Cursors;
  private readonly executor: Executor;
  private readonly handlers: ReadonlyMap<string, Handler>;

  constructor(private readonly pools: PostgresPools) {
    this.transactions = new Transactions(pools);
    this.executor = new Executor(pools, this.transactions);
    this.cursors = new Cursors((ids) => void reads.deleteCursors(this.executor, ids).catch(() => undefined));
    this.handlers = this.register();
  }

  /** @throws CommandError or what the database threw */
  async run(command: Command, caller: Caller): Promise<Reply> {
    const handler = this.handlers.get(command.name);
    if (!handler) throw new CommandError(59, 'CommandNotFound', `no such command: '${command.name}'`);
    return handler(command, caller);
  }

  async close(): Promise<void> {
    this.cursors.close();
    await this.transactions.close();
    await this.pools.end();
  }

  private register(): Map<string, Handler> {
    const { executor, cursors } = this;
    const definitions = new Definitions(executor);
    const open: Handler = (command, { connection }) => reads.openCursor(executor, cursors, command, connection);
    const once: Handler = (command, { connection }) => reads.readOnce(executor, command, connection);
    const write: Handler = (command, { connection }) => writes.write(executor, command, connection);
    const define: Handler = (command, { connection }) => definitions.run(command, connection);
    const findAndModify: Handler = (command, { connection }) => writes.findAndModify(executor, command, connection);
    const hello: Handler = (command, { surroundings }) => diagnostics.hello(command, surroundings());
    return new Map<string, Handler>([
      ['hello', hello],
      ['isMaster', hello],
      ['ismaster', hello],
      ['ping', () => OK],
      ['buildInfo', diagnostics.buildInfo],
      ['buildinfo', diagnostics.buildInfo],
      ['connectionStatus', diagnostics.connectionStatus],
      ['whatsmyuri', (command, { surroundings }) => diagnostics.whatsmyuri(command, surroundings())],
      ['hostInfo', diagnostics.hostInfo],
      ['serverStatus', (command, { surroundings }) => diagnostics.serverStatus(command, surroundings())],
      ['getParameter', diagnostics.getParameter],
      ['setParameter', (command) => setParameter(this.pools, command)],
      ['find', open],
      ['aggregate', open],
      ['listCollections', open],
      ['getMore', (command, { connection }) => reads.getMore(executor, cursors, command, connection)],
      ['killCursors', (command) => reads.killCursors(executor, cursors, command)],
      ['count', once],
      ['distinct', once],
      ['listIndexes', (command, { connection }) => reads.listIndexes(executor, command, connection)],
      ['listDatabases', (command, { connection }) => reads.listDatabases(executor, command, connection)],
      ['insert', write],
      ['update', write],
      ['delete', write],
      ['findAndModify', findAndModify],
      ['findandmodify', findAndModify],
      ['create', define],
      ['createIndexes', define],
      ['drop', define],
      ['dropDatabase', define],
      ['dropIndexes', define],
      ['collMod', define],
      ['renameCollection', define],
      ['explain', (command, { connection }) => explain(executor, command, connection)],
      ['commitTransaction', (command) => this.endTransaction(command, 'commit')],
      ['abortTransaction', (command) => this.endTransaction(command, 'abort')],
      ['startSession', (command) => ({ id: command.decode()['lsid'] ?? {}, timeoutMinutes: 30, ok: 1 })],
      ['refreshSessions', () => OK],
      ['endSessions', (command) => this.endSessions(command)],
      ['killSessions', (command) => this.endSessions(command)],
    ]);
  }

  private async endTransaction(command: Command, how: 'commit' | 'abort'): Promise<Reply> {
    const { transaction } = command;
    if (!transaction)
      throw new CommandError(263, 'OperationNotSupportedInTransaction', `${command.name} needs a transaction`);
    this.cursors.endTransaction(transaction.session);
    await this.transactions[how](transaction);
    return OK;
  }

  private async endSessions(command: Command): Promise<Reply> {
    for (const lsid of command.documents(command.name)) {
      const session = sessionKey(lsid);
      if (session) await this.transactions.endSession(session);
    }
    return OK;
  }
}
