// How recurring revenue moved, and the money of each month. The page has the same numbers as a table.

import type { RevenueMonth } from '@paydesk/client';
import { formatMoney } from '@paydesk/client';
import { usePaydesk } from '@paydesk/react';
import {
  Bar,
  CartesianGrid,
  ComposedChart,
  Legend,
  Line,
  ReferenceLine,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';

import { useSay } from '../language';

interface Series {
  key: keyof RevenueMonth;
  color: string;
  /** Downwards. */
  negative?: boolean;
}

const movements: Series[] = [
  { key: 'new_mrr', color: 'var(--pd-success)' },
  { key: 'expansion_mrr', color: 'var(--pd-accent)' },
  { key: 'contraction_mrr', color: 'var(--pd-warning)', negative: true },
  { key: 'churned_mrr', color: 'var(--pd-danger)', negative: true },
];
const money: Series[] = [
  { key: 'collected', color: 'var(--pd-success)' },
  { key: 'refunded', color: 'var(--pd-warning)', negative: true },
  { key: 'failed_amount', color: 'var(--pd-danger)', negative: true },
];

export interface RevenueChartProps {
  what: 'movements' | 'money';
  months: RevenueMonth[];
  currency: string;
}

export default function RevenueChart({ what, months, currency }: RevenueChartProps) {
  const { locale } = usePaydesk();
  const names = useSay().console.revenue.columns as Record<string, string>;
  const series = what === 'movements' ? movements : money;
  const points = months.map((month) => ({
    month: month.month,
    mrr: month.mrr,
    ...Object.fromEntries(
      series.map(({ key, negative }) => [key, negative ? -Number(month[key]) : Number(month[key])]),
    ),
  }));
  const short = (month: string) =>
    new Intl.DateTimeFormat(locale, { month: 'short', year: '2-digit', timeZone: 'UTC' }).format(
      Date.parse(`${month}-01`),
    );
  const written = (amount: number) =>
    formatMoney(Math.round(amount), currency, { locale, trimZeroFraction: true });
  return (
    <div className="h-72" aria-hidden="true">
      <ResponsiveContainer width="100%" height="100%">
        <ComposedChart
          data={points}
          accessibilityLayer={false} // the table says it
          stackOffset="sign"
          margin={{ top: 12, right: 8, bottom: 0, left: 0 }}
        >
          <CartesianGrid stroke="var(--pd-line)" vertical={false} />
          <XAxis
            dataKey="month"
            tickFormatter={short}
            stroke="var(--pd-muted)"
            fontSize={12}
            tickLine={false}
            minTickGap={16}
          />
          <YAxis
            tickFormatter={written}
            stroke="var(--pd-muted)"
            fontSize={12}
            width={76}
            tickLine={false}
            axisLine={false}
          />
          <Tooltip
            labelFormatter={(month) => short(String(month))}
            formatter={(value) => formatMoney(Number(value), currency, { locale })}
            cursor={{ fill: 'var(--pd-surface-2)' }}
            contentStyle={{
              background: 'var(--pd-surface)',
              borderColor: 'var(--pd-line)',
              borderRadius: 9,
              color: 'var(--pd-text)',
            }}
          />
          <Legend wrapperStyle={{ fontSize: 13 }} />
          <ReferenceLine y={0} stroke="var(--pd-line-strong)" />
          {series.map(({ key, color }) => (
            <Bar
              key={key}
              dataKey={key}
              name={names[key] ?? key}
              stackId="all"
              fill={color}
              maxBarSize={36}
              isAnimationActive={false}
            />
          ))}
          {what === 'movements' && (
            <Line
              type="linear"
              dataKey="mrr"
              name={names['mrr'] ?? 'MRR'}
              stroke="var(--pd-text)"
              strokeWidth={2}
              dot={{ r: 3, fill: 'var(--pd-text)' }}
              isAnimationActive={false}
            />
          )}
        </ComposedChart>
      </ResponsiveContainer>
    </div>
  );
}
