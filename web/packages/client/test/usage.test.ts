import { describe, expect, test } from 'vitest';

import { UsageReporter, uuidV7, type UsageEvent, type UsageEventResult } from '../src';

type Answer = (events: UsageEvent[]) => Response;

function reporter(answers: Answer[], options: { batch_max?: number } = {}) {
  const sent: UsageEvent[][] = [];
  const rejected: string[] = [];
  const usage = new UsageReporter({
    baseUrl: 'http://127.0.0.1:8080/',
    getToken: () => 'service',
    sleep: () => Promise.resolve(),
    onRejected: (event, result) => rejected.push(`${event.metric}: ${result.code}`),
    ...options,
    fetch: async (url, init) => {
      expect(url).toBe('http://127.0.0.1:8080/api/usage/events');
      const events = JSON.parse(init!.body as string) as UsageEvent[];
      sent.push(events);
      const answer = answers.shift() ?? accept;
      return answer(events);
    },
  });
  return { usage, sent, rejected };
}

const results = (list: UsageEventResult[]) => new Response(JSON.stringify({ results: list }));
const accept: Answer = (events) => results(events.map(() => ({ status: 'recorded' })));
const busy: Answer = () => new Response('{}', { status: 503, headers: { 'retry-after': '1' } });
const broken: Answer = () => {
  throw new TypeError('fetch failed');
};

describe('UsageReporter', () => {
  test('sends what waits in batches, each event with a key of its own', async () => {
    const { usage, sent } = reporter([], { batch_max: 2 });
    for (let i = 0; i < 5; ++i) usage.record({ metric: 'api_calls', quantity: i });
    await usage.flush();
    expect(sent.map((batch) => batch.length)).toEqual([2, 2, 1]);
    expect(new Set(sent.flat().map((event) => event.idempotencyKey)).size).toBe(5);
    expect(usage.waiting).toBe(0);
  });

  test('sends the same events with the same keys when nobody knows', async () => {
    const { usage, sent } = reporter([busy, broken]);
    const key = usage.record({ metric: 'api_calls' });
    await usage.flush();
    expect(sent).toHaveLength(3);
    expect(sent[2]).toEqual(sent[0]);
    expect(sent[0]![0]!.idempotencyKey).toBe(key);
  });

  test('keeps them when the service stays away', async () => {
    const { usage, sent } = reporter([busy, busy, busy]);
    usage.record({ metric: 'api_calls' });
    await expect(usage.flush()).rejects.toThrow(/503/);
    expect(usage.waiting).toBe(1);
    await usage.flush();
    expect(sent[3]).toEqual(sent[0]);
  });

  test('tells what is rejected', async () => {
    const { usage, rejected } = reporter([
      () => results([{ status: 'rejected', code: 'unknown_metric' }, { status: 'duplicate' }]),
    ]);
    usage.record({ metric: 'typo' });
    usage.record({ metric: 'api_calls' });
    await usage.flush();
    expect(rejected).toEqual(['typo: unknown_metric']);
  });

  test('a key carries the time of its event', () => {
    const key = uuidV7(1_795_000_000_123);
    expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(parseInt(key.replaceAll('-', '').slice(0, 12), 16)).toBe(1_795_000_000_123);
  });
});
