/** The gateway as a process of its own: `main.js <socket folder> <port>`. Started by gateway-process.ts, and gone with it. */
import { shortFolderPath } from '../documentdb/socket-path.js';
import { GatewayServer } from './gateway-server.js';

const [, , socketFolder = '', port = '0'] = process.argv;

const gateway = new GatewayServer(shortFolderPath(socketFolder).path);
let isStopping = false;

async function stop(): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  await gateway.stop();
  process.exit(0);
}

process.on('message', (message) => {
  if (message === 'stop') void stop();
});
process.on('disconnect', () => void stop());
process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => undefined); // Ctrl-C reaches the whole group; our parent stops us in order

const listening = await gateway.listen(Number(port));
process.send?.({ port: listening });
