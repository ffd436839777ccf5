import { describe, expect, test, vi } from 'vitest';

import {
  InvalidRequestError,
  NetworkError,
  createUsageBatcher,
  type SentUsageFact,
  type UsageOutcome,
} from '../src';

const recorded = (events: SentUsageFact[]) => ({
  results: events.map((): UsageOutcome => ({ status: 'recorded' })),
});
const network = () => new NetworkError({ code: 'network', message: 'x' });

function batcher(
  send: (events: SentUsageFact[]) => Promise<{ results: UsageOutcome[] }>,
  given: { batch_max?: number; queue_max?: number; wait_ms?: number } = {},
) {
  const rejected: [string, string | undefined][] = [];
  const it = createUsageBatcher({
    send,
    sleep: () => Promise.resolve(),
    onRejected: (fact, outcome) => rejected.push([fact.metric, outcome.code]),
    ...given,
  });
  return { it, rejected };
}

describe('the usage batcher', () => {
  test('sends in order, in batches, each event with its own key and time', async () => {
    const sent: SentUsageFact[][] = [];
    const { it } = batcher(
      async (events) => {
        sent.push(events);
        return recorded(events);
      },
      { batch_max: 2 },
    );
    for (let i = 0; i < 5; i++) it.track({ metric: `m${i}` });
    await it.flush();
    expect(sent.map((batch) => batch.map((fact) => fact.metric))).toEqual([
      ['m0', 'm1'],
      ['m2', 'm3'],
      ['m4'],
    ]);
    const facts = sent.flat();
    expect(new Set(facts.map((fact) => fact.idempotencyKey)).size).toBe(5);
    for (const fact of facts) expect(Date.parse(fact.timestamp)).not.toBeNaN();
    expect(it.waiting).toBe(0);
  });

  test('an event that comes while a batch is on its way is neither lost nor sent twice', async () => {
    const sent: string[] = [];
    const { it } = batcher(async (events) => {
      if (sent.length === 0) it.track({ metric: 'late' });
      sent.push(...events.map((fact) => fact.metric));
      return recorded(events);
    });
    it.track({ metric: 'first' });
    await it.flush();
    expect(sent).toEqual(['first', 'late']);
  });

  test('a failure that can pass is tried again with the same keys', async () => {
    const keys: string[][] = [];
    const { it, rejected } = batcher(async (events) => {
      keys.push(events.map((fact) => fact.idempotencyKey));
      if (keys.length < 3) throw network();
      return recorded(events);
    });
    it.track({ metric: 'a' });
    it.track({ metric: 'b' });
    await it.flush();
    expect(keys).toHaveLength(3);
    expect(keys[1]).toEqual(keys[0]);
    expect(keys[2]).toEqual(keys[0]);
    expect(rejected).toEqual([]);
  });

  test('what the server refuses is told, the rest is recorded', async () => {
    const { it, rejected } = batcher(async (events) => ({
      results: events.map((fact) =>
        fact.metric === 'typo'
          ? { status: 'rejected', code: 'unknown_metric' }
          : { status: 'recorded' },
      ),
    }));
    it.track({ metric: 'good' });
    it.track({ metric: 'typo' });
    await it.flush();
    expect(rejected).toEqual([['typo', 'unknown_metric']]);
  });

  test('a batch that the server will never take is told event by event and does not block', async () => {
    let calls = 0;
    const { it, rejected } = batcher(async (events) => {
      if (++calls === 1)
        throw new InvalidRequestError({ code: 'invalid_input', message: 'x', status: 422 });
      return recorded(events);
    });
    it.track({ metric: 'a' });
    await it.flush();
    it.track({ metric: 'b' });
    await it.flush();
    expect(rejected).toEqual([['a', 'invalid_input']]);
    expect(it.waiting).toBe(0);
  });

  test('waits for company, then goes by itself', async () => {
    vi.useFakeTimers();
    try {
      const sent: number[] = [];
      const { it } = batcher(
        async (events) => {
          sent.push(events.length);
          return recorded(events);
        },
        { wait_ms: 1_000 },
      );
      it.track({ metric: 'a' });
      it.track({ metric: 'b' });
      expect(sent).toEqual([]);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(sent).toEqual([2]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('a full or closed batcher refuses loudly', async () => {
    const { it } = batcher(async (events) => recorded(events), { queue_max: 1 });
    it.track({ metric: 'a' });
    expect(() => it.track({ metric: 'b' })).toThrow(RangeError);
    await it.close();
    expect(it.waiting).toBe(0);
    expect(() => it.track({ metric: 'c' })).toThrow(RangeError);
  });
});
