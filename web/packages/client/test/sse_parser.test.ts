import { describe, expect, test } from 'vitest';

import {
  EventTooLargeError,
  SseParser,
  event_characters_max,
  type ServerSentEvent,
} from '../src/sse_parser';

function parse(text: string, chunk_bytes = Infinity, last_event_id = ''): ServerSentEvent[] {
  const parser = new SseParser(last_event_id);
  const bytes = new TextEncoder().encode(text);
  const events: ServerSentEvent[] = [];
  for (let i = 0; i < bytes.length; i += Math.min(chunk_bytes, bytes.length)) {
    events.push(...parser.push(bytes.slice(i, i + chunk_bytes)).events);
  }
  return events;
}

const stream =
  '\ufeff: welcome\r\n\r\nid: 1\nevent: notification\ndata: {"a":1}\n\n' +
  'data: grüße\r\ndata:\r\ndata:  two\r\n\r\n: ping\n\nid\nevent: changed\ndata\n\ndata: last, never ended';

const expected = [
  { event: 'notification', data: '{"a":1}', id: '1' },
  { event: 'message', data: 'grüße\n\n two', id: '1' },
  { event: 'changed', data: '', id: '' },
];

describe('SseParser', () => {
  test.each([Infinity, 1, 2, 3, 7, 13])(
    'chunks of %d bytes give the same events',
    (chunk_bytes) => {
      expect(parse(stream, chunk_bytes)).toEqual(expected);
    },
  );

  test('every line ending, also when it is cut in two', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      // a lone CR is complete only when the next byte shows that no LF follows
      const text = `data: a${end}${end}data: b${end}${end}:`;
      for (const size of [Infinity, 1, 2, 5]) {
        expect(parse(text, size).map((event) => event.data)).toEqual(['a', 'b']);
      }
    }
  });

  test('an event without data is no event, and does not name the next one', () => {
    expect(parse('event: x\n\ndata: y\n\n')).toEqual([{ event: 'message', data: 'y', id: '' }]);
  });

  test('an id with a NUL is ignored, and the id outlives its event', () => {
    expect(parse('id: a\0b\ndata: 1\n\n', Infinity, 'before')[0]?.id).toBe('before');
  });

  test('retry: only digits count', () => {
    const parser = new SseParser();
    const push = (text: string) => parser.push(new TextEncoder().encode(text)).retry_ms;
    expect(push('retry: 2500\n')).toBe(2500);
    expect(push('retry: soon\n')).toBeUndefined();
  });

  test('an endless event is refused, in one line or in many', () => {
    const half = 'x'.repeat(event_characters_max / 2 + 1);
    expect(() => parse(`data: ${half}${half}`)).toThrow(EventTooLargeError);
    expect(() => parse(`data: ${half}\ndata: ${half}\n`)).toThrow(EventTooLargeError);
  });
});
