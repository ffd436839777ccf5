// Sends usage in batches and, where nobody knows whether it arrived, the same events with the same keys again: each
// counts once. For a server that meters; a page calls trackUsage().

import { backOffMs, default_retry_policy, sleepFor, type RetryPolicy } from './resilient_fetch';

export interface UsageEvent {
  metric: string;
  quantity?: number | string;
  /** Default: now. The same with every attempt, because it belongs to the event. */
  timestamp?: string;
  /** Default: a UUID version 7, which carries the time of the event. */
  idempotencyKey?: string;
  accountId?: string;
  value?: string;
  metadata?: Record<string, unknown>;
}

export interface UsageEventResult {
  status: 'recorded' | 'duplicate' | 'rejected';
  late?: boolean;
  code?: string;
  errors?: { field: string; message: string; code: string }[];
}

export interface UsageReporterOptions {
  baseUrl: string;
  getToken: () => string | Promise<string>;
  /** Events of one request, at most 1,000. */
  batch_max?: number;
  /** How long an event waits for company. */
  delay_ms?: number;
  /** Events that wait at most; record() throws beyond. */
  queue_max?: number;
  policy?: Partial<RetryPolicy>;
  /** An event that the server will never take, and why. */
  onRejected?: (event: UsageEvent, result: UsageEventResult) => void;
  fetch?: typeof globalThis.fetch;
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  random?: () => number;
}

/** A UUID version 7: its first 48 bits are the milliseconds of `now`. */
export function uuidV7(now: number = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let i = 0; i < 6; ++i) bytes[i] = Math.floor(now / 2 ** (8 * (5 - i))) & 0xff;
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export class UsageReporter {
  private readonly queue: UsageEvent[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;
  private sending: Promise<void> | null = null;
  private readonly stop = new AbortController();

  constructor(private readonly options: UsageReporterOptions) {}

  /** Takes the event over. It is sent soon; flush() waits until it is durable. Gives its key. */
  record(event: UsageEvent): string {
    if (this.queue.length >= (this.options.queue_max ?? 100_000)) {
      throw new Error('too many usage events are waiting: the billing service does not answer');
    }
    const key = event.idempotencyKey ?? uuidV7();
    this.queue.push({ ...event, idempotencyKey: key });
    this.timer ??= setTimeout(
      () => void this.flush().catch(() => {}),
      this.options.delay_ms ?? 200,
    );
    return key;
  }

  /** Waits until all that was recorded is durable or rejected. Throws when the service does not answer: what it does
   * not know stays in the queue, and the next flush sends it again. */
  async flush(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    while (this.sending) await this.sending.catch(() => {});
    this.sending = this.drain();
    try {
      await this.sending;
    } finally {
      this.sending = null;
    }
  }

  /** Ends the waits between attempts. */
  close(): void {
    if (this.timer) clearTimeout(this.timer);
    this.stop.abort(new Error('the reporter is closed'));
  }

  get waiting(): number {
    return this.queue.length;
  }

  private async drain(): Promise<void> {
    while (this.queue.length > 0) {
      const batch = this.queue.slice(0, Math.min(1_000, this.options.batch_max ?? 1_000));
      const results = await this.send(batch);
      this.queue.splice(0, batch.length); // only now: until here nobody knew
      results.forEach((result, i) => {
        if (result.status === 'rejected') this.options.onRejected?.(batch[i]!, result);
      });
    }
  }

  private async send(batch: UsageEvent[]): Promise<UsageEventResult[]> {
    const policy = { ...default_retry_policy, ...this.options.policy };
    const body = JSON.stringify(batch); // once: every attempt sends the same bytes
    for (let attempt = 0; ; ++attempt) {
      const answer = await this.attempt(body);
      if (answer?.ok) return ((await answer.json()) as { results: UsageEventResult[] }).results;
      const may_pass = answer === null || answer.status === 429 || answer.status >= 500;
      if (!may_pass) throw new Error(`usage was refused: ${answer.status} ${await answer.text()}`);
      if (attempt + 1 >= policy.attempts_max) {
        throw new Error(
          `the billing service does not take usage: ${answer?.status ?? 'no answer'}`,
        );
      }
      const asked = Number(answer?.headers.get('retry-after') ?? 0) * 1_000;
      const pause = Math.max(asked, backOffMs(attempt, policy, this.options.random ?? Math.random));
      await (this.options.sleep ?? sleepFor)(pause, this.stop.signal);
    }
  }

  private async attempt(body: string): Promise<Response | null> {
    try {
      return await (this.options.fetch ?? globalThis.fetch)(
        `${this.options.baseUrl.replace(/\/+$/, '')}/api/usage/events`,
        {
          method: 'POST',
          body,
          headers: {
            'content-type': 'application/json',
            authorization: `Bearer ${await this.options.getToken()}`,
          },
        },
      );
    } catch {
      return null;
    }
  }
}
