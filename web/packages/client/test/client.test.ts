import { describe, expect, test, vi } from 'vitest';

import {
  ConflictError,
  InvalidRequestError,
  NetworkError,
  NotFoundError,
  PaydeskError,
  PaymentRequiredError,
  RateLimitedError,
  ServerError,
  UnauthorizedError,
  UnexpectedAnswerError,
  createPaydesk,
  supabaseToken,
  type PaydeskOptions,
} from '../src';

function client(
  answer: (request: Request) => Response | Promise<Response>,
  options: PaydeskOptions = {},
) {
  const asked: Request[] = [];
  const paydesk = createPaydesk({
    baseUrl: 'http://127.0.0.1:8080/',
    getToken: () => 'token',
    policy: { attempts_max: 1 },
    ...options,
    fetch: async (input) => {
      const request = (input as Request).clone();
      asked.push(request);
      return answer(request);
    },
  });
  return { paydesk, asked };
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), {
    status,
    headers: {
      'content-type': status < 400 ? 'application/json' : 'application/problem+json',
      ...headers,
    },
  });

const failure = async (call: Promise<unknown>): Promise<PaydeskError> => {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PaydeskError);
  return error as PaydeskError;
};

describe('requests', () => {
  test('a write carries the token, a fresh key and the body of the contract', async () => {
    const { paydesk, asked } = client(() =>
      json({ sessionId: 'cs_1', url: 'http://127.0.0.1:8420/c/cs_1' }),
    );
    await paydesk.createCheckout({ planId: 'pro', billingCycle: 'yearly' });
    await paydesk.createCheckout({ planId: 'pro', billingCycle: 'yearly' });
    const [first, second] = asked as [Request, Request];
    expect(first.url).toBe('http://127.0.0.1:8080/api/stripe/create-checkout');
    expect(first.headers.get('authorization')).toBe('Bearer token');
    expect(await first.json()).toEqual({ planId: 'pro', billingCycle: 'yearly' });
    const keys = [first, second].map((request) => request.headers.get('idempotency-key'));
    expect(keys[0]).toMatch(/^[0-9a-f-]{32,36}$/);
    expect(keys[0]).not.toBe(keys[1]);
  });

  test('the caller can name the intention', async () => {
    const { paydesk, asked } = client(() => json({ url: 'http://127.0.0.1:8420/p' }));
    await paydesk.createPortal({ flow: 'payment_method_update' }, { idempotencyKey: 'mine' });
    expect(asked[0]!.headers.get('idempotency-key')).toBe('mine');
  });

  test('signed out: no Authorization header at all', async () => {
    const { paydesk, asked } = client(() => json({ plans: [], top_ups: [] }), {
      getToken: () => null,
    });
    await paydesk.getPlans();
    expect(asked[0]!.headers.has('authorization')).toBe(false);
  });

  test('an id cannot break out of its path', async () => {
    const { paydesk, asked } = client(() => json({}, 404));
    await failure(paydesk.getCheckout('../../admin?x=1#'));
    expect(asked[0]!.url).toBe('http://127.0.0.1:8080/api/checkout/..%2F..%2Fadmin%3Fx%3D1%23');
  });

  test('a page of invoices is asked for by the last id', async () => {
    const { paydesk, asked } = client(() => json({ invoices: [], has_more: false }));
    await paydesk.getInvoices({ limit: 10, starting_after: 'a b' });
    expect(asked[0]!.url).toMatch(/get-invoices\?limit=10&starting_after=a(%20|\+)b$/);
  });
});

describe('errors', () => {
  test.each([
    [400, InvalidRequestError, false],
    [401, UnauthorizedError, false],
    [402, PaymentRequiredError, false],
    [404, NotFoundError, false],
    [409, ConflictError, false],
    [422, InvalidRequestError, false],
    [429, RateLimitedError, true],
    [500, ServerError, true],
    [503, ServerError, true],
  ])('status %d', async (status, type, transient) => {
    const { paydesk } = client(() =>
      json({ status, code: 'some_code', title: 'T', detail: 'What to do.' }, status),
    );
    const error = await failure(paydesk.getSubscription());
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({
      status,
      code: 'some_code',
      message: 'What to do.',
      transient,
      name: type.name,
    });
  });

  test('fields of the problem are kept', async () => {
    const { paydesk } = client(() =>
      json({ code: 'subscription_exists', detail: 'd', portal_url: 'http://x/' }, 409),
    );
    const error = await failure(paydesk.createCheckout({ planId: 'pro' }));
    expect(error.problem['portal_url']).toBe('http://x/');
  });

  test("a proxy's page of HTML is an error that people can read", async () => {
    const html = () =>
      new Response('<h1>Bad gateway</h1>', {
        status: 502,
        headers: { 'content-type': 'text/html' },
      });
    const error = await failure(client(html).paydesk.getSubscription());
    expect(error).toMatchObject({ code: 'http_502', status: 502 });
    expect(error.message).not.toContain('<h1>');
  });

  test('200 with something that is not JSON, or with nothing', async () => {
    for (const body of ['<!doctype html>', '']) {
      const error = await failure(client(() => new Response(body)).paydesk.getSubscription());
      expect(error).toBeInstanceOf(UnexpectedAnswerError);
    }
  });

  test('Retry-After is on the error', async () => {
    const { paydesk } = client(() =>
      json({ code: 'rate_limited', detail: 'Slow down.' }, 429, { 'retry-after': '17' }),
    );
    expect((await failure(paydesk.getPlans())).retryAfterSeconds).toBe(17);
  });

  test('no network', async () => {
    const { paydesk } = client(() => Promise.reject(new TypeError('Failed to fetch')));
    expect(await failure(paydesk.getPlans())).toBeInstanceOf(NetworkError);
  });

  test('401 is told with the token that was refused, and not when there was none', async () => {
    const onUnauthorized = vi.fn();
    await failure(client(() => json({}, 401), { onUnauthorized }).paydesk.getSession());
    expect(onUnauthorized).toHaveBeenCalledExactlyOnceWith('token');
    await failure(
      client(() => json({}, 401), { onUnauthorized, getToken: () => null }).paydesk.getSession(),
    );
    expect(onUnauthorized).toHaveBeenCalledTimes(1);
  });
});

describe('credits, documents and operators', () => {
  test('a hold is settled by its id, with a key', async () => {
    const { paydesk, asked } = client(() => json({ id: 1 }));
    await paydesk.settleCreditHold('0190', { amount: 3 });
    expect(asked[0]!.url).toBe('http://127.0.0.1:8080/api/credits/holds/0190/settle');
    expect(await asked[0]!.json()).toEqual({ amount: 3 });
    expect(asked[0]!.headers.get('idempotency-key')).toBeTruthy();
  });

  test('too few credits are a PaymentRequiredError that says how many', async () => {
    const { paydesk } = client(() =>
      json({ code: 'insufficient_credits', detail: 'x', balance: 3, shortfall: 7 }, 402),
    );
    const error = await failure(paydesk.consumeCredits({ amount: 10 }));
    expect(error).toBeInstanceOf(PaymentRequiredError);
    expect(error.problem).toMatchObject({ balance: 3, shortfall: 7 });
  });

  test('an invoice comes as a file, in the language asked for', async () => {
    const { paydesk, asked } = client(
      () => new Response('%PDF-1.7', { headers: { 'content-type': 'application/pdf' } }),
    );
    const file = await paydesk.getInvoicePdf('in_1', 'de');
    expect(await file.text()).toBe('%PDF-1.7');
    expect(asked[0]!.url).toBe('http://127.0.0.1:8080/api/invoices/in_1.pdf?language=de');
  });

  test('a refund carries the key that it was given', async () => {
    const { paydesk, asked } = client(() => json({ refund: { id: 'r' } }, 201));
    await paydesk.admin.createRefund({ paymentId: 'p', amount: 5 }, { idempotencyKey: 'k' });
    expect(asked[0]!.headers.get('idempotency-key')).toBe('k');
    expect(asked[0]!.headers.get('authorization')).toBe('Bearer token');
  });
});

describe('the token of supabase-js', () => {
  test.each([
    [{ access_token: 'supabase' }, 'Bearer supabase'],
    [null, null],
  ])('%j', async (session, expected) => {
    const getToken = supabaseToken({ auth: { getSession: async () => ({ data: { session } }) } });
    const { paydesk, asked } = client(() => json({ plans: [], top_ups: [] }), { getToken });
    await paydesk.getPlans();
    expect(asked[0]!.headers.get('authorization')).toBe(expected);
  });
});
