// What the charts over days share: the grid, the axes and what is said where one points.

import { formatDay, formatQuantity, usePaydesk } from '@paydesk/react';
import { CartesianGrid, Tooltip, XAxis, YAxis } from 'recharts';

export interface DayAxesProps {
  /** Where the quantities end; without it, where the chart does. */
  top?: number | undefined;
  /** The color that marks the day pointed at, in a chart of bars. */
  cursor?: string;
}

/** Inside a chart whose data has a `date` ("2026-05-01"), and quantities. */
export function DayAxes({ top, cursor }: DayAxesProps) {
  const { locale } = usePaydesk();
  const short = (date: string) =>
    new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(
      Date.parse(date),
    );
  const compact = new Intl.NumberFormat(locale, { notation: 'compact' });
  return (
    <>
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
        domain={[0, top ?? 'auto']}
      />
      <Tooltip
        labelFormatter={(date) => formatDay(String(date), locale)}
        formatter={(value) => formatQuantity(Number(value), locale)}
        cursor={cursor === undefined ? true : { fill: cursor }}
        contentStyle={{
          background: 'var(--pd-surface)',
          borderColor: 'var(--pd-line)',
          borderRadius: 9,
          color: 'var(--pd-text)',
        }}
      />
    </>
  );
}
