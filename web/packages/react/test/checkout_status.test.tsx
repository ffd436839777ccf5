import { screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { useCheckoutStatus } from '../src';
import { Status, show, startServer, subscription } from './server';

function Page({ session, order = null }: { session: string | null; order?: string | null }) {
  const status = useCheckoutStatus(session, order);
  const more =
    status.state === 'pending'
      ? `${status.slow ? 'slow' : ''}${status.problem ? ' away' : ''}`
      : status.state === 'error'
        ? status.reason
        : '';
  return (
    <p data-testid="state">
      {status.state} {more}
    </p>
  );
}

const route = 'GET /api/checkout/cs_1';
const checkout = (status: string) => ({
  session_id: 'cs_1',
  status,
  mode: 'subscription',
  plan_key: 'pro',
  subscription: status === 'complete' ? subscription() : null,
});
const state = () => screen.getByTestId('state').textContent!.replace(/\s+/g, ' ').trim();

beforeEach(() => vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 20 }));
afterEach(() => vi.useRealTimers());

describe('useCheckoutStatus', () => {
  test('stays pending until the server knows, tells when it takes long, and never gives up', async () => {
    const server = startServer({ [route]: checkout('pending') });
    show(<Page session="cs_1" />, server, { live: false });
    await waitFor(() => expect(server.calls(route).length).toBeGreaterThan(0));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(state()).toBe('pending');
    await vi.advanceTimersByTimeAsync(8_000);
    await waitFor(() => expect(state()).toBe('pending slow'));
    await vi.advanceTimersByTimeAsync(600_000);
    const asked = server.calls(route).length;
    expect(asked).toBeGreaterThan(60);
    expect(asked).toBeLessThan(220); // less often as time goes by
    server.routes[route] = checkout('complete');
    await vi.advanceTimersByTimeAsync(5_100);
    await waitFor(() => expect(state()).toBe('complete'));
    const then = server.calls(route).length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.calls(route)).toHaveLength(then); // a fact does not change: nothing more to ask
  });

  test('a live event is faster than the next question', async () => {
    const server = startServer({ [route]: checkout('pending') });
    show(<Page session="cs_1" />, server);
    await waitFor(() => expect(server.live.open).toBe(true));
    await vi.advanceTimersByTimeAsync(60_000);
    server.routes[route] = checkout('complete');
    server.live.send('changed', {});
    await vi.advanceTimersByTimeAsync(200);
    expect(state()).toBe('complete');
  });

  test('expired', async () => {
    show(<Page session="cs_1" />, startServer({ [route]: checkout('expired') }));
    await waitFor(() => expect(state()).toBe('error expired'));
  });

  test('a service that is away means waiting, not failing', async () => {
    const server = startServer({ [route]: new Status(503, { code: 'unavailable', detail: 'x' }) });
    show(<Page session="cs_1" />, server);
    await waitFor(() => expect(state()).toBe('pending away'));
    server.routes[route] = checkout('complete');
    await vi.advanceTimersByTimeAsync(5_100);
    await waitFor(() => expect(state()).toBe('complete'));
  });

  test('an unknown session gets a moment to appear, then is an error', async () => {
    const server = startServer({ [route]: new Status(404, { code: 'not_found', detail: 'x' }) });
    show(<Page session="cs_1" />, server);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(state()).toBe('pending');
    await vi.advanceTimersByTimeAsync(8_000);
    await waitFor(() => expect(state()).toBe('error not_found'));
  });

  test('without a session nothing is asked', () => {
    const server = startServer({});
    show(<Page session={null} />, server);
    expect(state()).toBe('error no_session');
    expect(server.calls('GET /api/checkout')).toHaveLength(0);
  });

  test('captures an approved PayPal order once, and is complete only when the server says so', async () => {
    let status = 'pending';
    const server = startServer({
      [route]: () => checkout(status),
      'POST /api/paypal/capture-order': () => {
        status = 'complete';
        return { orderId: 'O-1', status: 'complete' };
      },
    });
    show(<Page session="cs_1" order="O-1" />, server, { live: false });
    await waitFor(() => expect(state()).toBe('complete'));
    expect(server.calls('POST')).toHaveLength(1);
    expect(server.calls('POST')[0]!.body).toEqual({ orderId: 'O-1' });
  });

  test('says that PayPal did not pay, unless the webhook knows better', async () => {
    let status = 'pending';
    const server = startServer({
      [route]: () => checkout(status),
      'POST /api/paypal/capture-order': new Status(402, {
        code: 'payment_declined',
        detail: 'PayPal declined the payment.',
      }),
    });
    show(<Page session="cs_1" order="O-1" />, server, { live: false });
    await waitFor(() => expect(state()).toBe('error not_paid'));
    status = 'complete';
    await vi.advanceTimersByTimeAsync(6_000);
    await waitFor(() => expect(state()).toBe('complete'));
  });
});
