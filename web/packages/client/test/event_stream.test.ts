import { afterEach, describe, expect, test, vi } from 'vitest';

import { openEventStream, type EventStream, type ServerSentEvent, type StreamState } from '../src';

interface Connection {
  headers: Headers;
  send(text: string): void;
  end(): void;
}

let stream: EventStream | undefined;
afterEach(() => stream?.close());

function setup(
  options: { answers?: (Response | Error)[]; silence_ms_max?: number; lastEventId?: string } = {},
) {
  const connections: Connection[] = [];
  const events: ServerSentEvent[] = [];
  const states: StreamState[] = [];
  const waits: number[] = [];
  const onUnauthorized = vi.fn();
  let token = 1;
  stream = openEventStream({
    url: 'http://127.0.0.1/stream',
    getToken: () => `token${token++}`,
    onEvent: (event) => events.push(event),
    onState: (state) => states.push(state),
    onUnauthorized,
    random: () => 1,
    sleep: async (ms) => {
      waits.push(ms);
      await new Promise((resolve) => setTimeout(resolve, 0));
    },
    ...(options.silence_ms_max && { silence_ms_max: options.silence_ms_max }),
    ...(options.lastEventId && { lastEventId: options.lastEventId }),
    fetch: async (_url, init) => {
      const next = options.answers?.shift();
      if (next instanceof Error) throw next;
      if (next) return next;
      let controller!: ReadableStreamDefaultController<Uint8Array>;
      const body = new ReadableStream<Uint8Array>({ start: (c) => void (controller = c) });
      init!.signal!.addEventListener('abort', () => {
        try {
          controller.error(new Error('aborted'));
        } catch {
          // it has ended already
        }
      });
      connections.push({
        headers: new Headers(init!.headers),
        send: (text) => controller.enqueue(new TextEncoder().encode(text)),
        end: () => controller.close(),
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    },
  });
  return { connections, events, states, waits, onUnauthorized };
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 2000, interval: 2 });

describe('openEventStream', () => {
  test('sends the token and hands over events', async () => {
    const { connections, events } = setup();
    await until(() => expect(connections).toHaveLength(1));
    expect(connections[0]!.headers.get('authorization')).toBe('Bearer token1');
    expect(connections[0]!.headers.has('last-event-id')).toBe(false);
    connections[0]!.send('id: 7\nevent: notification\ndata: {}\n\n');
    await until(() => expect(events).toEqual([{ id: '7', event: 'notification', data: '{}' }]));
    expect(stream!.lastEventId).toBe('7');
  });

  test('after a break it comes back with a fresh token and the last id', async () => {
    const { connections, states } = setup();
    await until(() => expect(connections).toHaveLength(1));
    connections[0]!.send('id: 7\ndata: a\n\n');
    connections[0]!.end();
    await until(() => expect(connections).toHaveLength(2));
    expect(connections[1]!.headers.get('authorization')).toBe('Bearer token2');
    expect(connections[1]!.headers.get('last-event-id')).toBe('7');
    expect(states.slice(0, 5)).toEqual(['connecting', 'open', 'waiting', 'connecting', 'open']);
  });

  test('pauses grow while it fails, follow Retry-After, and start again after a good connection', async () => {
    const busy = () => new Response('', { status: 503, headers: { 'retry-after': '20' } });
    const { connections, waits } = setup({
      answers: [new TypeError('refused'), new TypeError('refused'), busy()],
    });
    await until(() => expect(connections).toHaveLength(1));
    expect(waits).toEqual([1000, 2000, 20_000]);
    connections[0]!.send(': ping\n');
    connections[0]!.end();
    await until(() => expect(connections).toHaveLength(2));
    expect(waits[3]).toBe(1000);
  });

  test('a silent connection is given up and replaced', async () => {
    const { connections } = setup({ silence_ms_max: 20 });
    await until(() => expect(connections.length).toBeGreaterThan(1));
  });

  test('401 closes it for good and is told', async () => {
    const { states, onUnauthorized, connections } = setup({
      answers: [new Response('', { status: 401 })],
    });
    await until(() => expect(states.at(-1)).toBe('closed'));
    expect(onUnauthorized).toHaveBeenCalledTimes(1);
    expect(connections).toHaveLength(0);
  });

  test('close() ends it, and nothing comes after', async () => {
    const { connections, states } = setup({ lastEventId: '3' });
    await until(() => expect(connections).toHaveLength(1));
    expect(connections[0]!.headers.get('last-event-id')).toBe('3');
    stream!.close();
    await until(() => expect(states.at(-1)).toBe('closed'));
    expect(connections).toHaveLength(1);
  });
});
