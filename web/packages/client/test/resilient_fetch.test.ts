import { describe, expect, test, vi } from 'vitest';

import { NetworkError, TimeoutError } from '../src';
import { backOffMs, default_retry_policy, resilientFetch } from '../src/resilient_fetch';

type Step = Response | Error;

/** A server that answers the given steps, one per call, and notes what it was asked. */
function server(...steps: Step[]) {
  const asked: { key: string | null; body: string }[] = [];
  const waits: number[] = [];
  const send = resilientFetch({
    fetch: async (input) => {
      const request = input as Request;
      asked.push({ key: request.headers.get('idempotency-key'), body: await request.text() });
      const step = steps.shift();
      if (step === undefined) throw new Error('asked more often than expected');
      if (step instanceof Error) throw step;
      return step;
    },
    sleep: async (ms) => void waits.push(ms),
    random: () => 1,
    now: () => Date.parse('2026-01-01T00:00:00Z'),
  });
  return { send, asked, waits };
}

const get = () => new Request('http://127.0.0.1/x');
const post = (key?: string) =>
  new Request('http://127.0.0.1/x', {
    method: 'POST',
    body: '{"a":1}',
    headers: key ? { 'idempotency-key': key } : {},
  });
const answer = (status: number, headers: Record<string, string> = {}) =>
  new Response('{}', { status, headers });
const reset = () => new TypeError('Failed to fetch');

describe('resilientFetch', () => {
  test('a read is repeated after failures that pass, with growing pauses', async () => {
    const { send, asked, waits } = server(answer(503), reset(), answer(200));
    expect((await send(get())).status).toBe(200);
    expect(asked).toHaveLength(3);
    expect(waits).toEqual([300, 600]);
  });

  test('a write with a key is repeated with the same key and the same body', async () => {
    const { send, asked } = server(reset(), answer(502), answer(200));
    expect((await send(post('k1'))).status).toBe(200);
    expect(asked).toEqual(Array(3).fill({ key: 'k1', body: '{"a":1}' }));
  });

  test('a write without a key is sent once, whatever comes', async () => {
    expect((await server(answer(503)).send(post())).status).toBe(503);
    await expect(server(reset()).send(post())).rejects.toBeInstanceOf(NetworkError);
  });

  test.each([400, 401, 402, 403, 404, 409, 422, 500])(
    'status %d is an answer, not a reason to repeat',
    async (status) => {
      const { send, asked } = server(answer(status));
      expect((await send(post('k'))).status).toBe(status);
      expect(asked).toHaveLength(1);
    },
  );

  test('after the last attempt the answer or the failure is handed over', async () => {
    expect((await server(answer(503), answer(503), answer(503)).send(get())).status).toBe(503);
    await expect(server(reset(), reset(), reset()).send(get())).rejects.toMatchObject({
      code: 'network',
      transient: true,
    });
  });

  test('Retry-After is honoured in seconds and as a date', async () => {
    const { send, waits } = server(
      answer(429, { 'retry-after': '2' }),
      answer(503, { 'retry-after': 'Thu, 01 Jan 2026 00:00:03 GMT' }),
      answer(200),
    );
    await send(get());
    expect(waits).toEqual([2000, 3000]);
  });

  test('a long Retry-After is told instead of waited for', async () => {
    const { send, asked } = server(answer(429, { 'retry-after': '60' }));
    expect((await send(get())).status).toBe(429);
    expect(asked).toHaveLength(1);
  });

  test('no answer in time is a TimeoutError', async () => {
    const send = resilientFetch({
      timeout_ms: 5,
      policy: { attempts_max: 1 },
      fetch: (_, init) =>
        new Promise((_resolve, reject) =>
          init!.signal!.addEventListener('abort', () => reject(init!.signal!.reason as Error)),
        ),
    });
    await expect(send(get())).rejects.toBeInstanceOf(TimeoutError);
  });

  test('a caller who gives up gets his own reason, at once and without another attempt', async () => {
    const stop = new AbortController();
    const fetch = vi.fn(async () => {
      stop.abort(new Error('gone'));
      throw reset();
    });
    const send = resilientFetch({ fetch });
    await expect(
      send(new Request('http://127.0.0.1/x', { signal: stop.signal })),
    ).rejects.toThrow();
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  test('back-off stays between half and the whole of its step, and below its limit', () => {
    for (let attempt = 0; attempt < 40; attempt++) {
      const step = Math.min(
        default_retry_policy.delay_ms_max,
        default_retry_policy.delay_ms * 2 ** attempt,
      );
      expect(backOffMs(attempt, default_retry_policy, () => 0)).toBe(step / 2);
      expect(backOffMs(attempt, default_retry_policy, () => 1)).toBe(step);
    }
  });
});
