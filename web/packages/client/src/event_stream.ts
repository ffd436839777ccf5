// Server-sent events over fetch. EventSource cannot send an Authorization header, so the stream is
// read by hand: resume with Last-Event-ID, back-off with jitter, a watchdog for silent connections.

import { retryAfterSeconds } from './errors';
import { sleepFor } from './resilient_fetch';
import { SseParser, type ServerSentEvent } from './sse_parser';

export type StreamState = 'connecting' | 'open' | 'waiting' | 'closed';

export interface EventStreamOptions {
  url: string;
  getToken: () => string | null | Promise<string | null>;
  onEvent: (event: ServerSentEvent) => void;
  onState?: (state: StreamState) => void;
  /** The server does not accept the token. The stream is closed; open a new one after sign-in. */
  onUnauthorized?: () => void;
  lastEventId?: string;
  fetch?: typeof globalThis.fetch;
  /** For tests. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  random?: () => number;
  silence_ms_max?: number;
}

export interface EventStream {
  close(): void;
  readonly lastEventId: string;
}

const delay_ms = 1_000;
const delay_ms_max = 30_000;
/** The server pings every 15 s: three missed pings mean that the connection is dead. */
const default_silence_ms_max = 50_000;

class Refused extends Error {}

/** Opens the stream and keeps it open until close(). Never throws. */
export function openEventStream(options: EventStreamOptions): EventStream {
  const closed = new AbortController();
  const sleep = options.sleep ?? sleepFor;
  const random = options.random ?? Math.random;
  const silence_ms_max = options.silence_ms_max ?? default_silence_ms_max;
  let last_event_id = options.lastEventId ?? '';
  let failures = 0;
  let retry_ms = delay_ms;
  let wait_ms = 0;

  async function connect(): Promise<Response> {
    const token = await options.getToken();
    const headers: Record<string, string> = { accept: 'text/event-stream' };
    if (token) headers['authorization'] = `Bearer ${token}`;
    if (last_event_id) headers['last-event-id'] = last_event_id;
    const send = options.fetch ?? globalThis.fetch;
    const response = await send(options.url, {
      headers,
      cache: 'no-store',
      signal: AbortSignal.any([closed.signal, silence.signal]),
    });
    if (response.status === 401 || response.status === 403) {
      if (response.status === 401) options.onUnauthorized?.();
      throw new Refused('the token is not accepted');
    }
    if (response.status === 204) throw new Refused('the server ended the stream for good');
    if (!response.ok || !response.body) {
      wait_ms = (retryAfterSeconds(response.headers, Date.now()) ?? 0) * 1000;
      throw new Error(`the stream answered ${response.status}`);
    }
    return response;
  }

  let silence = new AbortController();
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  function heard() {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => silence.abort(), silence_ms_max);
  }

  async function readOnce(): Promise<void> {
    silence = new AbortController();
    heard();
    try {
      const response = await connect();
      options.onState?.('open');
      const parser = new SseParser(last_event_id);
      const reader = response.body!.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        heard();
        failures = 0; // a connection that carries bytes is a good one
        const parsed = parser.push(value);
        if (parsed.retry_ms !== undefined) retry_ms = Math.min(delay_ms_max, parsed.retry_ms);
        for (const event of parsed.events) {
          last_event_id = event.id;
          options.onEvent(event);
        }
      }
    } finally {
      clearTimeout(watchdog);
      silence.abort(); // lets go of the socket also when the parser refused
    }
  }

  async function run(): Promise<void> {
    while (!closed.signal.aborted) {
      options.onState?.('connecting');
      wait_ms = 0;
      try {
        await readOnce();
      } catch (error) {
        if (error instanceof Refused) break;
      }
      if (closed.signal.aborted) break;
      options.onState?.('waiting');
      const step = Math.min(delay_ms_max, retry_ms * 2 ** Math.min(failures, 10));
      failures++;
      try {
        await sleep(Math.max(wait_ms, step / 2 + (random() * step) / 2), closed.signal);
      } catch {
        break;
      }
    }
    options.onState?.('closed');
  }

  void run();
  return {
    close: () => closed.abort(),
    get lastEventId() {
      return last_event_id;
    },
  };
}
