// Many small facts -> few calls. Events wait for company, are sent in order, and again after a failure
// that can pass; each carries its own idempotency key, so that sent twice is counted once.

import { newIdempotencyKey } from './call_options';
import { PaydeskError } from './errors';
import { backOffMs, default_retry_policy, sleepFor } from './resilient_fetch';

export interface UsageFact {
  metric: string;
  /** A decimal as text stays exact. Default: 1. */
  quantity?: number | string;
  /** Default: now. */
  timestamp?: string;
  /** Default: a fresh one, made once per event. */
  idempotencyKey?: string;
  metadata?: Record<string, unknown>;
}

export interface SentUsageFact extends UsageFact {
  timestamp: string;
  idempotencyKey: string;
}

export interface UsageOutcome {
  status: 'recorded' | 'duplicate' | 'rejected';
  code?: string | undefined;
}

export interface UsageBatcherOptions {
  /** One answer per event, in their order. */
  send: (events: SentUsageFact[]) => Promise<{ results: UsageOutcome[] }>;
  /** What the server will never take: a wrong metric, an instant too long ago. */
  onRejected?: (fact: SentUsageFact, outcome: UsageOutcome) => void;
  wait_ms?: number;
  batch_max?: number;
  /** track() refuses more than this: better loudly than by losing some in silence. */
  queue_max?: number;
  /** For tests. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  random?: () => number;
  now?: () => number;
}

export interface UsageBatcher {
  /** Returns at once. Throws RangeError when the queue is full or the batcher is closed. */
  track(fact: UsageFact): void;
  /** Sends what waits; resolves when everything tracked before has been answered for. */
  flush(): Promise<void>;
  /** flush(), then no more. */
  close(): Promise<void>;
  readonly waiting: number;
}

export function createUsageBatcher(options: UsageBatcherOptions): UsageBatcher {
  const wait_ms = options.wait_ms ?? 1_000;
  const batch_max = options.batch_max ?? 500;
  const queue_max = options.queue_max ?? 50_000;
  const sleep = options.sleep ?? sleepFor;
  const random = options.random ?? Math.random;
  const now = options.now ?? Date.now;
  const queue: SentUsageFact[] = [];
  const never = new AbortController().signal;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let sending: Promise<void> | null = null;
  let closed = false;

  async function sendBatch(batch: SentUsageFact[]): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        const { results } = await options.send(batch);
        results.forEach((outcome, i) => {
          const fact = batch[i];
          if (fact && outcome.status === 'rejected') options.onRejected?.(fact, outcome);
        });
        return;
      } catch (error) {
        if (!(error instanceof PaydeskError) || !error.transient) {
          const code = error instanceof PaydeskError ? error.code : 'failed';
          for (const fact of batch) options.onRejected?.(fact, { status: 'rejected', code });
          return;
        }
        const asked_ms = (error.retryAfterSeconds ?? 0) * 1000;
        const back_off = backOffMs(
          attempt,
          { ...default_retry_policy, delay_ms_max: 30_000 },
          random,
        );
        await sleep(Math.max(asked_ms, back_off), never);
      }
    }
  }

  async function sendAll(): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.slice(0, batch_max);
      await sendBatch(batch);
      queue.splice(0, batch.length); // kept until answered for; more may have come meanwhile
    }
  }

  function start(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    sending ??= sendAll().finally(() => {
      sending = null;
    });
    return sending;
  }

  return {
    track(fact) {
      if (closed) throw new RangeError('the usage batcher is closed');
      if (queue.length >= queue_max) throw new RangeError('too much usage waits to be sent');
      queue.push({
        ...fact,
        timestamp: fact.timestamp ?? new Date(now()).toISOString(),
        idempotencyKey: fact.idempotencyKey ?? newIdempotencyKey(),
      });
      if (queue.length >= batch_max) void start();
      else if (timer === undefined && sending === null)
        timer = setTimeout(() => void start(), wait_ms);
    },
    flush: () => (queue.length === 0 && sending === null ? Promise.resolve() : start()),
    async close() {
      closed = true;
      await (queue.length === 0 && sending === null ? undefined : start());
    },
    get waiting() {
      return queue.length;
    },
  };
}
