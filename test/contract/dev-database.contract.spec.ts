import mongoose from 'mongoose';

it('lets Mongoose connect', async () => {
  const c = await mongoose.createConnection(process.env['MONGODB_URI'] ?? '', { dbName: 'x1' }).asPromise();
  await c.collection('x').insertOne({ a: 1 });
  expect(await c.collection('x').countDocuments()).toBe(1);
  await c.close();
});
