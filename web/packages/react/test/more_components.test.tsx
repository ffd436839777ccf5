import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, test, vi } from 'vitest';

import {
  CheckoutButton,
  CreditBalance,
  CreditHistory,
  Gate,
  InvoiceHistory,
  PaydeskProvider,
  PaymentHistory,
  SubscriptionStatus,
  english,
  toCsv,
  type ButtonProps,
} from '../src';
import { german } from '../src/words/de';
import {
  Status,
  creditEntry,
  credits,
  entitlements,
  invoice,
  payment,
  scheduled,
  show,
  startServer,
} from './server';

const saved: { name: string; content: Blob }[] = [];

beforeEach(() => {
  saved.length = 0;
  let content: Blob;
  URL.createObjectURL = (given) => {
    content = given as Blob;
    return 'blob:x';
  };
  URL.revokeObjectURL = () => {};
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (
    this: HTMLAnchorElement,
  ) {
    saved.push({ name: this.download, content });
  });
});

const textOf = (blob: Blob) =>
  new Promise<string>((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.readAsText(blob);
  });

describe('files', () => {
  test('the PDF of an invoice is asked for with the token, in the reader’s language', async () => {
    const server = startServer({
      'GET /api/stripe/get-invoices': { invoices: [invoice(1)], has_more: false },
      [`GET /api/invoices/${invoice(1).id}.pdf`]: () => new Response('%PDF'),
    });
    show(<InvoiceHistory />, server, { words: german, locale: 'de-DE' });
    await userEvent.click(await screen.findByRole('button', { name: /als PDF herunterladen/ }));
    await waitFor(() => expect(saved).toHaveLength(1));
    expect(saved[0]!.name).toBe('A1-0001.pdf');
    const call = server.calls('GET /api/invoices')[0]!;
    expect(call.route).toContain('language=de');
    expect(call.headers.get('authorization')).toBe('Bearer token');
  });

  test('a PDF that cannot be had is told', async () => {
    const server = startServer({
      'GET /api/stripe/get-invoices': { invoices: [invoice(1)], has_more: false },
      [`GET /api/invoices/${invoice(1).id}.pdf`]: new Status(404, {
        code: 'not_found',
        detail: 'Gone.',
      }),
    });
    show(<InvoiceHistory />, server);
    await userEvent.click(await screen.findByTestId('invoice-pdf'));
    expect(await screen.findByTestId('toast')).toHaveTextContent('Gone.');
    expect(saved).toEqual([]);
  });

  test('the CSV has every page, exact amounts and no formula', async () => {
    const server = startServer({
      'GET /api/stripe/get-invoices': ({ route }: { route: string }) =>
        route.includes('starting_after')
          ? {
              invoices: [invoice(2, { total: 1234, amount_paid: 0, currency: 'jpy' })],
              has_more: false,
            }
          : { invoices: [invoice(1, { number: '=cmd|x' })], has_more: true },
    });
    show(<InvoiceHistory />, server);
    await userEvent.click(await screen.findByTestId('invoices-csv'));
    await waitFor(() => expect(saved).toHaveLength(1));
    const lines = (await textOf(saved[0]!.content)).replace('\uFEFF', '').split('\r\n');
    expect(lines[0]).toBe(english.invoices.columns.join(','));
    expect(lines[1]).toMatch(/^'=cmd\|x,2026-11-12T00:00:00Z,paid,49.00,49.00,USD,/);
    expect(lines[2]).toMatch(/,1234,0,JPY,/);
  });

  test.each([
    ['plain', 'plain'],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    ['=1+1', "'=1+1"],
    ['@x', "'@x"],
    ['-cmd', "'-cmd"],
    ['-5', '-5'],
  ])('a cell %j', (value, expected) => {
    expect(toCsv(['a'], [[value]])).toBe(`\uFEFFa\r\n${expected}\r\n`);
  });
});

describe('PaymentHistory', () => {
  test('what was paid, what failed and why, what came back', async () => {
    const payments = [
      payment(1, { status: 'partially_refunded', amount_refunded: 900 }),
      payment(2, { status: 'failed', failure_message: 'Your card was declined.' }),
      payment(3, { amount: 1500, currency: 'kwd', receipt_url: 'javascript:alert(1)' }),
    ];
    show(<PaymentHistory />, startServer({ 'GET /api/payments': { payments, has_more: false } }));
    const rows = await screen.findAllByTestId('payment-row');
    expect(rows[0]).toHaveTextContent('$9.00 came back');
    expect(rows[0]).toHaveTextContent('Partly refunded');
    expect(rows[1]).toHaveTextContent('Your card was declined.');
    expect(rows[2]).toHaveTextContent(/KWD\s1\.500/);
    expect(within(rows[2]!).queryByRole('link')).toBeNull();
  });
});

describe('credits', () => {
  test('the balance, what is held, what expires next and from where', async () => {
    show(<CreditBalance />, startServer({ 'GET /api/credits': credits() }));
    expect(await screen.findByTestId('credit-balance')).toHaveTextContent('3,480');
    expect(screen.getByText('2,480 expire on Dec 12, 2026')).toBeVisible();
    expect(screen.getByText(/^20 set aside/)).toBeVisible();
    const buckets = screen.getAllByTestId('credit-bucket');
    expect(buckets[0]).toHaveTextContent('Pro');
    expect(buckets[1]).toHaveTextContent('Never expires');
  });

  test('nothing left', async () => {
    const empty = credits({ balance: 0, held: 0, next_expiry: null, buckets: [] });
    show(<CreditBalance />, startServer({ 'GET /api/credits': empty }));
    expect(await screen.findByText('You have no credits left')).toBeVisible();
  });

  test('the statement in order, page by page', async () => {
    const first = creditEntry(1, { kind: 'grant', amount: 100, balance: 100 });
    const server = startServer({
      'GET /api/credits/entries': ({ route }: { route: string }) =>
        route.includes('starting_after=2')
          ? { entries: [first], has_more: false }
          : { entries: [creditEntry(2)], has_more: true },
    });
    show(<CreditHistory />, server);
    expect(await screen.findByTestId('credit-entry')).toHaveTextContent('-5');
    await userEvent.click(screen.getByRole('button', { name: 'Show older' }));
    await waitFor(() => expect(screen.getAllByTestId('credit-entry')).toHaveLength(2));
    expect(screen.getAllByTestId('credit-entry')[1]).toHaveTextContent('+100');
  });
});

describe('Gate', () => {
  const gate = (given: object, props: object) => {
    show(
      <Gate {...props}>
        <p>secret</p>
      </Gate>,
      startServer({ 'GET /api/entitlements': { entitlements: entitlements(given) } }),
    );
  };
  test('lets in whose plan has the feature', async () => {
    gate({}, { feature: 'API access' });
    expect(await screen.findByText('secret')).toBeVisible();
  });
  test.each([
    [{}, { feature: 'Team features', planName: 'Enterprise' }, 'Part of Enterprise'],
    [{}, { minRank: 2 }, 'Not in your plan'],
    [{ suspended: true }, { feature: 'API access' }, 'Not in your plan'],
  ])('keeps out %j %j', async (given, props, words) => {
    gate(given, props);
    expect(await screen.findByText(words)).toBeVisible();
    expect(screen.queryByText('secret')).toBeNull();
  });
  test('fails closed while the service does not answer', async () => {
    show(
      <Gate feature="API access" fallback={<p>locked</p>}>
        <p>secret</p>
      </Gate>,
      startServer({ 'GET /api/entitlements': new Status(503) }),
    );
    expect(await screen.findByText('locked')).toBeVisible();
    expect(screen.queryByText('secret')).toBeNull();
  });
});

test('CheckoutButton starts a checkout of its plan', async () => {
  const server = startServer({
    'POST /api/stripe/create-checkout': new Status(409, {
      code: 'subscription_exists',
      detail: 'You have one.',
    }),
  });
  show(<CheckoutButton planKey="pro" billingCycle="yearly" />, server);
  await userEvent.click(screen.getByRole('button', { name: 'Get pro' }));
  expect(await screen.findByTestId('toast')).toHaveTextContent('You have one.');
  expect(server.calls('POST /api/stripe/create-checkout')[0]!.body).toMatchObject({
    planId: 'pro',
    billingCycle: 'yearly',
  });
});

test('an app’s own parts take the place of ours', async () => {
  const server = startServer({ 'GET /api/stripe/get-subscription': { subscription: scheduled() } });
  const Button = ({ children, onClick }: ButtonProps) => (
    <button className="mine" onClick={onClick}>
      {children}
    </button>
  );
  render(
    <PaydeskProvider client={server.client} locale="en-US" parts={{ Button }}>
      <SubscriptionStatus />
    </PaydeskProvider>,
  );
  expect(await screen.findByRole('button', { name: 'Billing portal' })).toHaveClass('mine');
});

describe('words', () => {
  /** Every leaf of a dictionary as [path, text]; functions are called with marks. */
  function leaves(value: unknown, path = ''): [string, string][] {
    if (typeof value === 'string') return [[path, value]];
    if (typeof value === 'function') {
      return [[path, String((value as (...args: string[]) => string)('‹1›', '‹2›'))]];
    }
    return Object.entries(value as object).flatMap(([key, inner]) =>
      leaves(inner, `${path}.${key}`),
    );
  }
  const marks = (text: string) => [...text.matchAll(/‹\d›/g)].map(String).sort();

  test('German says everything that English says, with the same facts', () => {
    const translated = new Map(leaves(german));
    for (const [path, text] of leaves(english)) {
      expect(translated.get(path), path).toBeTruthy();
      expect(marks(translated.get(path)!), path).toEqual(marks(text));
    }
  });

  test('a subscription that ends, in German', async () => {
    const server = startServer({
      'GET /api/stripe/get-subscription': { subscription: scheduled() },
    });
    show(<SubscriptionStatus />, server, { words: german, locale: 'de-DE' });
    expect(await screen.findByText('Endet bald')).toBeVisible();
    expect(screen.getByText('Pro endet am 12.12.2026.')).toBeVisible();
    expect(screen.getByText(/49,00\s\$ pro Monat/)).toBeVisible();
  });
});
