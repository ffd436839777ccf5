import { createPaydesk } from '@paydesk/client';
import { PaydeskProvider } from '@paydesk/react';
import { render } from '@testing-library/react';
import { Bar, BarChart } from 'recharts';
import { expect, test } from 'vitest';

import { DayAxes } from '../src/charts/DayAxes';

const days = [
  { date: '2026-05-01', quantity: 1_200 },
  { date: '2026-05-02', quantity: 4_000 },
];

function ticksOf(top?: number): string[] {
  const { container } = render(
    <PaydeskProvider client={createPaydesk()} signedIn={false} locale="en">
      <BarChart width={600} height={200} data={days}>
        <DayAxes top={top} />
        <Bar dataKey="quantity" isAnimationActive={false} />
      </BarChart>
    </PaydeskProvider>,
  );
  const ticks = container.querySelectorAll('.recharts-cartesian-axis-tick-value');
  return [...ticks].map((tick) => tick.textContent);
}

test('days are named, quantities are short', () => {
  const ticks = ticksOf();
  expect(ticks).toContain('May 1');
  expect(ticks).toContain('4K');
});

test('the axis ends where it is told to', () => {
  expect(ticksOf(20_000)).toContain('20K');
});
