// A bar a day; the page has the same numbers as a table.

import { Bar, BarChart, ResponsiveContainer } from 'recharts';

import { DayAxes } from './DayAxes';

export interface DaysChartProps {
  name: string;
  days: { date: string; quantity: number }[];
}

export default function DaysChart({ name, days }: DaysChartProps) {
  return (
    <div className="h-56" aria-hidden="true">
      <ResponsiveContainer width="100%" height="100%">
        <BarChart
          accessibilityLayer={false}
          data={days}
          margin={{ top: 12, right: 8, bottom: 0, left: 0 }}
        >
          <DayAxes cursor="var(--pd-surface-2)" />
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
