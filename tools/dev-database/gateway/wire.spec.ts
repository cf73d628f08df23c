import { BSON } from 'mongodb';
import { decode, encode } from './bson-scan.js';
import { Command } from './command.js';
import { MalformedMessage } from './gateway.errors.js';
import { encodeReply, MAX_MESSAGE_BYTES, MessageBuffer, parseRequest } from './wire.js';

const OP_MSG = 2013;

function frame(opCode: number, body: Buffer, id = 7): Buffer {
  const header = Buffer.alloc(16);
  header.writeInt32LE(16 + body.length, 0);
  header.writeInt32LE(id, 4);
  header.writeInt32LE(opCode, 12);
  return Buffer.concat([header, body]);
}

function flags(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

const section = (doc: object): Buffer => Buffer.concat([Buffer.from([0]), encode(doc)]);

function sequence(name: string, docs: object[]): Buffer {
  const body = Buffer.concat([Buffer.from(`${name}\0`), ...docs.map((doc) => encode(doc))]);
  const length = Buffer.alloc(4);
  length.writeInt32LE(body.length + 4);
  return Buffer.concat([Buffer.from([1]), length, body]);
}

describe('cutting bytes into messages', () => {
  it('yields the same messages however the bytes arrive', () => {
    const messages = [
      frame(OP_MSG, Buffer.alloc(30, 1)),
      frame(OP_MSG, Buffer.alloc(1, 2)),
      frame(OP_MSG, Buffer.alloc(500, 3)),
    ];
    const bytes = Buffer.concat(messages);
    for (const step of [1, 3, 17, 100, bytes.length]) {
      const buffer = new MessageBuffer();
      const out: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += step) {
        buffer.push(bytes.subarray(at, at + step));
        for (let message = buffer.next(); message; message = buffer.next()) out.push(Buffer.from(message));
      }
      expect(out).toEqual(messages);
      expect(buffer.length).toBe(0);
    }
  });

  it.each([15, 0, -1, MAX_MESSAGE_BYTES + 1])(
    'refuses a message of %d bytes as soon as its length is known',
    (length) => {
      const buffer = new MessageBuffer();
      const header = Buffer.alloc(16);
      header.writeInt32LE(length);
      buffer.push(header);
      expect(() => buffer.next()).toThrow(MalformedMessage);
    },
  );
});

describe('reading a message', () => {
  it('takes command and document sequence apart, and puts them together on demand', () => {
    const documents = [{ _id: 1 }, { _id: 2, text: 'ä' }];
    const body = Buffer.concat([flags(0), section({ insert: 'x', $db: 'd' }), sequence('documents', documents)]);
    const request = parseRequest(frame(OP_MSG, body));
    expect(request).toMatchObject({ id: 7, wantsReply: true, legacy: false });
    expect(new Command(request).decode()).toEqual({ insert: 'x', $db: 'd', documents });
    expect(new Command(request).documents('documents')).toHaveLength(2);
  });

  it('leaves a checksum alone, and knows when nobody wants an answer', () => {
    const body = Buffer.concat([flags(1 | 2), section({ ping: 1, $db: 'd' }), Buffer.alloc(4, 9)]);
    expect(parseRequest(frame(OP_MSG, body)).wantsReply).toBe(false);
  });

  it('ignores optional flags, as the one that allows a stream of answers', () => {
    const body = Buffer.concat([flags(1 << 16), section({ hello: 1, $db: 'd' })]);
    expect(parseRequest(frame(OP_MSG, body)).wantsReply).toBe(true);
  });

  it('reads the old form of the handshake and answers in it', () => {
    const query = Buffer.concat([flags(0), Buffer.from('admin.$cmd\0'), Buffer.alloc(8), encode({ isMaster: 1 })]);
    const request = parseRequest(frame(2004, query));
    expect(new Command(request)).toMatchObject({ name: 'isMaster', database: 'admin' });
    const reply = encodeReply(request, { ok: 1 });
    expect([reply.readInt32LE(0), reply.readInt32LE(8), reply.readInt32LE(12), reply.readInt32LE(32)]).toEqual([
      reply.length,
      7,
      1,
      1,
    ]);
    expect(decode(reply.subarray(36))).toEqual({ ok: 1 });
  });

  it('passes an encoded answer through unchanged', () => {
    const answer = encode({ ok: 1, deep: { a: [1, 2] } });
    const reply = encodeReply({ id: 3, legacy: false }, answer);
    expect(reply.readInt32LE(8)).toBe(3);
    expect(reply.subarray(21)).toEqual(answer);
  });

  const good = section({ ping: 1, $db: 'd' });
  it.each<[string, Buffer]>([
    ['an unknown operation', frame(2010, good)],
    ['a required flag nobody knows', frame(OP_MSG, Buffer.concat([flags(4), good]))],
    ['no command', frame(OP_MSG, Buffer.concat([flags(0), sequence('documents', [{ a: 1 }])]))],
    ['two commands', frame(OP_MSG, Buffer.concat([flags(0), good, good]))],
    ['a section that reaches beyond the end', frame(OP_MSG, Buffer.concat([flags(0), good.subarray(0, -2)]))],
    ['a section of an unknown kind', frame(OP_MSG, Buffer.concat([flags(0), Buffer.from([7]), good.subarray(1)]))],
    ['an empty message', frame(OP_MSG, flags(0))],
  ])('refuses %s', (_what, message) => {
    expect(() => parseRequest(message)).toThrow(MalformedMessage);
  });
});

describe('reading the head of a command', () => {
  const lsid = { id: new BSON.UUID('0123456789abcdef0123456789abcdef') };
  const command = (doc: object): Command =>
    new Command({ id: 1, command: encode(doc), sequence: null, wantsReply: true, legacy: false });

  it('tells a statement of a transaction from a retryable write', () => {
    const txnNumber = BSON.Long.fromNumber(5);
    const inTransaction = command({ find: 'x', lsid, txnNumber, autocommit: false, startTransaction: true, $db: 'd' });
    const alone = command({ insert: 'x', lsid, txnNumber, $db: 'd' });
    expect(inTransaction.transaction).toEqual({
      session: '0123456789abcdef0123456789abcdef',
      number: 5n,
      starts: true,
    });
    expect(inTransaction.writeId).toBeNull();
    expect(alone).toMatchObject({ transaction: null, writeId: '0123456789abcdef0123456789abcdef:5' });
  });

  it.each([
    [50, 50],
    [BSON.Long.fromNumber(60), 60],
    [new BSON.Double(70), 70],
    [0, null],
    ['x', null],
  ])('reads a time limit of %p as %p', (maxTimeMS, expected) => {
    expect(command({ find: 'x', maxTimeMS, $db: 'd' }).maxTimeMs).toBe(expected);
  });

  it('finds its way past values of every type', () => {
    const all = {
      ping: 1,
      a: 1.5,
      b: 'text',
      c: { d: [1, { e: null }] },
      f: new BSON.Binary(Buffer.from('xyz')),
      g: new BSON.ObjectId(),
      h: true,
      i: new Date(),
      j: /re/i,
      k: new BSON.Code('x', { y: 1 }),
      l: new BSON.Timestamp({ t: 1, i: 2 }),
      m: BSON.Decimal128.fromString('1.2'),
      n: new BSON.MinKey(),
      o: new BSON.MaxKey(),
      $db: 'last',
    };
    expect(command(all).database).toBe('last');
  });

  it('refuses a document whose fields do not fit', () => {
    const raw = encode({ ping: 1, text: 'abc', $db: 'd' });
    raw.writeInt32LE(5000, raw.indexOf('text') + 5);
    expect(() => new Command({ id: 1, command: raw, sequence: null, wantsReply: true, legacy: false })).toThrow(
      MalformedMessage,
    );
  });
});
