// What was used each day, added up over the period, against the limit; and the same as a table for those who
// cannot see the drawing.

import type { UsageOfMetric } from '@paydesk/client';
import { formatDay, formatQuantity, usePaydesk } from '@paydesk/react';
import {
  Area,
  CartesianGrid,
  ComposedChart,
  ReferenceLine,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';

import { useSay } from '../language';

interface Point {
  date: string;
  quantity: number;
  total: number;
}

/** A sum grows over the period; a peak or a level is shown as it was. */
function pointsOf(metric: UsageOfMetric): Point[] {
  const adds = metric.aggregation === 'sum' || metric.aggregation === 'count';
  let total = 0;
  return (metric.days ?? []).map(({ date, quantity }) => {
    total = adds ? total + quantity : quantity;
    return { date, quantity, total };
  });
}

export default function UsageChart({ metric }: { metric: UsageOfMetric }) {
  const { locale } = usePaydesk();
  const say = useSay().usage;
  const points = pointsOf(metric);
  const short = (date: string) =>
    new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(
      Date.parse(date),
    );
  const compact = new Intl.NumberFormat(locale, { notation: 'compact' });
  const limit = metric.limit > 0 ? metric.limit : null;
  // A limit far above would press the curve flat on the floor: it is drawn once it is in sight.
  const top = Math.max(...points.map((point) => point.total), metric.forecast);
  const near = limit !== null && limit <= top * 4;
  return (
    <>
      <div className="h-64" aria-hidden="true">
        <ResponsiveContainer width="100%" height="100%">
          <ComposedChart
            accessibilityLayer={false}
            data={points}
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
              width={48}
              tickLine={false}
              axisLine={false}
              domain={[0, near && limit !== null ? Math.max(limit * 1.1, top) : 'auto']}
            />
            <Tooltip
              labelFormatter={(date) => formatDay(String(date), locale)}
              formatter={(value) => formatQuantity(Number(value), locale)}
              contentStyle={{
                background: 'var(--pd-surface)',
                borderColor: 'var(--pd-line)',
                borderRadius: 9,
                color: 'var(--pd-text)',
              }}
            />
            <Area
              type="monotone"
              dataKey="total"
              name={metric.name}
              stroke="var(--pd-accent)"
              strokeWidth={2}
              fill="var(--pd-accent)"
              fillOpacity={0.12}
              isAnimationActive={false}
            />
            {near && limit !== null && (
              <ReferenceLine
                y={limit}
                stroke="var(--pd-danger)"
                strokeDasharray="5 4"
                label={{
                  value: say.limit(formatQuantity(limit, locale)),
                  fill: 'var(--pd-danger)',
                  fontSize: 12,
                  position: 'insideBottomRight',
                }}
              />
            )}
          </ComposedChart>
        </ResponsiveContainer>
      </div>
      <p className="mt-3 text-sm text-muted">
        {say.forecast(formatQuantity(metric.forecast, locale))}
      </p>
      <div className="sr-only">
        <table>
          <caption>{say.perDay(metric.name)}</caption>
          <tbody>
            {points.map((point) => (
              <tr key={point.date}>
                <th scope="row">{formatDay(point.date, locale)}</th>
                <td>{formatQuantity(point.quantity, locale)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
