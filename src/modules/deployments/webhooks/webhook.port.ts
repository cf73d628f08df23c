/** What became of one request. */
export interface WebhookAnswer {
  /** null = no answer. */
  readonly statusCode: number | null;
  /** One sentence without the address; null where it was answered. */
  readonly error: string | null;
}

/** The way out to receivers of webhooks. Never throws: what goes wrong is the answer. */
export abstract class WebhookClient {
  /** POST; waits 10 s at most, follows no redirect. */
  abstract post(url: string, body: string, headers: Readonly<Record<string, string>>): Promise<WebhookAnswer>;
}
