/** Finds or downloads a mongod into the folder given and prints its path. A process of its own, because a download cannot be cancelled. */
import { MongoBinary } from 'mongodb-memory-server-core';

const [, , downloadDir = ''] = process.argv;

MongoBinary.getPath({ downloadDir }).then(
  (path) => process.stdout.write(`found ${path}\n`),
  (error: unknown) => {
    process.stdout.write(`failed ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
