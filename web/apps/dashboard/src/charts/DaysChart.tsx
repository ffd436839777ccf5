// A bar a day; the page has the same numbers as a table.

import { formatDay, formatQuantity, usePaydesk } from '@paydesk/react';
import { Bar, BarChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';

export interface DaysChartProps {
  name: string;
  days: { date: string; quantity: number }[];
}

export default function DaysChart({ name, days }: DaysChartProps) {
  const { locale } = usePaydesk();
  const short = (date: string) =>
    new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(
      Date.parse(date),
    );
  const compact = new Intl.NumberFormat(locale, { notation: 'compact' });
  return (
    <div className="h-56" aria-hidden="true">
      <ResponsiveContainer width="100%" height="100%">
        <BarChart
          accessibilityLayer={false}
          data={days}
          margin={{ top: 12, right: 8, bottom: 0, left: 0 }}
        >
          <CartesianGrid stroke="var(--pd-line)" vertical={false} />
          <XAxis
            dataKey="date"
            tickFormatter={short}
            stroke="var(--pd-muted)"
            fontSize={12}
            tickLine={false}
            minTickGap={28}
          />
          <YAxis
            tickFormatter={(value: number) => compact.format(value)}
            stroke="var(--pd-muted)"
            fontSize={12}
            width={52}
            tickLine={false}
            axisLine={false}
          />
          <Tooltip
            labelFormatter={(date) => formatDay(String(date), locale)}
            formatter={(value) => formatQuantity(Number(value), locale)}
            cursor={{ fill: 'var(--pd-surface-2)' }}
            contentStyle={{
              background: 'var(--pd-surface)',
              borderColor: 'var(--pd-line)',
              borderRadius: 9,
              color: 'var(--pd-text)',
            }}
          />
          <Bar
            dataKey="quantity"
            name={name}
            fill="var(--pd-accent)"
            maxBarSize={28}
            isAnimationActive={false}
          />
        </BarChart>
      </ResponsiveContainer>
    </div>
  );
}
