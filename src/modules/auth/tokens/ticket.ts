/** How long a ticket for a WebSocket is good, in seconds (api.md 3.1). */
export const TICKET_SECONDS = 30;

/** Stands for the credential that asked for it, once. What that credential may do is looked up again when it is redeemed. */
export interface Ticket {
  /** SHA-256 of the ticket. */
  readonly hash: string;
  readonly principal: TicketHolder;
  readonly expiresAt: Date;
}

/** Enough of a principal to find it again (see Principals.recheck). */
export interface TicketHolder {
  readonly kind: 'user' | 'api_key' | 'static_key';
  readonly id: string;
  readonly jti: string | null;
  readonly sid: string | null;
  readonly amr: readonly string[];
  /** Of the credential, not of the ticket. */
  readonly expiresAt: Date | null;
}
