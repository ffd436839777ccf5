// One entry per component: what it is called, how it is used, and its states.

import {
  CheckoutButton,
  CreditBalance,
  CreditHistory,
  Gate,
  InvoiceHistory,
  NotificationsPanel,
  PaymentHistory,
  PaymentMethodCard,
  PlanChangeDialog,
  PricingCard,
  PricingTable,
  PromotionCodeField,
  ProviderChoice,
  SeatManager,
  SubscriptionCard,
  SubscriptionStatus,
  UsageDisplay,
  Button,
} from '@paydesk/react';
import { useState, type ReactNode } from 'react';

import { Failure, pending, type Routes } from './api';
import * as facts from './facts';

export interface Sample {
  name: string;
  usage: string;
  /** The states take the whole width. */
  whole?: boolean;
  states: { name: string; routes: Routes; show: ReactNode }[];
}

const down = new Failure(503, 'unavailable', 'The billing service is not available.');
const pages = (name: string, rows: unknown[]) => ({ [name]: rows, has_more: false });

/** The four states that every list has. */
function listStates(route: string, name: string, rows: unknown[], show: ReactNode) {
  return [
    { name: 'with rows', routes: { [route]: pages(name, rows) }, show },
    { name: 'empty', routes: { [route]: pages(name, []) }, show },
    { name: 'loading', routes: { [route]: pending }, show },
    { name: 'error', routes: { [route]: down }, show },
  ];
}

const subscription_states = Object.entries(facts.subscriptions);

function ChangeSample() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button data-testid="open-change" onClick={() => setOpen(true)}>
        Change to Business
      </Button>
      {open && (
        <PlanChangeDialog
          subscription={facts.subscription()}
          planKey="business"
          planName="Business"
          billingCycle="monthly"
          onClose={() => setOpen(false)}
        />
      )}
    </>
  );
}

function CodeSample({ code: given, error }: { code: string; error?: string }) {
  const [code, setCode] = useState(given);
  return <PromotionCodeField code={code} onCode={setCode} error={error ?? null} />;
}

function ProviderSample() {
  const [provider, setProvider] = useState<'stripe' | 'paypal'>('stripe');
  return (
    <ProviderChoice providers={['stripe', 'paypal']} provider={provider} onChoose={setProvider} />
  );
}

export const samples: Sample[] = [
  {
    name: 'SubscriptionCard',
    usage:
      '<SubscriptionCard subscription={subscription} onCancel={(atPeriodEnd) => ...} onManage={...} />',
    states: subscription_states.map(([name, subscription]) => ({
      name,
      routes: {},
      show: (
        <SubscriptionCard subscription={subscription} onCancel={() => {}} onManage={() => {}} />
      ),
    })),
  },
  {
    name: 'SubscriptionStatus',
    usage: '<SubscriptionStatus />',
    states: [
      ...['active', 'free', 'past due'].map((name) => ({
        name,
        routes: { 'GET /api/stripe/get-subscription': { subscription: facts.subscriptions[name] } },
        show: <SubscriptionStatus />,
      })),
      {
        name: 'loading',
        routes: { 'GET /api/stripe/get-subscription': pending },
        show: <SubscriptionStatus />,
      },
    ],
  },
  {
    name: 'PricingTable',
    usage: '<PricingTable recommended="pro" onSignedOut={...} />',
    whole: true,
    states: [
      {
        name: 'free user',
        routes: {
          'GET /api/plans': facts.plans,
          'GET /api/stripe/get-subscription': { subscription: null },
        },
        show: <PricingTable recommended="pro" />,
      },
      {
        name: 'card or PayPal',
        routes: {
          'GET /api/config': facts.config,
          'GET /api/plans': facts.plans,
          'GET /api/stripe/get-subscription': { subscription: null },
        },
        show: <PricingTable recommended="pro" />,
      },
    ],
  },
  {
    name: 'PricingCard',
    usage: '<PricingCard plan={plan} billingCycle="yearly" onSubscribe={...} />',
    states: [
      {
        name: 'yearly',
        routes: {},
        show: (
          <PricingCard plan={facts.plans.plans[1]!} billingCycle="yearly" onSubscribe={() => {}} />
        ),
      },
    ],
  },
  {
    name: 'CheckoutButton',
    usage: '<CheckoutButton planKey="pro" billingCycle="monthly">Get Pro</CheckoutButton>',
    states: [
      {
        name: 'ready',
        routes: {},
        show: (
          <CheckoutButton planKey="pro" billingCycle="monthly">
            Get Pro
          </CheckoutButton>
        ),
      },
      {
        name: 'asks for a code',
        routes: {
          'POST /api/stripe/create-checkout': new Failure(
            422,
            'promotion_code_invalid',
            'There is no such promotion code.',
          ),
        },
        show: (
          <CheckoutButton planKey="pro" billingCycle="monthly" askForCode>
            Get Pro
          </CheckoutButton>
        ),
      },
    ],
  },
  {
    name: 'PromotionCodeField',
    usage: '<PromotionCodeField code={code} onCode={setCode} error={codeError} />',
    states: [
      { name: 'closed', routes: {}, show: <CodeSample code="" /> },
      { name: 'typed', routes: {}, show: <CodeSample code="spring" /> },
      {
        name: 'refused',
        routes: {},
        show: <CodeSample code="spring" error="This promotion code expired on May 1, 2026." />,
      },
    ],
  },
  {
    name: 'ProviderChoice',
    usage: '<ProviderChoice {...useProviders()} onChoose={choose} />',
    states: [{ name: 'card or PayPal', routes: {}, show: <ProviderSample /> }],
  },
  {
    name: 'PlanChangeDialog',
    usage:
      '<PlanChangeDialog subscription={s} planKey="business" planName="Business" billingCycle="monthly" onClose={...} />',
    states: [
      {
        name: 'with preview',
        routes: {
          [`POST /api/subscriptions/${facts.subscription().id}/preview`]: {
            preview: facts.preview,
          },
        },
        show: <ChangeSample />,
      },
    ],
  },
  {
    name: 'InvoiceHistory',
    usage: '<InvoiceHistory />',
    states: listStates(
      'GET /api/stripe/get-invoices',
      'invoices',
      facts.invoices,
      <InvoiceHistory />,
    ),
  },
  {
    name: 'PaymentHistory',
    usage: '<PaymentHistory />',
    states: listStates(
      'GET /api/payments',
      'payments',
      [
        facts.payment(1),
        facts.payment(2, { status: 'failed', failure_message: 'Your card was declined.' }),
        facts.payment(3, { status: 'partially_refunded', amount_refunded: 900 }),
      ],
      <PaymentHistory />,
    ),
  },
  {
    name: 'PaymentMethodCard',
    usage: '<PaymentMethodCard />',
    states: [
      {
        name: 'cards',
        routes: {
          'GET /api/payment-methods': {
            payment_methods: [
              facts.method(),
              facts.method({
                id: 'a',
                card_brand: 'amex',
                card_last4: '0005',
                is_default: false,
                card_exp_year: 2020,
              }),
              facts.method({
                id: 'b',
                type: 'paypal',
                provider: 'paypal',
                card_last4: null,
                is_default: false,
                card_exp_month: null,
                card_exp_year: null,
              }),
            ],
          },
        },
        show: <PaymentMethodCard />,
      },
      {
        name: 'PayPal',
        routes: {
          'GET /api/payment-methods': { payment_methods: [] },
          'GET /api/stripe/get-subscription': { subscription: facts.subscriptions['PayPal'] },
        },
        show: <PaymentMethodCard />,
      },
      {
        name: 'empty',
        routes: { 'GET /api/payment-methods': { payment_methods: [] } },
        show: <PaymentMethodCard />,
      },
    ],
  },
  {
    name: 'UsageDisplay',
    usage: '<UsageDisplay subscriptionId={subscription.id} />',
    states: [
      {
        name: 'metered',
        routes: { 'GET /api/stripe/get-usage': facts.usage },
        show: <UsageDisplay />,
      },
      { name: 'loading', routes: { 'GET /api/stripe/get-usage': pending }, show: <UsageDisplay /> },
    ],
  },
  {
    name: 'CreditBalance',
    usage: '<CreditBalance />',
    states: [
      { name: 'plenty', routes: { 'GET /api/credits': facts.credits }, show: <CreditBalance /> },
      { name: 'low', routes: { 'GET /api/credits': facts.few_credits }, show: <CreditBalance /> },
      { name: 'none', routes: { 'GET /api/credits': facts.no_credits }, show: <CreditBalance /> },
    ],
  },
  {
    name: 'CreditHistory',
    usage: '<CreditHistory />',
    states: listStates(
      'GET /api/credits/entries',
      'entries',
      facts.entries,
      <CreditHistory />,
    ).slice(0, 2),
  },
  {
    name: 'NotificationsPanel',
    usage: '<NotificationsPanel />',
    states: [
      {
        name: 'news',
        routes: {
          'GET /api/notifications': {
            notifications: [
              facts.notification(1),
              facts.notification(2, {
                type: 'payment_failed',
                title: 'Payment Failed',
                message: 'Your recent payment failed. Please update your payment method.',
              }),
              facts.notification(9, {
                type: 'subscription_canceled',
                title: 'Subscription Canceled',
                message: 'Your subscription has been canceled.',
                read: true,
              }),
            ],
            unread_count: 2,
            has_more: false,
          },
        },
        show: <NotificationsPanel />,
      },
      {
        name: 'empty',
        routes: {
          'GET /api/notifications': { notifications: [], unread_count: 0, has_more: false },
        },
        show: <NotificationsPanel />,
      },
    ],
  },
  {
    name: 'SeatManager',
    usage: '<SeatManager />',
    states: [
      { name: 'seats left', routes: { 'GET /api/seats': facts.seats }, show: <SeatManager /> },
      {
        name: 'all taken',
        routes: { 'GET /api/seats': { ...facts.seats, total: 3 } },
        show: <SeatManager />,
      },
    ],
  },
  {
    name: 'Gate',
    usage: '<Gate feature="Team features" planName="Enterprise">...</Gate>',
    states: [
      {
        name: 'closed',
        routes: { 'GET /api/entitlements': { entitlements: facts.entitlements } },
        show: (
          <Gate feature="Team features" planName="Enterprise">
            <p>Only for those who have it.</p>
          </Gate>
        ),
      },
    ],
  },
];
