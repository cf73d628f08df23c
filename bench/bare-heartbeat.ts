import fastify from 'fastify';
import { MongoClient } from 'mongodb';

/**
 * The baseline of `heartbeat` and `session-read`: Fastify as it comes and one command of the raw driver on the same database; no
 * authentication, no validation, no limits, no log. Collection and sessions are those of the server. Tells its address over IPC.
 */
const client = await MongoClient.connect(String(process.env['MONGODB_URI']), { maxPoolSize: 20 });
const sessions = client.db().collection('sessions');
const app = fastify({ logger: false });
app.post<{ Params: { id: string } }>('/api/sessions/:id/heartbeat', ({ params }) =>
  sessions.findOneAndUpdate(
    { session_id: params.id },
    [
      {
        $set: {
          last_heartbeat: { $max: ['$last_heartbeat', '$$NOW'] },
          heartbeat_count: { $add: ['$heartbeat_count', 1] },
          updated_at: '$$NOW',
        },
      },
    ],
    { returnDocument: 'after' },
  ),
);
app.get<{ Params: { id: string } }>('/api/sessions/:id', ({ params }) => sessions.findOne({ session_id: params.id }));
const url = await app.listen({ port: 0, host: '127.0.0.1' });
process.send?.({ event: 'listening', url });
process.on('disconnect', () => process.exit(0));
