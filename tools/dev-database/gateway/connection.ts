/**
 * One client connection. Commands of a connection run one after the other; more of them wait here, and beyond a few the
 * socket is not read any more, nor while the client does not take its answers.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Command } from './command.js';
import type { Commands, Reply } from './commands.js';
import type { Surroundings } from './diagnostics.js';
import { CommandError, MalformedMessage, shuttingDown } from './gateway.errors.js';
import { toCommandError } from './sqlstate.js';
import { encodeReply, MessageBuffer, parseRequest, type Request } from './wire.js';

const WAITING_AT_MOST = 8;

export class Connection {
  private readonly incoming = new MessageBuffer();
  private readonly waiting: Request[] = [];
  private isWorking = false;
  private isStopping = false;

  constructor(
    private readonly socket: Socket,
    private readonly commands: Commands,
    private readonly surroundings: () => Surroundings,
    onClosed: (connection: Connection) => void,
  ) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.waiting.length = 0;
      commands.transactions.connectionClosed(this);
      onClosed(this);
    });
  }

  get isIdle(): boolean {
    return !this.isWorking && this.waiting.length === 0;
  }

  /** No new commands; closes once the running one is answered. */
  stop(): void {
    this.isStopping = true;
    if (this.isIdle) this.socket.destroySoon();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    this.incoming.push(chunk);
    try {
      for (let message = this.incoming.next(); message; message = this.incoming.next())
        this.waiting.push(parseRequest(message));
    } catch (error) {
      this.giveUp(error);
      return;
    }
    if (this.waiting.length > WAITING_AT_MOST) this.socket.pause();
    if (!this.isWorking) void this.work();
  }

  private async work(): Promise<void> {
    this.isWorking = true;
    for (let request = this.waiting.shift(); request; request = this.waiting.shift()) {
      try {
        const reply = await this.answer(request);
        if (this.socket.destroyed) break;
        if (request.wantsReply && !this.socket.write(encodeReply(request, reply))) await this.drained();
      } catch (error) {
        this.giveUp(error);
        break;
      }
      if (this.waiting.length <= WAITING_AT_MOST / 2 && this.socket.isPaused()) this.socket.resume();
    }
    this.isWorking = false;
    if (this.isStopping) this.socket.destroySoon();
  }

  /** @throws MalformedMessage only: every other failure is an answer */
  private async answer(request: Request): Promise<Reply> {
    try {
      if (this.isStopping) throw shuttingDown();
      const command = new Command(request);
      return await this.commands.run(command, { connection: this, surroundings: this.surroundings });
    } catch (error) {
      if (error instanceof MalformedMessage) throw error;
      return (error instanceof CommandError ? error : toCommandError(error)).toReply();
    }
  }

  private async drained(): Promise<void> {
    await Promise.race([once(this.socket, 'drain'), once(this.socket, 'close')]).catch(() => undefined);
  }

  /** What came is not the protocol, or not decodable: there is no way to answer it. */
  private giveUp(_error: unknown): void {
    this.waiting.length = 0;
    this.socket.destroy();
  }
}
