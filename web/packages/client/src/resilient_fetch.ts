// fetch with a time limit and with retries, but only where a retry is safe: reads, and writes that
// carry an Idempotency-Key. Fails with NetworkError or TimeoutError; an HTTP error status is an answer.

import { NetworkError, TimeoutError, retryAfterSeconds } from './errors';

export interface RetryPolicy {
  /** How often a call is sent at most, the first time included. */
  attempts_max: number;
  delay_ms: number;
  delay_ms_max: number;
  /** A longer `Retry-After` is not waited for: the caller is told instead. */
  retry_after_ms_max: number;
}

export const default_retry_policy: RetryPolicy = {
  attempts_max: 3,
  delay_ms: 300,
  delay_ms_max: 4_000,
  retry_after_ms_max: 5_000,
};

export const default_timeout_ms = 20_000;

export interface ResilientFetchOptions {
  fetch?: typeof globalThis.fetch;
  policy?: Partial<RetryPolicy>;
  timeout_ms?: number;
  /** For tests. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  random?: () => number;
  now?: () => number;
}

const retried_statuses = new Set([408, 425, 429, 502, 503, 504]);

export function isSafeToRepeat(request: Request): boolean {
  return (
    request.method === 'GET' ||
    request.method === 'HEAD' ||
    request.method === 'PATCH' || // our PATCH sets values, so twice is once
    request.headers.has('idempotency-key')
  );
}

/** Full jitter: anything between half of the exponential step and all of it. */
export function backOffMs(attempt: number, policy: RetryPolicy, random: () => number): number {
  const step = Math.min(policy.delay_ms_max, policy.delay_ms * 2 ** attempt);
  return step / 2 + (random() * step) / 2;
}

/** Rejects with the signal's reason as soon as it aborts. */
export function sleepFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}

export function resilientFetch(options: ResilientFetchOptions = {}) {
  const policy = { ...default_retry_policy, ...options.policy };
  const timeout_ms = options.timeout_ms ?? default_timeout_ms;
  const sleep = options.sleep ?? sleepFor;
  const random = options.random ?? Math.random;
  const now = options.now ?? Date.now;

  async function once(request: Request): Promise<Response> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), timeout_ms);
    try {
      // Looked up at each call: tests and tracing tools replace the global.
      const send = options.fetch ?? globalThis.fetch;
      return await send(request, { signal: AbortSignal.any([request.signal, limit.signal]) });
    } catch (cause) {
      if (request.signal.aborted) throw cause; // the caller gave up: not a failure
      if (limit.signal.aborted) {
        throw new TimeoutError({
          code: 'timeout',
          message: 'The billing service did not answer in time.',
          cause,
        });
      }
      throw new NetworkError({
        code: 'network',
        message: 'The billing service cannot be reached.',
        cause,
      });
    } finally {
      clearTimeout(timer);
    }
  }

  return async function send(request: Request): Promise<Response> {
    const repeatable = isSafeToRepeat(request);
    for (let attempt = 0; ; attempt++) {
      const last = !repeatable || attempt + 1 >= policy.attempts_max;
      let wait_ms = backOffMs(attempt, policy, random);
      try {
        const response = await once(last ? request : request.clone());
        if (last || !retried_statuses.has(response.status)) return response;
        const asked = retryAfterSeconds(response.headers, now());
        if (asked !== undefined) {
          if (asked * 1000 > policy.retry_after_ms_max) return response;
          wait_ms = Math.max(wait_ms, asked * 1000);
        }
        void response.body?.cancel();
      } catch (error) {
        if (last || request.signal.aborted) throw error;
      }
      await sleep(wait_ms, request.signal);
    }
  };
}
