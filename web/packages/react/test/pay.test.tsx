// How one pays: with a promotion code, by card or PayPal, and what each provider can do afterwards.

import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, test, vi } from 'vitest';

import {
  CheckoutButton,
  PaymentMethodCard,
  PlanChangeDialog,
  PricingTable,
  SubscriptionCard,
  describeSubscription,
} from '../src';
import { Status, plan, show, startServer, subscription } from './server';

const refused = new Status(422, {
  code: 'promotion_code_invalid',
  detail: 'This promotion code expired on May 1, 2026.',
});
const routes = {
  'GET /api/plans': { plans: [plan('pro')], top_ups: [] },
  'GET /api/stripe/get-subscription': { subscription: null },
  'POST /api/stripe/create-checkout': refused,
};
const config = (providers?: string[]) => ({
  local_sign_in: false,
  sandbox_url: null,
  livemode: false,
  supabase_url: null,
  supabase_anon_key: null,
  version: '1',
  ...(providers && { providers }),
});

const assign = vi.fn();
beforeEach(() => {
  assign.mockClear();
  vi.stubGlobal('location', { ...window.location, origin: 'http://127.0.0.1:8080', assign });
});

describe('a promotion code', () => {
  test('that is refused says why where it was typed, and not in a message on top', async () => {
    const user = userEvent.setup();
    const server = startServer(routes);
    show(<PricingTable />, server);
    await user.click(await screen.findByTestId('promotion-open'));
    const field = screen.getByTestId('promotion-code');
    await waitFor(() => expect(field).toHaveFocus());
    await user.type(field, ' spring ');
    await waitFor(() => expect(screen.getByTestId('plan-pro-subscribe')).toBeEnabled());
    await user.click(screen.getByTestId('plan-pro-subscribe'));
    expect(await screen.findByTestId('promotion-error')).toHaveTextContent('expired on May 1');
    expect(field).toHaveFocus();
    expect(field).toBeInvalid();
    expect(field).toHaveAccessibleDescription('This promotion code expired on May 1, 2026.');
    expect(screen.queryByTestId('toast')).toBeNull();
    expect(server.calls('POST')[0]!.body).toMatchObject({ planId: 'pro', promotionCode: 'spring' });

    await user.type(field, 'X');
    expect(screen.queryByTestId('promotion-error')).toBeNull();
    expect(field).toBeValid();
  });

  test('left empty is not sent', async () => {
    const user = userEvent.setup();
    const server = startServer(routes);
    show(<CheckoutButton planKey="credits" askForCode />, server);
    await user.click(await screen.findByTestId('promotion-open'));
    await user.type(screen.getByTestId('promotion-code'), '   ');
    await user.click(screen.getByRole('button', { name: 'Get credits' }));
    await waitFor(() => expect(server.calls('POST')).toHaveLength(1));
    expect(server.calls('POST')[0]!.body).not.toHaveProperty('promotionCode');
    expect(server.calls('POST')[0]!.body).not.toHaveProperty('provider');
  });

  describe('in the dialog of a change', () => {
    const preview = (discount: number) => ({
      preview: {
        subscription_id: subscription().id,
        when: 'now',
        effective_at: null,
        plan_key: 'business',
        plan_name: 'Business',
        plan_type: 'monthly',
        price_id: 'price_2',
        quantity: 1,
        currency: 'usd',
        amount_due: 5000 - discount,
        subtotal: 5000,
        discount,
        tax: 0,
        total: 5000 - discount,
        lines: [],
        proration_date: null,
        renewal_amount: 9900,
        renews_at: '2026-12-26T00:00:00Z',
        promotion: null,
      },
    });
    const path = `/api/subscriptions/${subscription().id}`;

    function open(onClose = () => {}) {
      const server = startServer({
        [`POST ${path}/preview`]: ({ body }: { body: unknown }) => {
          const { promotionCode } = body as { promotionCode?: string };
          if (promotionCode === undefined) return preview(0);
          return promotionCode === 'SPRING' ? preview(1000) : refused;
        },
        [`PATCH ${path}`]: {
          success: true,
          state: 'applied',
          hosted_invoice_url: null,
          expires_at: null,
          subscription: subscription(),
        },
      });
      show(
        <PlanChangeDialog
          subscription={subscription()}
          planKey="business"
          planName="Business"
          billingCycle="monthly"
          onClose={onClose}
        />,
        server,
      );
      return server;
    }
    async function type(user: ReturnType<typeof userEvent.setup>, code: string) {
      await user.clear(screen.getByTestId('promotion-code'));
      await user.type(screen.getByTestId('promotion-code'), code);
    }

    test('it is looked at, and used by the change alone', async () => {
      const user = userEvent.setup();
      const closed = vi.fn();
      const server = open(closed);
      await user.click(await screen.findByTestId('promotion-open'));
      expect(screen.getByTestId('promotion-apply')).toBeDisabled();
      await user.type(screen.getByTestId('promotion-code'), 'OLD');
      await user.click(screen.getByTestId('promotion-apply'));
      expect(await screen.findByTestId('promotion-error')).toBeVisible();
      const shown = within(screen.getByTestId('change-preview'));
      expect(shown.getByText('$50.00')).toBeVisible();
      await type(user, 'SPRING');
      await user.click(screen.getByTestId('promotion-apply'));
      expect(await screen.findByText(/used once you confirm/)).toBeVisible();
      expect(shown.getByText('-$10.00')).toBeVisible();
      expect(shown.getByText('$40.00')).toBeVisible();
      expect(server.calls('PATCH')).toHaveLength(0);
      await user.click(screen.getByTestId('confirm-change'));
      await waitFor(() => expect(closed).toHaveBeenCalled());
      expect(server.calls('PATCH').map((call) => call.body)).toEqual([
        { planId: 'business', billingCycle: 'monthly', promotionCode: 'SPRING' },
      ]);
    });

    test('one that is taken back is not used', async () => {
      const user = userEvent.setup();
      const server = open();
      await user.click(await screen.findByTestId('promotion-open'));
      await user.type(screen.getByTestId('promotion-code'), 'SPRING');
      await user.click(screen.getByTestId('promotion-apply'));
      await screen.findByText('$40.00');
      await user.clear(screen.getByTestId('promotion-code'));
      expect(await screen.findByText('$50.00')).toBeVisible();
      await user.click(screen.getByTestId('confirm-change'));
      await waitFor(() => expect(server.calls('PATCH')).toHaveLength(1));
      expect(server.calls('PATCH')[0]!.body).not.toHaveProperty('promotionCode');
    });

    test('one that was only typed is looked at before anything is confirmed', async () => {
      const user = userEvent.setup();
      const server = open();
      await user.click(await screen.findByTestId('promotion-open'));
      await user.type(screen.getByTestId('promotion-code'), 'SPRING');
      await user.click(screen.getByTestId('confirm-change'));
      expect(await screen.findByText('$40.00')).toBeVisible();
      expect(server.calls('PATCH')).toHaveLength(0);
      await user.click(screen.getByTestId('confirm-change'));
      await waitFor(() => expect(server.calls('PATCH')).toHaveLength(1));
      expect(server.calls('PATCH')[0]!.body).toMatchObject({ promotionCode: 'SPRING' });
    });
  });
});

describe('PayPal', () => {
  test('is not offered where the server does not offer it', async () => {
    const server = startServer({ ...routes, 'GET /api/config': config() });
    show(<PricingTable />, server);
    await screen.findByTestId('plan-pro-subscribe');
    await waitFor(() => expect(server.calls('GET /api/config')).toHaveLength(1));
    expect(screen.queryByTestId('provider-paypal')).toBeNull();
  });

  test('is chosen once for the whole table', async () => {
    const user = userEvent.setup();
    const server = startServer({
      ...routes,
      'GET /api/config': config(['stripe', 'paypal']),
      'POST /api/stripe/create-checkout': { sessionId: 'o', url: 'https://paypal.example/approve' },
    });
    show(<PricingTable />, server);
    await user.click(await screen.findByTestId('provider-paypal'));
    await waitFor(() => expect(screen.getByTestId('plan-pro-subscribe')).toBeEnabled());
    await user.click(screen.getByTestId('plan-pro-subscribe'));
    await waitFor(() => expect(assign).toHaveBeenCalledWith('https://paypal.example/approve'));
    expect(server.calls('POST')[0]!.body).toMatchObject({ planId: 'pro', provider: 'paypal' });
  });

  const paypal = subscription({ provider: 'paypal', stripe_subscription_id: null });

  test('is shown as what pays', async () => {
    const server = startServer({
      'GET /api/payment-methods': { payment_methods: [] },
      'GET /api/stripe/get-subscription': { subscription: paypal },
    });
    show(<PaymentMethodCard />, server);
    expect(await screen.findByTestId('payment-method')).toHaveTextContent('PayPal');
  });

  test('cannot undo a cancellation, and the question says so', async () => {
    const user = userEvent.setup();
    show(
      <SubscriptionCard subscription={paypal} onCancel={() => {}} onManage={() => {}} />,
      startServer({}),
    );
    expect(screen.queryByText('Billing portal')).toBeNull();
    await user.click(screen.getByTestId('subscription-cancel'));
    expect(screen.getByRole('dialog')).toHaveTextContent('PayPal cannot undo a cancellation');
    expect(screen.getByRole('dialog')).not.toHaveTextContent('change your mind');
    const ending = describeSubscription({ ...paypal, cancel_scheduled: true });
    expect(ending.can_resume).toBe(false);
    expect(ending.notice?.step).toBeNull();
  });

  test('asks for consent to a new price', async () => {
    const user = userEvent.setup();
    const server = startServer({
      [`POST /api/subscriptions/${paypal.id}/preview`]: {
        preview: {
          subscription_id: paypal.id,
          when: 'period_end',
          effective_at: '2026-12-26T00:00:00Z',
          plan_key: 'business',
          plan_name: 'Business',
          plan_type: 'monthly',
          price_id: 'P-2',
          quantity: 1,
          currency: 'usd',
          amount_due: 0,
          subtotal: 0,
          discount: 0,
          tax: 0,
          total: 0,
          lines: [],
          proration_date: null,
          renewal_amount: 9900,
          renews_at: '2026-12-26T00:00:00Z',
        },
      },
      [`PATCH /api/subscriptions/${paypal.id}`]: {
        success: true,
        state: 'requires_action',
        hosted_invoice_url: 'https://paypal.example/consent',
        expires_at: null,
        subscription: paypal,
      },
    });
    show(
      <PlanChangeDialog
        subscription={paypal}
        planKey="business"
        planName="Business"
        billingCycle="monthly"
        onClose={() => {}}
      />,
      server,
    );
    expect(await screen.findByTestId('change-preview')).toHaveTextContent('on PayPal’s page');
    expect(screen.queryByTestId('promotion-open')).toBeNull();
    await user.click(screen.getByTestId('confirm-change'));
    await waitFor(() => expect(assign).toHaveBeenCalledWith('https://paypal.example/consent'));
  });
});
