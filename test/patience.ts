// Real databases, engines and processes: slow on a busy machine, and speed is not what these suites are about.
jest.setTimeout(120_000);
