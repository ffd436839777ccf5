import type { BillingCycle, Subscription } from '@paydesk/client';
import { useId, useState, type FormEvent } from 'react';

import { useWords } from '../context';
import { Button } from '../ui/basics';
import { PlanChangeDialog } from './PlanChangeDialog';

/** Whether more units, and so more seats, of a subscription can be bought now. */
export function sellsSeats(subscription: Subscription | null): subscription is Subscription {
  return (
    subscription !== null &&
    (subscription.status === 'active' || subscription.status === 'trialing') &&
    !subscription.cancel_scheduled &&
    subscription.plan_key !== null &&
    subscription.plan_type !== null
  );
}

const units_max = 1000;

/** How many seats there are: by the units of the subscription, after a look at what that costs. */
export function SeatCount(props: { subscription: Subscription; total: number; used: number }) {
  const say = useWords().seats;
  const id = useId();
  const { subscription } = props;
  // A plan may give several seats with each unit; what cannot be divided is bought by the unit.
  const units = subscription.quantity ?? 1;
  const each = props.total % units === 0 ? props.total / units : 1;
  const [typed, setTyped] = useState<string | null>(null);
  const [wanted, setWanted] = useState<number | null>(null);
  const seats = Number(typed ?? props.total);
  function ask(event: FormEvent) {
    event.preventDefault();
    setWanted(seats);
  }
  return (
    <>
      <form className="pd-inline-form" onSubmit={ask}>
        <label className="pd-inline-label" htmlFor={id}>
          {say.count}
        </label>
        <input
          id={id}
          className="pd-input pd-input-number"
          type="number"
          inputMode="numeric"
          required
          min={Math.max(1, Math.ceil(props.used / each)) * each}
          max={units_max * each}
          step={each}
          data-testid="seat-count"
          value={typed ?? props.total}
          onChange={(event) => setTyped(event.target.value)}
        />
        <Button type="submit" disabled={seats === props.total} data-testid="seat-count-change">
          {say.changeCount}
        </Button>
      </form>
      {wanted !== null && (
        <PlanChangeDialog
          subscription={subscription}
          planKey={subscription.plan_key!}
          planName={say.countOf(wanted, subscription.plan_name ?? subscription.plan_key!)}
          billingCycle={subscription.plan_type as BillingCycle}
          quantity={wanted / each}
          onClose={() => {
            setWanted(null);
            setTyped(null);
          }}
        />
      )}
    </>
  );
}
