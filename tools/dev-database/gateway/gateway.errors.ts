/** Bytes that are not the protocol: the connection is closed, nobody is answered. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

export type ErrorLabel = 'TransientTransactionError' | 'UnknownTransactionCommitResult' | 'RetryableWriteError';

/** An error as MongoDB's clients know it. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  constructor(
    readonly code: number,
    readonly codeName: string,
    message: string,
    readonly extra: {
      readonly labels?: readonly ErrorLabel[];
      readonly fields?: Readonly<Record<string, unknown>>;
    } = {},
  ) {
    super(message);
  }

  withLabel(label: ErrorLabel): CommandError {
    const labels = [...new Set([...(this.extra.labels ?? []), label])];
    return new CommandError(this.code, this.codeName, this.message, { ...this.extra, labels });
  }

  toReply(): Record<string, unknown> {
    const { labels, fields } = this.extra;
    return {
      ok: 0,
      errmsg: this.message,
      code: this.code,
      codeName: this.codeName,
      ...fields,
      ...(labels && labels.length > 0 ? { errorLabels: labels } : {}),
    };
  }
}

export const noSuchTransaction = (message: string): CommandError =>
  new CommandError(251, 'NoSuchTransaction', message, { labels: ['TransientTransactionError'] });

export const writeConflict = (): CommandError =>
  new CommandError(112, 'WriteConflict', 'Write conflict during plan execution and yielding is disabled. Please retry your operation or multi-document transaction.'); // prettier-ignore

export const shuttingDown = (): CommandError =>
  new CommandError(91, 'ShutdownInProgress', 'The database is shutting down', { labels: ['RetryableWriteError'] });
