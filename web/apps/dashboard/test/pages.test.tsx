// The pages as a person meets them, from the address bar to the API's routes.

import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { RouterProvider } from 'react-router';
import { beforeEach, describe, expect, test, vi } from 'vitest';

import {
  invoice,
  notification,
  paymentMethod,
  startServer,
  Status,
  subscription,
} from '../../../packages/react/test/server';
import { router } from '../src/router';
import { signIn, signOut } from '../src/session';

const alice = {
  id: '0190aaaa-0000-7000-8000-000000000001',
  email: 'alice@example.com',
  name: 'Alice Martin',
  is_admin: false,
};
const signed_in = {
  access_token: 'token',
  token_type: 'bearer' as const,
  expires_in: 3600,
  user: alice,
};

let server: ReturnType<typeof startServer>;

beforeEach(() => {
  signOut();
  server = startServer({
    'GET /api/config': {
      local_sign_in: true,
      sandbox_url: 'http://127.0.0.1:8420',
      livemode: false,
      supabase_url: null,
      supabase_anon_key: null,
      version: '1',
    },
    'GET /api/local/users': { users: [alice] },
    'POST /api/local/sign-in': signed_in,
    'GET /api/plans': { plans: [], top_ups: [] },
    'GET /api/stripe/get-subscription': { subscription: subscription() },
    'GET /api/stripe/get-invoices': { invoices: [invoice(1)], has_more: false },
    'GET /api/payment-methods': { payment_methods: [paymentMethod()] },
    'GET /api/notifications': {
      notifications: [notification(1)],
      unread_count: 1,
      has_more: false,
    },
  });
  vi.stubGlobal('fetch', server.fetch);
});

async function open(path: string) {
  await router.navigate(path);
  render(<RouterProvider router={router} />);
}
const where = () => router.state.location.pathname + router.state.location.search;

describe('signing in', () => {
  test('leads back to where one wanted to go', async () => {
    await open('/dashboard/billing');
    await userEvent.click(await screen.findByTestId('sign-in-user-alice@example.com'));
    expect(await screen.findByRole('heading', { level: 1, name: 'Billing' })).toBeVisible();
    expect(where()).toBe('/dashboard/billing');
    expect(await screen.findByTestId('subscription-plan')).toHaveTextContent('Pro');
    expect(await screen.findByTestId('invoice-row')).toHaveTextContent('$49.00');
    expect(await screen.findByTestId('payment-method')).toHaveTextContent('4242');
    expect(await screen.findByTestId('notification')).toBeVisible();
    expect(server.calls('POST /api/local/sign-in')[0]!.body).toEqual({ user: alice.id });
    expect(server.calls('GET /api/payment-methods')[0]!.headers.get('authorization')).toBe(
      'Bearer token',
    );
  });

  test('the home page of someone signed out is the sign-in', async () => {
    await open('/');
    expect(await screen.findByTestId('sign-in-user-alice@example.com')).toBeVisible();
    expect(where()).toBe('/sign-in');
  });

  test('a refusal is told and can be tried again', async () => {
    server.routes['POST /api/local/sign-in'] = new Status(403, {
      code: 'forbidden',
      detail: 'Only from this machine.',
    });
    await open('/sign-in');
    await userEvent.click(await screen.findByTestId('sign-in-user-alice@example.com'));
    expect(await screen.findByRole('alert')).toHaveTextContent('Only from this machine.');
    expect(screen.getByTestId('sign-in-user-alice@example.com')).toBeEnabled();
  });

  test('where there is no local sign-in the page says what to do instead', async () => {
    delete server.routes['GET /api/local/users'];
    await open('/sign-in');
    expect(await screen.findByText('Sign in through your app')).toBeVisible();
  });

  test('a token that the server refuses ends the session and says so', async () => {
    signIn(signed_in);
    server.routes['GET /api/stripe/get-subscription'] = new Status(401, {
      code: 'unauthenticated',
      detail: 'x',
    });
    await open('/dashboard');
    expect(await screen.findByText('Your session has ended')).toBeVisible();
    expect(where()).toBe('/sign-in?next=%2Fdashboard');
    expect(localStorage.getItem('paydesk.session')).toBeNull();
  });

  test('after signing out nothing of the user is left on the page or in the cache', async () => {
    signIn(signed_in);
    await open('/dashboard');
    await screen.findByTestId('subscription-plan');
    await userEvent.click(screen.getAllByTestId('sign-out')[0]!);
    await screen.findByTestId('sign-in-user-alice@example.com');
    server.routes['POST /api/local/sign-in'] = {
      ...signed_in,
      access_token: 'other',
      user: { ...alice, id: alice.id.replace(/1$/, '2') },
    };
    server.routes['GET /api/stripe/get-subscription'] = { subscription: null };
    await userEvent.click(screen.getByTestId('sign-in-user-alice@example.com'));
    expect(await screen.findByText("You don't have a subscription")).toBeVisible();
    expect(screen.queryByTestId('subscription-plan')).toBeNull();
  });
});

describe('after the checkout', () => {
  const checkout = (status: string) => ({
    session_id: 'cs_1',
    status,
    mode: 'subscription',
    plan_key: 'pro',
    subscription: status === 'complete' ? subscription() : null,
  });
  const state = () =>
    screen.findByTestId('success-state').then((element) => element.dataset['state']);

  test.each([
    ['pending', 'pending', 'Confirming your payment'],
    ['complete', 'complete', 'Thank you, it is all set'],
    ['expired', 'error', 'We could not confirm this payment'],
  ])('%s', async (status, expected, title) => {
    signIn(signed_in);
    server.routes['GET /api/checkout/cs_1'] = checkout(status);
    await open('/success?session_id=cs_1');
    expect(await screen.findByRole('heading', { name: title })).toBeVisible();
    expect(await state()).toBe(expected);
  });

  test('the address alone proves nothing', async () => {
    signIn(signed_in);
    await open('/success');
    expect(await state()).toBe('error');
  });

  test('older return addresses lead to the same page', async () => {
    signIn(signed_in);
    server.routes['GET /api/checkout/cs_1'] = checkout('complete');
    await open('/dashboard?success=true&session_id=cs_1');
    await screen.findByTestId('success-state');
    expect(where()).toBe('/success?session_id=cs_1');
  });

  test('leaving it is told, until one has seen it', async () => {
    signIn(signed_in);
    await open('/pricing?canceled=true');
    await userEvent.click(await screen.findByRole('button', { name: 'Got it' }));
    await waitFor(() => expect(screen.queryByTestId('checkout-canceled')).toBeNull());
    expect(where()).toBe('/pricing');
  });
});

test('an unknown address', async () => {
  await open('/nope');
  expect(await screen.findByRole('heading', { name: 'Page not found' })).toBeVisible();
});
