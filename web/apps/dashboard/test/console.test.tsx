// The admin's console: nothing is set going without a question, and numbers are shown with all their digits.

import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter, Route, Routes } from 'react-router';
import { expect, test } from 'vitest';

import { Status, show, startServer } from '../../../packages/react/test/server';
import { formatDecimal } from '../src/admin/decimal';
import { everyDay } from '../src/pages/admin/AllUsage';
import Revenue from '../src/pages/admin/Revenue';
import Webhooks from '../src/pages/admin/Webhooks';

const at = (path: string, page: React.ReactNode) => (
  <MemoryRouter initialEntries={[path]}>
    <Routes>
      <Route path="*" element={page} />
    </Routes>
  </MemoryRouter>
);

test('a quantity keeps all its digits', () => {
  expect(formatDecimal('90071992547409930.123456', 'en-US')).toBe('90,071,992,547,409,930.123456');
  expect(formatDecimal('0.1', 'de-DE')).toBe('0,1');
  expect(formatDecimal(null)).toBe('—');
});

test('days without usage are days too', () => {
  const metric = {
    metric: 'api_calls',
    name: 'API calls',
    unit: '',
    aggregation: 'sum' as const,
    days: [{ date: '2026-02-28', quantity: '7.5', events: 2, accounts: 1 }],
  };
  expect(everyDay(metric, '2026-02-27', '2026-03-01')).toEqual([
    { date: '2026-02-27', quantity: 0 },
    { date: '2026-02-28', quantity: 7.5 },
    { date: '2026-03-01', quantity: 0 },
  ]);
});

test('dead letters are replayed after a question, once however often one tries', async () => {
  const user = userEvent.setup();
  let tries = 0;
  const server = startServer({
    'GET /api/admin/webhook-events': {
      webhook_events: [],
      has_more: false,
      unfinished: { failed: 1, dead: 2, waiting: 0 },
    },
    'POST /api/admin/webhook-events/replay': () =>
      ++tries === 1
        ? new Status(503, { code: 'unavailable', detail: 'Not now.' })
        : { replayed: 3 },
  });
  show(at('/admin/webhooks?status=dead&type=invoice.', <Webhooks />), server);
  await user.click(await screen.findByTestId('replay-all'));
  expect(server.calls('GET /api/admin/webhook-events?')[0]!.route).toMatch(
    /status=dead&type=invoice\./,
  );
  expect(server.calls('POST')).toHaveLength(0);
  const question = within(screen.getByRole('dialog'));
  expect(question.getByText(/2 dead letters, 1 failed/)).toBeVisible();
  await user.click(question.getByTestId('admin-confirm'));
  expect(await question.findByRole('alert')).toHaveTextContent('Not now.');
  await user.click(question.getByTestId('admin-confirm'));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  const keys = server.calls('POST').map((call) => call.headers.get('idempotency-key'));
  expect(keys).toHaveLength(2);
  expect(keys[0]).toBe(keys[1]);
});

test('churn is what was lost of what there was', async () => {
  const month = (given: object) => ({
    month: '2026-11',
    mrr: 4083,
    arr: 49000,
    new_mrr: 0,
    expansion_mrr: 0,
    contraction_mrr: 0,
    churned_mrr: 4900,
    subscribers: 3,
    new_subscribers: 0,
    churned_subscribers: 1,
    collected: 0,
    payments: 0,
    refunded: 0,
    failed_amount: 500,
    failed_payments: 2,
    ...given,
  });
  const server = startServer({
    'GET /api/admin/revenue': {
      as_of: '2026-11-26T00:00:00Z',
      currencies: [
        {
          currency: 'jpy',
          months: [month({ month: '2026-10', mrr: 8983, subscribers: 4 }), month({})],
        },
      ],
    },
  });
  show(at('/admin/revenue', <Revenue />), server);
  expect(await screen.findByTestId('mrr')).toHaveTextContent('¥4,083');
  expect(screen.getByTestId('arr')).toHaveTextContent('¥49,000');
  const tiles = screen.getByTestId('revenue-tiles');
  expect(tiles).toHaveTextContent('25%1 of 4');
  expect(tiles).toHaveTextContent('-¥4,900 since last month');
  expect(tiles).toHaveTextContent('2¥500');
});
