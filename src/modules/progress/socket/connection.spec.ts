import { aLog, aResource, aStackEnd, stored } from '../../../../test/factories/events.js';
import { ManualClock } from '../../../../test/fakes/manual-clock.js';
import { Metrics } from '../../../shared/metrics/metrics.js';
import { SharedFrame } from '../event-frame.js';
import { CLOSE, Connection, type ConnectionDeps, type Socket } from './connection.js';
import { ConnectionQuota } from './connection-quota.js';

const MIB = 1024 * 1024;
const CHANNEL = 'deployments/D1BRV40';

/** A client that takes nothing until it is told to. */
class SlowSocket implements Socket {
  bufferedAmount = 0;
  readyState = 1;
  readonly sent: string[] = [];
  closedWith: number | null = null;
  #done: (() => void)[] = [];

  send(data: string | Buffer, _options: { binary: boolean }, done: () => void): void {
    this.sent.push(data.toString());
    this.#done.push(done);
  }

  close(code: number): void {
    this.closedWith = code;
    this.readyState = 2;
  }

  terminate(): void {}
  ping(): void {}

  take(): void {
    this.bufferedAmount = 0;
    for (const done of this.#done.splice(0)) done();
  }
}

describe('a slow client', () => {
  const socket = new SlowSocket();
  const deps = { clock: new ManualClock(), metrics: new Metrics(), quota: new ConnectionQuota() };
  const connection = new Connection(socket, deps as unknown as ConnectionDeps, {
    id: 'c1',
    address: '127.0.0.1',
    naming: 'underscore',
    selection: {},
  });

  it('is congested above 1 MiB', () => {
    socket.bufferedAmount = MIB;
    expect(connection.isCongested()).toBe(false);
    socket.bufferedAmount = MIB + 1;
    expect(connection.isCongested()).toBe(true);
  });

  it('holds up a replay until it has taken what was sent', async () => {
    connection.deliver(new SharedFrame(stored(aLog('x'), 1)), CHANNEL);
    let isDrained = false;
    const drained = connection.drained().then(() => {
      isDrained = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isDrained).toBe(false);
    socket.take();
    await drained;
    await connection.drained();
  });

  it('is closed 1013 above 8 MiB and gets nothing more', () => {
    socket.bufferedAmount = 8 * MIB;
    connection.deliver(new SharedFrame(stored(aStackEnd(), 2)), CHANNEL);
    const before = socket.sent.length;
    socket.bufferedAmount = 8 * MIB + 1;
    connection.deliver(new SharedFrame(stored(aResource('vpc'), 3)), CHANNEL);
    expect(socket.closedWith).toBe(CLOSE.overloaded);
    expect(socket.sent).toHaveLength(before);
  });
});
