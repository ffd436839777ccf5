import type { UsageByDay } from '@paydesk/client';
import {
  Card,
  EmptyState,
  LoadError,
  Skeleton,
  formatCount,
  formatDay,
  keys,
  useApiQuery,
  usePaydesk,
} from '@paydesk/react';
import { Suspense, lazy } from 'react';

import { formatDecimal } from '../../admin/decimal';
import { Choice } from '../../admin/fields';
import { useFilter } from '../../admin/Filters';
import { useSay } from '../../language';

const DaysChart = lazy(() => import('../../charts/DaysChart'));
type Metric = UsageByDay['metrics'][number];

const spans = { '7': '7', '30': '30', '90': '90' };
type Span = keyof typeof spans;

/** What all customers used, by metric and day. */
export default function AllUsage() {
  const { client } = usePaydesk();
  const say = useSay().console.usage;
  const [days, setDays] = useFilter('days');
  const span: Span = days in spans ? (days as Span) : '30';
  const { data, loading, error, refetch } = useApiQuery(
    [...keys.all, 'admin', 'usage', span],
    (options) => client.admin.getUsageByDay({ days: Number(span) }, options),
  );
  return (
    <div className="grid grid-cols-1 gap-5">
      <div className="w-32">
        <Choice label={say.days} value={span} options={spans} onChoose={setDays} />
      </div>
      {data && data.metrics.length > 0 ? (
        data.metrics.map((metric) => (
          <MetricCard key={metric.metric} metric={metric} from={data.from} to={data.to} />
        ))
      ) : (
        <Card title={say.tab} busy={loading}>
          {loading ? (
            <Skeleton lines={6} />
          ) : error ? (
            <LoadError what={say.what} error={error} onRetry={refetch} />
          ) : (
            <EmptyState title={say.emptyTitle}>{say.emptyText}</EmptyState>
          )}
        </Card>
      )}
    </div>
  );
}

/** Every day from the first to the last, also those on which nothing was used. */
export function everyDay(metric: Metric, from: string, to: string) {
  const used = new Map(metric.days.map((day) => [day.date, Number(day.quantity)]));
  const days: { date: string; quantity: number }[] = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += 86_400_000) {
    const date = new Date(at).toISOString().slice(0, 10);
    days.push({ date, quantity: used.get(date) ?? 0 });
  }
  return days;
}

function MetricCard({ metric, from, to }: { metric: Metric; from: string; to: string }) {
  const { locale } = usePaydesk();
  const say = useSay().console.usage;
  const events = metric.days.reduce((sum, day) => sum + day.events, 0);
  const accounts = Math.max(...metric.days.map((day) => day.accounts));
  const latest = metric.days.at(-1);
  return (
    <Card title={say.perDay(metric.name)}>
      <Suspense fallback={<Skeleton lines={6} />}>
        <DaysChart name={metric.name} days={everyDay(metric, from, to)} />
      </Suspense>
      <p className="mt-3 text-sm text-muted" data-testid={`usage-${metric.metric}`}>
        {latest && `${formatDay(latest.date, locale)}: `}
        {latest &&
          say.summary(
            `${formatDecimal(latest.quantity, locale)} ${metric.unit}`.trim(),
            formatCount(latest.events, locale),
          )}
        {` · ${formatDay(from, locale)} – ${formatDay(to, locale)}: ${formatCount(events, locale)} · `}
        {say.top(formatCount(accounts, locale))}
      </p>
      <div className="sr-only">
        <table>
          <caption>{say.perDay(metric.name)}</caption>
          <thead>
            <tr>
              <th scope="col">{say.date}</th>
              <th scope="col">{say.quantity}</th>
              <th scope="col">{say.accounts}</th>
            </tr>
          </thead>
          <tbody>
            {metric.days.map((day) => (
              <tr key={day.date}>
                <th scope="row">{formatDay(day.date, locale)}</th>
                <td>{formatDecimal(day.quantity, locale)}</td>
                <td>{formatCount(day.accounts, locale)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}
