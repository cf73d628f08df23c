import { useEffect, useRef, useSyncExternalStore } from 'react';
import { request, session } from './api';

/** Event frame of api.md 4.4. */
export interface Frame {
  readonly type: string;
  readonly timestamp: string;
  readonly channel: string;
  readonly id: string;
  readonly seq: number;
  readonly cursor: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export type LiveState = 'off' | 'connecting' | 'live';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

interface Channel {
  readonly listeners: Set<(frame: Frame) => void>;
  /** Of the last frame seen: the next connection goes on after it. */
  cursor: string | undefined;
}

/**
 * One WebSocket for the whole page. A channel remembers its last cursor, so a connection that comes back replays what was
 * missed; `dropped` makes the channel ask again from where it lost something.
 */
class LiveSocket {
  readonly #channels = new Map<string, Channel>();
  readonly #watchers = new Set<() => void>();
  #socket: WebSocket | undefined;
  #state: LiveState = 'off';
  #waitMs = FIRST_WAIT_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;

  get state(): LiveState {
    return this.#state;
  }

  watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  subscribe(name: string, listener: (frame: Frame) => void): () => void {
    const channel = this.#channels.get(name) ?? { listeners: new Set(), cursor: undefined };
    this.#channels.set(name, channel);
    channel.listeners.add(listener);
    if (channel.listeners.size === 1) this.#ask(name, channel);
    if (!this.#socket) void this.#connect();
    return () => {
      channel.listeners.delete(listener);
      if (channel.listeners.size > 0) return;
      this.#channels.delete(name);
      this.#send({ action: 'unsubscribe', channel: name });
    };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#channels.clear();
    this.#socket?.close();
  }

  async #connect(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#state === 'connecting') return;
    this.#set('connecting');
    let ticket: string;
    try {
      ({ ticket } = await request<{ ticket: string }>('/auth/ws-ticket', { method: 'POST', body: {} }));
    } catch {
      return this.#later();
    }
    const address = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws?ticket=${encodeURIComponent(ticket)}`;
    const socket = new WebSocket(address);
    this.#socket = socket;
    socket.onopen = () => {
      this.#set('live');
      for (const [name, channel] of this.#channels) this.#ask(name, channel);
    };
    socket.onmessage = (message: MessageEvent<string>) => this.#receive(JSON.parse(message.data) as Partial<Frame>);
    socket.onclose = () => {
      this.#socket = undefined;
      this.#later();
    };
  }

  #receive(frame: Partial<Frame> & { since?: string; code?: string }): void {
    const channel = frame.channel === undefined ? undefined : this.#channels.get(frame.channel);
    if (!channel || frame.channel === undefined) return;
    this.#waitMs = FIRST_WAIT_MS;
    if (frame.type === 'subscribed' && frame.cursor) channel.cursor ??= frame.cursor;
    if (frame.type === 'dropped' && frame.since) {
      channel.cursor = frame.since;
      this.#ask(frame.channel, channel);
    }
    if (frame.type === 'error' && frame.code === 'WS_REPLAY_GAP') {
      channel.cursor = undefined; // too long away: the pages read the stored state anyway
      this.#ask(frame.channel, channel);
    }
    if (!frame.data || !frame.cursor) return;
    channel.cursor = frame.cursor;
    for (const listener of channel.listeners) listener(frame as Frame);
  }

  #ask(name: string, { cursor }: Channel): void {
    this.#send({ action: 'subscribe', channel: name, ...(cursor === undefined ? {} : { since: cursor }) });
  }

  #send(frame: Readonly<Record<string, unknown>>): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #later(): void {
    this.#set('off');
    if (this.#channels.size === 0 || !session.isSignedIn()) return;
    this.#timer = setTimeout(() => void this.#connect(), this.#waitMs * (0.75 + Math.random() / 2));
    this.#waitMs = Math.min(LONGEST_WAIT_MS, this.#waitMs * 2);
  }

  #set(state: LiveState): void {
    this.#state = state;
    for (const watcher of this.#watchers) watcher();
  }
}

export const live = new LiveSocket();

/** Hands every frame of a channel to `onFrame` while the component is shown. */
export function useChannel(channel: string | null, onFrame: (frame: Frame) => void): void {
  const handler = useRef(onFrame);
  useEffect(() => {
    handler.current = onFrame;
  });
  useEffect(() => {
    if (channel === null) return undefined;
    return live.subscribe(channel, (frame) => handler.current(frame));
  }, [channel]);
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(live.watch, () => live.state);
}
