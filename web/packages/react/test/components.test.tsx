import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test, vi } from 'vitest';

import {
  ConnectionNotice,
  InvoiceHistory,
  NotificationsPanel,
  PaymentMethodCard,
  PricingTable,
  SubscriptionCard,
  SubscriptionStatus,
  offerOf,
  useSubscription,
} from '../src';
import {
  Status,
  invoice,
  notification,
  paymentMethod,
  plan,
  price,
  scheduled,
  show,
  startServer,
  subscription,
} from './server';

const none = { 'GET /api/stripe/get-subscription': { subscription: null } };

describe('SubscriptionCard', () => {
  test('asks before it cancels, tells until when, and says so after', async () => {
    const user = userEvent.setup();
    const onCancel = vi.fn().mockResolvedValue(undefined);
    show(<SubscriptionCard subscription={subscription()} onCancel={onCancel} />, startServer({}));
    expect(screen.getByTestId('subscription-plan')).toHaveTextContent('Pro');
    expect(screen.getByTestId('subscription-status')).toHaveTextContent('Active');

    await user.click(screen.getByTestId('subscription-cancel'));
    const dialog = screen.getByRole('dialog', { name: 'Cancel Pro?' });
    expect(dialog).toHaveTextContent('You keep Pro until Dec 12, 2026.');
    expect(onCancel).not.toHaveBeenCalled();
    await user.click(within(dialog).getByRole('button', { name: 'Keep Pro' }));
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(onCancel).not.toHaveBeenCalled();

    await user.click(screen.getByTestId('subscription-cancel'));
    await user.click(screen.getByTestId('confirm-cancel'));
    expect(onCancel).toHaveBeenCalledExactlyOnceWith(true);
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(screen.getByTestId('toast')).toHaveTextContent('Cancellation scheduled');
  });

  test('two clicks on the confirmation are one cancellation', async () => {
    const user = userEvent.setup();
    let finish = () => {};
    const onCancel = vi.fn(() => new Promise<void>((resolve) => (finish = resolve)));
    show(<SubscriptionCard subscription={subscription()} onCancel={onCancel} />, startServer({}));
    await user.click(screen.getByTestId('subscription-cancel'));
    await user.click(screen.getByTestId('confirm-cancel'));
    await user.click(screen.getByTestId('confirm-cancel'));
    expect(onCancel).toHaveBeenCalledTimes(1);
    finish();
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  });

  test('a refused cancellation leaves the dialog open with the reason', async () => {
    const user = userEvent.setup();
    const server = startServer({
      'GET /api/stripe/get-subscription': { subscription: subscription() },
      'POST /api/stripe/cancel-subscription': new Status(502, {
        code: 'provider_unavailable',
        detail: 'The provider is away.',
      }),
    });
    show(<Billing />, server);
    await user.click(await screen.findByTestId('subscription-cancel'));
    await user.click(screen.getByTestId('confirm-cancel'));
    expect(await within(screen.getByRole('dialog')).findByRole('alert')).toHaveTextContent(
      'The provider is away.',
    );
    expect(screen.getByTestId('subscription-status')).toHaveTextContent('Active');
  });

  test('resumes with one click', async () => {
    const user = userEvent.setup();
    const onCancel = vi.fn();
    show(<SubscriptionCard subscription={scheduled()} onCancel={onCancel} />, startServer({}));
    expect(screen.queryByTestId('subscription-cancel')).toBeNull();
    expect(screen.getByText('Pro ends on Dec 12, 2026')).toBeVisible();
    await user.click(screen.getByTestId('subscription-resume'));
    expect(onCancel).toHaveBeenCalledExactlyOnceWith(false);
  });

  test('the free plan offers the others', () => {
    show(<SubscriptionCard subscription={null} onCancel={() => {}} />, startServer({}));
    expect(screen.getByTestId('subscription-status')).toHaveTextContent('Free');
    expect(screen.getByRole('link', { name: 'See plans' })).toHaveAttribute('href', '/pricing');
  });

  test('hostile names are text', () => {
    const name = '<img src=x onerror="alert(1)">';
    const { container } = show(
      <SubscriptionCard subscription={subscription({ plan_name: name })} onCancel={() => {}} />,
      startServer({}),
    );
    expect(screen.getByTestId('subscription-plan')).toHaveTextContent(name);
    expect(container.querySelector('img')).toBeNull();
  });
});

function Billing() {
  const { subscription: row, setCancelAtPeriodEnd } = useSubscription();
  return row && <SubscriptionCard subscription={row} onCancel={setCancelAtPeriodEnd} />;
}

test('cancel and resume show what the server answered, and ask by our id', async () => {
  const user = userEvent.setup();
  const server = startServer({
    'GET /api/stripe/get-subscription': { subscription: subscription() },
    'POST /api/stripe/cancel-subscription': ({ body }: { body: unknown }) => ({
      success: true,
      subscription: (body as { cancelAtPeriodEnd: boolean }).cancelAtPeriodEnd
        ? scheduled()
        : subscription(),
    }),
  });
  show(<Billing />, server);
  await user.click(await screen.findByTestId('subscription-cancel'));
  await user.click(screen.getByTestId('confirm-cancel'));
  await user.click(await screen.findByTestId('subscription-resume'));
  expect(await screen.findByTestId('subscription-cancel')).toBeVisible();
  const id = subscription().id;
  expect(server.calls('POST').map((call) => call.body)).toEqual([
    { subscriptionId: id, cancelAtPeriodEnd: true },
    { subscriptionId: id, cancelAtPeriodEnd: false },
  ]);
  expect(server.calls('POST')[0]!.headers.get('idempotency-key')).toBeTruthy();
});

describe('SubscriptionStatus', () => {
  test('loading, then nothing, then the way to the plans', async () => {
    show(<SubscriptionStatus />, startServer(none));
    expect(screen.getByText('Loading your subscription')).toBeInTheDocument();
    expect(await screen.findByRole('link', { name: 'View plans' })).toHaveAttribute(
      'href',
      '/pricing',
    );
  });
});

describe('InvoiceHistory', () => {
  test('rows with amount, status and links; the next page on demand', async () => {
    const user = userEvent.setup();
    const last = invoice(2, { total: 1234, currency: 'jpy' });
    const server = startServer({
      'GET /api/stripe/get-invoices': ({ route }: { route: string }) =>
        route.includes('starting_after')
          ? {
              invoices: [invoice(3, { total: 5678, currency: 'kwd', status: 'uncollectible' })],
              has_more: false,
            }
          : { invoices: [invoice(1), last], has_more: true },
    });
    show(<InvoiceHistory />, server);
    await waitFor(() => expect(screen.getAllByTestId('invoice-row')).toHaveLength(2));
    const rows = screen.getAllByTestId('invoice-row');
    expect(rows[0]).toHaveTextContent('$49.00');
    expect(within(rows[0]!).getByTestId('invoice-status')).toHaveTextContent('Paid');
    expect(within(rows[0]!).getByRole('link', { name: /^View/ })).toHaveAttribute(
      'rel',
      'noopener noreferrer',
    );
    expect(rows[1]).toHaveTextContent('¥1,234');
    await user.click(screen.getByRole('button', { name: 'Show older invoices' }));
    await waitFor(() => expect(screen.getAllByTestId('invoice-row')).toHaveLength(3));
    expect(screen.getAllByTestId('invoice-row')[2]).toHaveTextContent(/KWD\s5\.678/);
    expect(server.calls('GET /api/stripe/get-invoices')[1]!.route).toContain(
      `starting_after=${last.id}`,
    );
    expect(screen.queryByRole('button', { name: 'Show older invoices' })).toBeNull();
  });

  test('an open invoice of usage is paid with PayPal, by the order that the server makes', async () => {
    const assign = vi.fn();
    vi.stubGlobal('location', { ...window.location, origin: 'http://127.0.0.1:8080', assign });
    const user = userEvent.setup();
    const ours = invoice(1, {
      provider: 'paypal',
      billing_reason: 'usage',
      status: 'open',
      number: null,
      amount_paid: 0,
      amount_remaining: 4900,
    });
    const taken = new Status(409, { code: 'invoice_not_payable', detail: 'This invoice is paid.' });
    let answer: unknown = taken;
    const server = startServer({
      'GET /api/stripe/get-invoices': {
        invoices: [ours, { ...ours, id: invoice(2).id, status: 'paid' }],
        has_more: false,
      },
      'POST /api/paypal/pay-invoice': () => answer,
    });
    show(<InvoiceHistory />, server);
    const [open, paid] = await screen.findAllByTestId('invoice-row');
    expect(open).toHaveTextContent('Usage');
    expect(within(open!).queryByRole('link')).toBeNull();
    expect(within(paid!).queryByTestId('invoice-pay')).toBeNull();
    await user.click(within(open!).getByTestId('invoice-pay'));
    expect(await screen.findByTestId('toast')).toHaveTextContent('This invoice is paid.');
    expect(assign).not.toHaveBeenCalled();

    answer = { orderId: 'O-1', approvalUrl: 'https://paypal.example/approve', status: 'open' };
    await user.click(within(open!).getByTestId('invoice-pay'));
    await waitFor(() => expect(assign).toHaveBeenCalledWith('https://paypal.example/approve'));
    expect(server.calls('POST')[1]!.body).toEqual({
      invoiceId: ours.id,
      successUrl: 'http://127.0.0.1:8080/dashboard/billing?paid={CHECKOUT_SESSION_ID}',
      cancelUrl: 'http://127.0.0.1:8080/dashboard/billing',
    });
    expect(server.calls('POST')[0]!.headers.get('idempotency-key')).toBeTruthy();
    vi.unstubAllGlobals();
  });

  test('an open invoice can be paid; a link that is none is not shown', async () => {
    const rows = [
      invoice(1, { status: 'open', amount_paid: 900, amount_remaining: 4000, invoice_pdf: null }),
      invoice(2, { invoice_pdf: 'javascript:alert(1)', hosted_invoice_url: 'data:text/html,x' }),
    ];
    show(
      <InvoiceHistory />,
      startServer({ 'GET /api/stripe/get-invoices': { invoices: rows, has_more: false } }),
    );
    const [open, hostile] = await screen.findAllByTestId('invoice-row');
    expect(within(open!).getByRole('link', { name: /^Pay/ })).toHaveAttribute(
      'href',
      'https://pay.example/in',
    );
    expect(open).toHaveTextContent('$40.00 still to pay');
    expect(within(hostile!).queryByRole('link')).toBeNull();
  });

  test('none yet', async () => {
    show(
      <InvoiceHistory />,
      startServer({ 'GET /api/stripe/get-invoices': { invoices: [], has_more: false } }),
    );
    expect(await screen.findByText('No invoices yet')).toBeVisible();
  });

  test('a failure is told and can be tried again', async () => {
    const user = userEvent.setup();
    const server = startServer({
      'GET /api/stripe/get-invoices': new Status(422, {
        code: 'invalid_input',
        detail: 'Bad limit.',
      }),
    });
    show(<InvoiceHistory />, server);
    expect(await screen.findByRole('alert')).toHaveTextContent('Bad limit.');
    server.routes['GET /api/stripe/get-invoices'] = { invoices: [invoice(1)], has_more: false };
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByTestId('invoice-row')).toBeVisible();
  });
});

describe('PaymentMethodCard', () => {
  test('shows the card and opens the page where it is changed', async () => {
    const user = userEvent.setup();
    const server = startServer({
      ...none,
      'GET /api/payment-methods': {
        payment_methods: [
          paymentMethod(),
          paymentMethod({ id: 'x', card_exp_year: 2020, is_default: false }),
        ],
      },
      'POST /api/stripe/create-portal': new Status(503, {
        code: 'provider_unavailable',
        detail: 'The portal is away.',
      }),
    });
    show(<PaymentMethodCard />, server);
    const cards = await screen.findAllByTestId('payment-method');
    expect(cards[0]).toHaveTextContent(/Visa .*4242/);
    expect(cards[0]).toHaveTextContent('Default');
    expect(cards[1]).toHaveTextContent('Expired');
    await user.click(screen.getByTestId('update-card'));
    expect(await screen.findByTestId('toast')).toHaveTextContent('The portal is away.');
    expect(server.calls('POST')[0]!.body).toEqual({
      flow: 'payment_method_update',
      returnUrl: 'http://127.0.0.1:8080/dashboard',
    });
  });
});

describe('NotificationsPanel', () => {
  const list = (...rows: ReturnType<typeof notification>[]) => ({
    notifications: rows,
    unread_count: rows.filter((row) => !row.read).length,
    has_more: false,
  });

  test('counts, marks one, marks all', async () => {
    const user = userEvent.setup();
    let rows = [notification(1), notification(2), notification(3, { read: true })];
    const server = startServer({
      'GET /api/notifications': () => list(...rows),
      'PATCH /api/notifications': ({ body }: { body: unknown }) => {
        const { ids } = body as { ids?: string[] };
        rows = rows.map((row) => (!ids || ids.includes(row.id) ? { ...row, read: true } : row));
        return { success: true, updated: 1, unread_count: 0 };
      },
    });
    show(<NotificationsPanel />, server);
    await waitFor(() =>
      expect(screen.getByTestId('notification-unread-count')).toHaveTextContent('2'),
    );
    await user.click(screen.getByRole('button', { name: 'Mark as read: Payment 1' }));
    expect(screen.getByTestId('notification-unread-count')).toHaveTextContent('1');
    await user.click(screen.getByRole('button', { name: 'Mark all read' }));
    await waitFor(() =>
      expect(screen.getByTestId('notification-unread-count')).toHaveTextContent('0'),
    );
    expect(server.calls('PATCH').map((call) => call.body)).toEqual([
      { ids: [notification(1).id], read: true },
      { all: true, read: true },
    ]);
  });

  test('a new one comes by the stream: toast, row and count', async () => {
    let rows = [notification(1, { read: true })];
    const server = startServer({ 'GET /api/notifications': () => list(...rows) });
    show(<NotificationsPanel />, server);
    await screen.findByTestId('notification');
    await waitFor(() => expect(server.live.open).toBe(true));
    const fresh = notification(2, { title: 'Card <b>declined</b>', type: 'payment_failed' });
    rows = [fresh, ...rows];
    server.live.send('notification', fresh, fresh.id);
    server.live.send('notification', fresh, fresh.id); // at least once
    await waitFor(() => expect(screen.getAllByTestId('notification')).toHaveLength(2));
    expect(screen.getByTestId('notification-unread-count')).toHaveTextContent('1');
    expect(screen.getAllByTestId('toast')).toHaveLength(1);
    expect(screen.getByTestId('toast')).toHaveTextContent('Card <b>declined</b>');
  });

  test('the same one again after a page load makes no second toast', async () => {
    const server = startServer({ 'GET /api/notifications': list() });
    const fresh = notification(4);
    for (const toasts of [1, 0]) {
      const { unmount } = show(<NotificationsPanel />, server);
      await waitFor(() => expect(server.live.open).toBe(true));
      const before = server.calls('GET /api/notifications').length;
      server.live.send('notification', fresh, fresh.id);
      await waitFor(() =>
        expect(server.calls('GET /api/notifications').length).toBeGreaterThan(before),
      );
      expect(screen.queryAllByTestId('toast')).toHaveLength(toasts);
      unmount();
      await waitFor(() => expect(server.live.open).toBe(false));
    }
  });

  test('what a click has told, the stream does not tell again', async () => {
    const server = startServer({ 'GET /api/notifications': list() });
    show(<SubscriptionCard subscription={subscription()} onCancel={() => {}} />, server);
    await waitFor(() => expect(server.live.open).toBe(true));
    await userEvent.click(screen.getByTestId('subscription-cancel'));
    await userEvent.click(screen.getByTestId('confirm-cancel'));
    expect(await screen.findByTestId('toast')).toHaveTextContent(
      'You keep Pro until Dec 12, 2026.',
    );
    server.live.send(
      'notification',
      notification(5, { title: 'Cancellation Scheduled', message: 'From the server.' }),
      'x',
    );
    await waitFor(() => expect(screen.getByTestId('toast')).toHaveTextContent('From the server.'));
    server.live.send(
      'notification',
      notification(6, { type: 'subscription_cancel_scheduled', title: 'Other words' }),
      'y',
    );
    await waitFor(() => expect(screen.getAllByTestId('toast')).toHaveLength(2));
    server.live.send(
      'notification',
      notification(7, { type: 'subscription_resumed', title: 'Subscription Resumed' }),
      'z',
    );
    await waitFor(() =>
      expect(screen.getAllByTestId('toast').map((toast) => toast.textContent)).not.toContainEqual(
        expect.stringContaining('Other words'),
      ),
    );
  });

  test('an old one from the backlog makes no toast', async () => {
    const server = startServer({ 'GET /api/notifications': list() });
    show(<NotificationsPanel />, server);
    await waitFor(() => expect(server.live.open).toBe(true));
    const before = server.calls('GET /api/notifications').length;
    server.live.send('notification', notification(9, { created_at: '2026-01-01T00:00:00Z' }), 'x');
    await waitFor(() =>
      expect(server.calls('GET /api/notifications').length).toBeGreaterThan(before),
    );
    expect(screen.queryByTestId('toast')).toBeNull();
  });
});

test('a `changed` event makes the page read again', async () => {
  const server = startServer({
    'GET /api/stripe/get-subscription': { subscription: subscription() },
  });
  show(<SubscriptionStatus />, server);
  await waitFor(() =>
    expect(screen.getByTestId('subscription-status')).toHaveTextContent('Active'),
  );
  await waitFor(() => expect(server.live.open).toBe(true));
  server.routes['GET /api/stripe/get-subscription'] = {
    subscription: subscription({ status: 'past_due' }),
  };
  server.live.send('changed', {});
  await waitFor(() =>
    expect(screen.getByTestId('subscription-status')).toHaveTextContent('Past due'),
  );
});

describe('PricingTable', () => {
  const free = plan('free', { is_free: true, purchasable: false, prices: [] });
  const catalogue = {
    plans: [free, plan('pro'), plan('business', { trial_days: 14 })],
    top_ups: [
      plan('credits', {
        kind: 'top_up',
        prices: [
          price({ billing_cycle: null, interval: null, amount: 2000, monthly_amount: null }),
        ],
      }),
    ],
  };

  test('switches between monthly and yearly and buys by plan key, never by price', async () => {
    const user = userEvent.setup();
    const server = startServer({
      ...none,
      'GET /api/plans': catalogue,
      'POST /api/stripe/create-checkout': new Status(422, {
        code: 'url_not_allowed',
        detail: 'Not on the allow-list.',
      }),
    });
    show(<PricingTable />, server);
    const buy = await screen.findByTestId('plan-pro-subscribe');
    await waitFor(() => expect(buy).toBeEnabled());
    expect(screen.getAllByText('$49')).toHaveLength(2);
    expect(screen.getByTestId('plan-free-subscribe')).toBeDisabled();
    expect(screen.getByTestId('billing-cycle-yearly')).toHaveTextContent('Save 17%');
    await user.click(screen.getByTestId('billing-cycle-yearly'));
    expect(screen.getAllByText('$40.83')).toHaveLength(2);
    expect(screen.getByText('$490 billed yearly')).toBeVisible();
    await user.click(buy);
    expect(await screen.findByTestId('toast')).toHaveTextContent('Not on the allow-list.');
    expect(server.calls('POST')[0]!.body).toEqual({
      planId: 'pro',
      billingCycle: 'yearly',
      successUrl: 'http://127.0.0.1:8080/success?session_id={CHECKOUT_SESSION_ID}',
      cancelUrl: 'http://127.0.0.1:8080/pricing?canceled=true',
    });
    await user.click(screen.getByTestId('plan-credits-subscribe'));
    await waitFor(() => expect(server.calls('POST')).toHaveLength(2));
    expect(server.calls('POST')[1]!.body).toMatchObject({ planId: 'credits' });
    expect(server.calls('POST')[1]!.body).not.toHaveProperty('billingCycle');
  });

  test('signed out, the choice leads to the sign-in and nothing private is asked for', async () => {
    const user = userEvent.setup();
    const server = startServer({ 'GET /api/plans': catalogue });
    const onSignedOut = vi.fn();
    show(<PricingTable onSignedOut={onSignedOut} defaultBillingCycle="yearly" />, server, {
      signedIn: false,
    });
    await user.click(await screen.findByTestId('plan-pro-subscribe'));
    expect(onSignedOut).toHaveBeenCalledExactlyOnceWith(catalogue.plans[1], 'yearly');
    expect(server.asked.map((call) => call.route)).toEqual(['GET /api/plans']);
    expect(server.live.open).toBe(false);
  });

  test('what a plan offers depends on what there is', () => {
    const pro = plan('pro');
    const monthly = pro.prices[0]!;
    const yearly = pro.prices[1]!;
    const business = plan('business');
    expect(offerOf(free, null, null)).toBe('current');
    expect(offerOf(pro, monthly, null)).toBe('subscribe');
    expect(offerOf(plan('pro', { purchasable: false }), monthly, null)).toBe('unavailable');
    expect(offerOf(pro, null, null)).toBe('unavailable');
    for (const status of ['active', 'trialing', 'past_due', 'unpaid', 'paused'] as const) {
      expect(offerOf(free, null, subscription({ status }))).toBe('included');
      expect(offerOf(pro, monthly, subscription({ status }))).toBe('current');
      expect(offerOf(pro, yearly, subscription({ status }))).toBe('change');
      expect(offerOf(business, monthly, subscription({ status }))).toBe('change');
      expect(offerOf(catalogue.top_ups[0]!, monthly, subscription({ status }))).toBe('subscribe');
    }
    for (const status of ['canceled', 'incomplete_expired', 'incomplete'] as const) {
      expect(offerOf(pro, monthly, subscription({ status }))).toBe('subscribe');
    }
  });

  test('no plans, and no service', async () => {
    const server = startServer({ ...none, 'GET /api/plans': { plans: [], top_ups: [] } });
    const { unmount } = show(<PricingTable />, server);
    expect(await screen.findByText('No plans yet')).toBeVisible();
    unmount();
    show(
      <PricingTable />,
      startServer({ ...none, 'GET /api/plans': new TypeError('Failed to fetch') }),
    );
    expect(await screen.findByText('The plans could not be loaded')).toBeVisible();
  });
});

describe('ConnectionNotice', () => {
  test.each([
    [new TypeError('Failed to fetch'), 'cannot be reached'],
    [new Status(429, { code: 'rate_limited', detail: 'x' }), 'too fast'],
    [new Status(503, { code: 'unavailable', detail: 'x' }), 'has a problem'],
  ])('tells that the service is away, and recovers', async (answer, words) => {
    vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 20 });
    try {
      const server = startServer({ 'GET /api/stripe/get-subscription': answer });
      show(
        <>
          <ConnectionNotice />
          <SubscriptionStatus />
        </>,
        server,
        { live: false },
      );
      expect(
        await screen.findByText(new RegExp(`A little ${words}|The billing service ${words}`)),
      ).toBeInTheDocument();
      server.routes['GET /api/stripe/get-subscription'] = { subscription: subscription() };
      await vi.advanceTimersByTimeAsync(5_100);
      await waitFor(() =>
        expect(screen.getByTestId('subscription-status')).toHaveTextContent('Active'),
      );
      expect(screen.queryByText(new RegExp(words))).toBeNull();
    } finally {
      vi.useRealTimers();
    }
  });

  test('a refusal is no outage', async () => {
    show(
      <>
        <ConnectionNotice />
        <SubscriptionStatus />
      </>,
      startServer({
        'GET /api/stripe/get-subscription': new Status(403, {
          code: 'forbidden',
          detail: 'Not yours.',
        }),
      }),
    );
    expect(await screen.findByRole('alert')).toHaveTextContent('Not yours.');
    expect(screen.queryByText(/The billing service/)).toBeNull();
  });
});
