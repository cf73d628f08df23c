import fastify from 'fastify';

/** The baseline of `health`: Fastify as it comes, answering the same body. Tells its address over IPC. */
const app = fastify({ logger: false });
app.get('/health', () => ({
  status: 'ok',
  timestamp: new Date().toISOString(),
  uptime: Math.floor(process.uptime()),
}));
const url = await app.listen({ port: 0, host: '127.0.0.1' });
process.send?.({ event: 'listening', url });
process.on('disconnect', () => process.exit(0));
