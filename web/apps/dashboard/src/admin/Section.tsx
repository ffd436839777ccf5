import { Badge, Card, type Tone } from '@paydesk/react';
import type { ReactNode } from 'react';

import { useSay } from '../language';

/** A list that is read whole; one that is empty says so in a line. */
export function Section<Row>(props: {
  title: string;
  rows: Row[];
  children: (row: Row) => ReactNode;
}) {
  const say = useSay().console.customer;
  const { title, rows, children } = props;
  return (
    <Card title={title}>
      {rows.length === 0 ? (
        <p className="pd-muted">{say.none}</p>
      ) : (
        <ul className="pd-rows max-h-[26rem] overflow-y-auto" tabIndex={0} aria-label={title}>
          {rows.map(children)}
        </ul>
      )}
    </Card>
  );
}

export interface FactRowProps {
  title: ReactNode;
  lines?: ReactNode[];
  error?: string | null;
  amount?: string;
  badge?: [Tone, string] | null;
  action?: ReactNode;
}

/** One fact in two lines, with its amount and state at the side. */
export function FactRow({ title, lines = [], error, amount, badge, action }: FactRowProps) {
  return (
    <li className="pd-row">
      <div className="pd-row-main">
        <p className="pd-row-title">{title}</p>
        {lines.filter(Boolean).map((line, i) => (
          <div key={i} className="pd-row-text">
            {line}
          </div>
        ))}
        {error && <p className="pd-row-text pd-text-danger">{error}</p>}
      </div>
      <div className="pd-row-side">
        {amount && <span className="pd-amount">{amount}</span>}
        {badge && <Badge tone={badge[0]}>{badge[1]}</Badge>}
        {action}
      </div>
    </li>
  );
}
