/** What a way to run a database is asked for, and what it gives back. */
export interface StartRequest {
  readonly dataDir: string;
  readonly port: number;
  readonly say: (line: string) => void;
  readonly env: NodeJS.ProcessEnv;
  readonly gatewayEntry: string;
}

export interface Running {
  readonly uri: string;
  pids(): Readonly<Record<string, number>>;
  stop(): Promise<void>;
}
