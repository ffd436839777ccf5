import { formatMoney, type RevenueMonth } from '@paydesk/client';
import {
  Card,
  EmptyState,
  LoadError,
  Skeleton,
  formatChange,
  formatCount,
  keys,
  useApiQuery,
  usePaydesk,
} from '@paydesk/react';
import { Suspense, lazy, type ReactNode } from 'react';

import { Choice } from '../../admin/fields';
import { useFilter } from '../../admin/Filters';
import { useSay } from '../../language';

const RevenueChart = lazy(() => import('../../charts/RevenueChart'));

export default function Revenue() {
  const { client } = usePaydesk();
  const say = useSay().console.revenue;
  const [chosen, choose] = useFilter('currency');
  const { data, loading, error, refetch } = useApiQuery(
    [...keys.all, 'admin', 'revenue'],
    (options) => client.admin.getRevenue({}, options),
  );
  const currencies = data?.currencies ?? [];
  const shown = currencies.find(({ currency }) => currency === chosen) ?? dearest(currencies);
  if (!shown) {
    return (
      <Card title={say.tab} busy={loading}>
        {loading ? (
          <Skeleton lines={6} />
        ) : error ? (
          <LoadError what={say.what} error={error} onRetry={refetch} />
        ) : (
          <EmptyState title={say.emptyTitle}>{say.emptyText}</EmptyState>
        )}
      </Card>
    );
  }
  const options = Object.fromEntries(
    currencies.map(({ currency }) => [currency, currency.toUpperCase()]),
  );
  const { currency, months } = shown;
  return (
    <div className="grid grid-cols-1 gap-5">
      {currencies.length > 1 && (
        <div className="w-40">
          <Choice label={say.currency} value={currency} options={options} onChoose={choose} />
        </div>
      )}
      <Tiles months={months} currency={currency} />
      <div className="grid grid-cols-1 items-start gap-5 lg:grid-cols-2">
        {(['movements', 'money'] as const).map((what) => (
          <Card key={what} title={say[what]}>
            <Suspense fallback={<Skeleton lines={8} />}>
              <RevenueChart what={what} months={months} currency={currency} />
            </Suspense>
          </Card>
        ))}
      </div>
      <Months months={months} currency={currency} />
      <p className="max-w-[75ch] text-sm text-muted">{say.how}</p>
    </div>
  );
}

function dearest<T extends { months: RevenueMonth[] }>(currencies: T[]): T | undefined {
  const subscribers = (of: T) => of.months.at(-1)?.subscribers ?? 0;
  return [...currencies].sort((a, b) => subscribers(b) - subscribers(a))[0];
}

function Tiles({ months, currency }: { months: RevenueMonth[]; currency: string }) {
  const { locale } = usePaydesk();
  const say = useSay().console.revenue;
  const now = months.at(-1);
  if (!now) return null;
  const before = months.at(-2);
  const money = (amount: number) => formatMoney(amount, currency, { locale });
  const began = before?.subscribers ?? 0;
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const change = before && now.mrr - before.mrr;
  return (
    <dl className="grid grid-cols-2 gap-3 lg:grid-cols-5" data-testid="revenue-tiles">
      <Tile label={say.mrr} value={money(now.mrr)} testId="mrr">
        {change !== undefined && say.lastMonth(`${change > 0 ? '+' : ''}${money(change)}`)}
      </Tile>
      <Tile label={say.arr} value={money(now.arr)} testId="arr" />
      <Tile label={say.subscribers} value={formatCount(now.subscribers, locale)}>
        {before && say.lastMonth(formatChange(now.subscribers - before.subscribers, locale))}
      </Tile>
      <Tile
        label={say.churn}
        value={began === 0 ? '—' : percent.format(now.churned_subscribers / began)}
      >
        {began > 0 &&
          say.of(formatCount(now.churned_subscribers, locale), formatCount(began, locale))}
      </Tile>
      <Tile label={say.failed} value={formatCount(now.failed_payments, locale)}>
        {money(now.failed_amount)}
      </Tile>
    </dl>
  );
}

function Tile(props: { label: string; value: string; children?: ReactNode; testId?: string }) {
  return (
    <div className="pd-card min-w-0 max-sm:first:col-span-2">
      <dt className="text-sm text-muted">{props.label}</dt>
      <dd className="mt-1">
        <span
          className="block text-2xl font-semibold tracking-[-0.02em] tabular-nums wrap-anywhere"
          data-testid={props.testId}
        >
          {props.value}
        </span>
        {props.children && <span className="text-sm text-muted">{props.children}</span>}
      </dd>
    </div>
  );
}

const columns = [
  'mrr',
  'new_mrr',
  'expansion_mrr',
  'contraction_mrr',
  'churned_mrr',
  'subscribers',
  'collected',
  'refunded',
  'failed_amount',
] as const;

function Months({ months, currency }: { months: RevenueMonth[]; currency: string }) {
  const { locale } = usePaydesk();
  const say = useSay().console.revenue;
  const month = new Intl.DateTimeFormat(locale, {
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  });
  return (
    <Card title={say.table}>
      <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={say.table}>
        <table className="w-full min-w-[48rem] text-sm tabular-nums">
          <thead>
            <tr className="border-b border-line text-muted">
              <th scope="col" className="py-2 pr-4 text-left font-medium">
                {say.month}
              </th>
              {columns.map((column) => (
                <th key={column} scope="col" className="py-2 pl-3 text-right font-medium">
                  {say.columns[column]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {[...months].reverse().map((row) => (
              <tr key={row.month} className="border-b border-line last:border-0">
                <th scope="row" className="py-2 pr-4 text-left font-medium whitespace-nowrap">
                  {month.format(Date.parse(`${row.month}-01`))}
                </th>
                {columns.map((column) => (
                  <td
                    key={column}
                    className={`py-2 pl-3 text-right whitespace-nowrap ${row[column] === 0 ? 'text-muted' : ''}`}
                  >
                    {column === 'subscribers'
                      ? formatCount(row.subscribers, locale)
                      : formatMoney(row[column], currency, {
                          locale,
                          trimZeroFraction: row[column] === 0,
                        })}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}
