// Bytes of a text/event-stream -> events, by the HTML standard's rules. Pure: no I/O, no time.

export interface ServerSentEvent {
  /** `message` when the stream names none. */
  event: string;
  data: string;
  /** The last id seen so far in this stream, or ''. */
  id: string;
}

export interface ParsedChunk {
  events: ServerSentEvent[];
  /** The stream asked for this pause before a reconnect. */
  retry_ms?: number;
}

/** A stream that sends one endless event is broken or hostile. */
export const event_characters_max = 1_000_000;

export class EventTooLargeError extends Error {}

export class SseParser {
  private readonly decoder = new TextDecoder();
  private buffer = '';
  private ended_with_cr = false;
  private data: string[] = [];
  private data_characters = 0;
  private event = '';
  private id: string;

  constructor(last_event_id = '') {
    this.id = last_event_id;
  }

  /** Takes the next bytes, cut anywhere (also inside a character or between CR and LF). */
  push(bytes: Uint8Array): ParsedChunk {
    const parsed: ParsedChunk = { events: [] };
    let text = this.decoder.decode(bytes, { stream: true });
    if (text === '') return parsed;
    if (this.ended_with_cr && text.startsWith('\n')) text = text.slice(1);
    this.ended_with_cr = text.endsWith('\r');
    this.buffer += text;
    const lines = this.buffer.split(/\r\n|\r|\n/);
    this.buffer = lines.pop() ?? '';
    for (const line of lines) this.line(line, parsed);
    if (this.buffer.length + this.data_characters > event_characters_max) {
      throw new EventTooLargeError('an event of the stream is too large');
    }
    return parsed;
  }

  private line(line: string, parsed: ParsedChunk): void {
    if (line === '') return this.dispatch(parsed);
    if (line.startsWith(':')) return;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    switch (field) {
      case 'data':
        this.data.push(value);
        this.data_characters += value.length + 1;
        break;
      case 'event':
        this.event = value;
        break;
      case 'id':
        if (!value.includes('\0')) this.id = value;
        break;
      case 'retry':
        if (/^\d{1,9}$/.test(value)) parsed.retry_ms = Number(value);
        break;
    }
  }

  private dispatch(parsed: ParsedChunk): void {
    if (this.data.length > 0) {
      parsed.events.push({
        event: this.event || 'message',
        data: this.data.join('\n'),
        id: this.id,
      });
    }
    this.data = [];
    this.data_characters = 0;
    this.event = '';
  }
}
