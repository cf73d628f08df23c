import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Commands } from './commands.js';
import { Connection } from './connection.js';
import { PostgresPools } from './postgres-pools.js';

/** How long running commands may take to end at a stop. */
const DRAIN_MS = 5_000;

/** Serves MongoDB's wire protocol on the loopback address, from PostgreSQL with DocumentDB behind `socketFolder`. */
export class GatewayServer {
  private readonly connections = new Set<Connection>();
  private readonly commands: Commands;
  private readonly startedAt = Date.now();
  private readonly server: Server;
  private connectionsSoFar = 0;

  constructor(socketFolder: string) {
    this.commands = new Commands(new PostgresPools(socketFolder));
    this.server = createServer((socket) => {
      const connectionId = (this.connectionsSoFar += 1);
      const remoteAddress = `${socket.remoteAddress}:${socket.remotePort}`;
      const surroundings = () => ({
        connectionId,
        remoteAddress,
        openConnections: this.connections.size,
        openTransactions: this.commands.transactions.size,
        startedAt: this.startedAt,
      });
      const connection = new Connection(socket, this.commands, surroundings, (closed) =>
        this.connections.delete(closed),
      );
      this.connections.add(connection);
    });
  }

  /** @returns the port, chosen by the system for 0 */
  async listen(port: number): Promise<number> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  /** Lets running commands end, answers, closes. */
  async stop(): Promise<void> {
    this.server.close();
    for (const connection of this.connections) connection.stop();
    for (const deadline = Date.now() + DRAIN_MS; this.connections.size > 0 && Date.now() < deadline;) await pause(10);
    for (const connection of this.connections) connection.destroy();
    await this.commands.close();
  }
}
