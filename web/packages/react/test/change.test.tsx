// Changing what one has: plans with a preview, pauses, seats, and usage beside its limits.

import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test, vi } from 'vitest';

import {
  PlanChangeDialog,
  PricingTable,
  SeatManager,
  SubscriptionCard,
  UsageDisplay,
  usageTone,
  useSubscription,
} from '../src';
import { Status, plan, show, startServer, subscription } from './server';

const id = subscription().id;
const line = (description: string, amount: number) => ({
  description,
  amount,
  currency: 'usd',
  quantity: 1,
  price_id: null,
  period_start: null,
  period_end: null,
  proration: true,
});
const preview = (given: object = {}) => ({
  preview: {
    subscription_id: id,
    when: 'now',
    effective_at: null,
    plan_key: 'business',
    plan_name: 'Business',
    plan_type: 'monthly',
    price_id: 'price_2',
    quantity: 1,
    currency: 'usd',
    amount_due: 3334,
    subtotal: 3334,
    discount: 0,
    tax: 0,
    total: 3334,
    lines: [line('Unused time on Pro', -3266), line('Remaining time on Business', 6600)],
    proration_date: '2026-11-26T00:00:00Z',
    renewal_amount: 9900,
    renews_at: '2026-12-12T00:00:00Z',
    ...given,
  },
});
const changed = (state: string) => ({
  success: true,
  state,
  hosted_invoice_url: null,
  expires_at: null,
  subscription: subscription({ plan_key: 'business', plan_name: 'Business' }),
});

const dialog = (onClose = () => {}, onUnavailable = () => {}) => (
  <PlanChangeDialog
    subscription={subscription()}
    planKey="business"
    planName="Business"
    billingCycle="monthly"
    onClose={onClose}
    onUnavailable={onUnavailable}
  />
);

describe('PlanChangeDialog', () => {
  test('shows every line, and charges exactly what was shown', async () => {
    const server = startServer({
      [`POST /api/subscriptions/${id}/preview`]: preview(),
      [`PATCH /api/subscriptions/${id}`]: changed('applied'),
    });
    const onClose = vi.fn();
    show(dialog(onClose), server);
    const shown = await screen.findByTestId('change-preview');
    expect(shown).toHaveTextContent('Unused time on Pro-$32.66');
    expect(shown).toHaveTextContent('To pay now$33.34');
    expect(shown).toHaveTextContent('From Dec 12, 2026 on you pay $99.00.');
    await userEvent.click(screen.getByTestId('confirm-change'));
    await waitFor(() => expect(onClose).toHaveBeenCalled());
    expect(server.calls('PATCH /api/subscriptions')[0]!.body).toEqual({
      planId: 'business',
      billingCycle: 'monthly',
      prorationDate: '2026-11-26T00:00:00Z',
    });
    expect(await screen.findByTestId('toast')).toHaveTextContent('Your plan has changed');
  });

  test('a downgrade is for the end of the period and costs nothing now', async () => {
    const server = startServer({
      [`POST /api/subscriptions/${id}/preview`]: preview({
        when: 'period_end',
        effective_at: '2026-12-12T00:00:00Z',
        amount_due: 0,
        lines: [],
        proration_date: null,
      }),
    });
    show(dialog(), server);
    expect(await screen.findByText(/You keep your plan until Dec 12, 2026/)).toBeVisible();
    expect(screen.getByTestId('confirm-change')).toHaveTextContent('Schedule the change');
    expect(screen.queryByText('To pay now')).toBeNull();
  });

  test('a declined card is told in the dialog; pressing again repeats the same intention', async () => {
    const server = startServer({
      [`POST /api/subscriptions/${id}/preview`]: preview(),
      [`PATCH /api/subscriptions/${id}`]: new Status(402, {
        code: 'payment_declined',
        detail: 'Your card was declined.',
      }),
    });
    show(dialog(), server);
    await screen.findByTestId('change-preview');
    await userEvent.click(screen.getByTestId('confirm-change'));
    expect(await screen.findByRole('alert')).toHaveTextContent('Your card was declined.');
    await userEvent.click(screen.getByTestId('confirm-change'));
    await waitFor(() => expect(server.calls('PATCH /api/subscriptions')).toHaveLength(2));
    const keys = server
      .calls('PATCH /api/subscriptions')
      .map((call) => call.headers.get('idempotency-key'));
    expect(keys[0]).toBeTruthy();
    expect(keys[1]).toBe(keys[0]);
  });

  test('what is refused cannot be confirmed', async () => {
    const server = startServer({
      [`POST /api/subscriptions/${id}/preview`]: new Status(409, {
        code: 'subscription_not_changeable',
        detail: 'It ends on Dec 12. Resume it first.',
      }),
    });
    show(dialog(), server);
    expect(await screen.findByText(/Resume it first/)).toBeVisible();
    expect(screen.queryByTestId('confirm-change')).toBeNull();
    expect(screen.getByRole('button', { name: 'Back' })).toBeEnabled();
  });

  test('a server without previews offers another way', async () => {
    const onUnavailable = vi.fn();
    show(
      dialog(() => {}, onUnavailable),
      startServer({}),
    );
    await waitFor(() => expect(onUnavailable).toHaveBeenCalledTimes(1));
  });

  test('opens from the pricing table for those who have a plan', async () => {
    const server = startServer({
      'GET /api/plans': { plans: [plan('pro'), plan('business')], top_ups: [] },
      'GET /api/stripe/get-subscription': { subscription: subscription() },
      [`POST /api/subscriptions/${id}/preview`]: preview(),
    });
    show(<PricingTable />, server);
    await waitFor(() => expect(screen.getByTestId('plan-business-subscribe')).toBeEnabled());
    await userEvent.click(screen.getByTestId('plan-business-subscribe'));
    expect(await screen.findByTestId('change-preview')).toBeVisible();
  });
});

function Card() {
  const { subscription: row, setCancelAtPeriodEnd, keepPlan } = useSubscription();
  return (
    <SubscriptionCard
      subscription={row}
      onCancel={setCancelAtPeriodEnd}
      onKeepPlan={() => keepPlan()}
    />
  );
}

test('a paused plan is resumed by its own route', async () => {
  const server = startServer({
    'GET /api/stripe/get-subscription': { subscription: subscription({ status: 'paused' }) },
    [`POST /api/subscriptions/${id}/resume`]: {
      ...changed('applied'),
      subscription: subscription(),
    },
  });
  show(<Card />, server);
  await userEvent.click(await screen.findByRole('button', { name: 'Resume plan' }));
  expect(await screen.findByText('Active')).toBeVisible();
  expect(server.calls('POST /api/stripe/cancel-subscription')).toEqual([]);
});

test('a scheduled change is told and can be called off', async () => {
  const scheduled_change = {
    plan_key: 'basic',
    plan_name: 'Basic',
    plan_type: 'monthly' as const,
    price_id: 'price_0',
    quantity: 1,
    amount: 900,
    currency: 'usd',
    effective_at: '2026-12-12T00:00:00Z',
  };
  const server = startServer({
    'GET /api/stripe/get-subscription': { subscription: subscription({ scheduled_change }) },
    [`DELETE /api/subscriptions/${id}/scheduled-change`]: {
      ...changed('applied'),
      subscription: subscription(),
    },
  });
  show(<Card />, server);
  expect(await screen.findByText('Your plan changes to Basic on Dec 12, 2026')).toBeVisible();
  await userEvent.click(screen.getByTestId('subscription-keep'));
  await waitFor(() => expect(screen.queryByTestId('subscription-keep')).toBeNull());
  expect(await screen.findByTestId('toast')).toHaveTextContent('Your plan stays as it is');
});

describe('SeatManager', () => {
  const member = (n: number, given: object) => ({
    id: `seat-${n}`,
    user_id: null,
    email: `p${n}@example.com`,
    role: 'member',
    status: 'active',
    invited_at: '2026-11-01T00:00:00Z',
    joined_at: null,
    expires_at: null,
    ...given,
  });
  const seats = (given: object = {}) => ({
    account_id: id,
    role: 'owner',
    total: 3,
    used: 2,
    members: [member(1, { role: 'owner' }), member(2, {})],
    memberships: [],
    ...given,
  });

  test('invites, and says what the server says', async () => {
    const server = startServer({
      'GET /api/seats': seats(),
      'POST /api/seats/invitations': new Status(409, {
        code: 'seats_exhausted',
        detail: 'All seats are taken.',
      }),
    });
    show(<SeatManager />, server);
    expect(await screen.findByTestId('seats-used')).toHaveTextContent('2 of 3 seats in use');
    await userEvent.type(screen.getByLabelText('E-mail address'), 'alan@example.com');
    await userEvent.click(screen.getByTestId('seat-invite'));
    expect(await screen.findByRole('alert')).toHaveTextContent('All seats are taken.');
    expect(server.calls('POST /api/seats/invitations')[0]!.body).toEqual({
      email: 'alan@example.com',
      role: 'member',
    });
  });

  test('removes after a question; the owner cannot be removed', async () => {
    const server = startServer({
      'GET /api/seats': seats(),
      'DELETE /api/seats/seat-2': { success: true },
    });
    show(<SeatManager />, server);
    const rows = await screen.findAllByTestId('seat-member');
    expect(within(rows[0]!).queryByRole('button')).toBeNull();
    await userEvent.click(within(rows[1]!).getByRole('button', { name: 'Remove' }));
    expect(server.calls('DELETE /api/seats')).toEqual([]);
    await userEvent.click(screen.getByTestId('confirm-remove-seat'));
    await waitFor(() => expect(server.calls('DELETE /api/seats')).toHaveLength(1));
  });

  test('full is said instead of offering what is refused', async () => {
    show(<SeatManager />, startServer({ 'GET /api/seats': seats({ total: 2 }) }));
    expect(await screen.findByText('All seats are taken')).toBeVisible();
    expect(screen.queryByTestId('seat-invite')).toBeNull();
  });

  test('who has no plan is led to the plans, not told to remove themselves', async () => {
    const alone = seats({ total: 1, used: 1, members: [] });
    show(
      <SeatManager />,
      startServer({
        'GET /api/seats': alone,
        'GET /api/stripe/get-subscription': { subscription: null },
      }),
    );
    expect(await screen.findByText('Seats come with a plan', { exact: false })).toBeVisible();
    expect(screen.getByRole('link', { name: 'See plans' })).toHaveAttribute('href', '/pricing');
    expect(screen.queryByTestId('seat-count')).toBeNull();
  });

  test('seats are bought by the unit, after a look at what that costs', async () => {
    const server = startServer({
      'GET /api/seats': seats({ total: 6, used: 6 }),
      'GET /api/stripe/get-subscription': { subscription: subscription({ quantity: 2 }) },
      [`POST /api/subscriptions/${id}/preview`]: preview({ quantity: 3 }),
      [`PATCH /api/subscriptions/${id}`]: changed('applied'),
    });
    show(<SeatManager />, server);
    const count = await screen.findByTestId('seat-count');
    expect(count).toHaveAttribute('min', '6');
    expect(count).toHaveAttribute('step', '3');
    expect(screen.getByTestId('seat-count-change')).toBeDisabled();
    await userEvent.clear(count);
    await userEvent.type(count, '9');
    await userEvent.click(screen.getByTestId('seat-count-change'));
    expect(await screen.findByText('Change to 9 seats of Pro?')).toBeVisible();
    await screen.findByTestId('change-preview');
    await userEvent.click(screen.getByTestId('confirm-change'));
    await waitFor(() => expect(server.calls(`PATCH /api/subscriptions/${id}`)).toHaveLength(1));
    expect(server.calls(`PATCH /api/subscriptions/${id}`)[0]!.body).toMatchObject({ quantity: 3 });
  });

  test('an admin of the team asks the owner', async () => {
    show(<SeatManager />, startServer({ 'GET /api/seats': seats({ total: 2, role: 'admin' }) }));
    expect(await screen.findByText('ask the owner', { exact: false })).toBeVisible();
    expect(screen.queryByTestId('seat-count')).toBeNull();
  });
});

describe('UsageDisplay', () => {
  const metric = (given: object) => ({
    metric_name: 'api_calls',
    name: 'API calls',
    unit: '',
    aggregation: 'sum',
    used: 5000,
    forecast: 9000,
    limit: 100_000,
    limit_kind: 'hard',
    included: 1000,
    late_events: 0,
    estimated_amount: 4000,
    forecast_amount: null,
    ...given,
  });
  test('used, limit and cost: the documents’ $69.00', async () => {
    const usage = {
      billing_period_start: '2026-11-01T00:00:00Z',
      billing_period_end: '2026-12-01T00:00:00Z',
      subscription_id: id,
      plan_key: 'pro',
      currency: 'usd',
      base_amount: 2900,
      estimated_amount: 6900,
      forecast_amount: null,
      usage: [metric({}), metric({ metric_name: 'x', name: 'X', used: 0.5, limit: -1 })],
    };
    show(
      <UsageDisplay subscriptionId="sub_1" />,
      startServer({ 'GET /api/stripe/get-usage': usage }),
    );
    expect(await screen.findByTestId('usage-estimate')).toHaveTextContent('$69.00');
    const rows = screen.getAllByTestId('usage-metric');
    expect(rows[0]).toHaveTextContent('5,000 of 100,000');
    expect(within(rows[0]!).getByRole('progressbar')).toHaveAttribute('value', '5000');
    expect(rows[1]).toHaveTextContent('0.5, no limit');
  });

  test('is not there where the server does not meter', async () => {
    const server = startServer({});
    show(<UsageDisplay />, server);
    await waitFor(() => expect(screen.queryByText('Usage')).toBeNull());
  });

  test.each([
    [0, 10, 'hard', 'neutral'],
    [8, 10, 'hard', 'warning'],
    [10, 10, 'hard', 'danger'],
    [12, 10, 'soft', 'warning'],
    [99, -1, 'hard', 'neutral'],
    [0, 0, 'hard', 'danger'],
  ] as const)('%d of %d, %s: %s', (used, limit, limit_kind, tone) => {
    expect(usageTone({ used, limit, limit_kind })).toBe(tone);
  });
});
