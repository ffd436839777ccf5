// What was used each day, added up over the period, against the limit; and the same as a table for those who
// cannot see the drawing.

import type { UsageOfMetric } from '@paydesk/client';
import { formatDay, formatQuantity, usePaydesk } from '@paydesk/react';
import { Area, ComposedChart, ReferenceLine, ResponsiveContainer } from 'recharts';

import { useSay } from '../language';
import { DayAxes } from './DayAxes';

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
            <DayAxes top={near && limit !== null ? Math.max(limit * 1.1, top) : undefined} />
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
