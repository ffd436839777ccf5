import { formatMoney, type BillingCycle, type Plan, type Price } from '@paydesk/client';
import { useId } from 'react';

import { usePaydesk } from '../context';
import { Button } from '../ui/basics';
import { CheckIcon } from '../ui/icons';

/** What the button of a plan is for: the user may have it, or another one, already. */
export type PlanOffer = 'subscribe' | 'current' | 'change' | 'included' | 'unavailable';

export interface PricingCardProps {
  plan: Plan;
  billingCycle?: BillingCycle;
  offer?: PlanOffer;
  recommended?: boolean;
  busy?: boolean;
  /** Another plan's checkout is opening. */
  disabled?: boolean;
  onSubscribe: (plan: Plan, price: Price | null) => void;
}

/** The price that counts for a cycle; a plan that is sold in one cycle only shows that one. */
export function priceOf(plan: Plan, billingCycle: BillingCycle): Price | null {
  return plan.prices.find((price) => price.billing_cycle === billingCycle) ?? plan.prices[0] ?? null;
}

const labels: Record<PlanOffer, (plan: Plan) => string> = {
  subscribe: (plan) => (plan.kind === 'top_up' ? 'Buy once' : plan.trial_days ? 'Start free trial' : `Get ${plan.name}`),
  current: () => 'Your plan',
  change: () => 'Change in billing portal',
  included: () => 'Included',
  unavailable: () => 'Not available',
};

export function PricingCard({ plan, billingCycle = 'monthly', offer = 'subscribe', recommended = false, busy = false, disabled = false, onSubscribe }: PricingCardProps) {
  const { locale } = usePaydesk();
  const id = useId();
  const price = priceOf(plan, billingCycle);
  const still = offer === 'current' || offer === 'included' || offer === 'unavailable';
  return (
    <article className={`pd-price-card ${recommended ? 'pd-price-card-highlight' : ''}`} aria-labelledby={id}>
      {recommended && <p className="pd-ribbon">Recommended</p>}
      <h3 className="pd-price-name" id={id}>
        {plan.name}
      </h3>
      <p className="pd-price-description">{plan.description}</p>
      <PriceTag plan={plan} price={price} locale={locale} />
      <Button
        variant={still ? 'secondary' : recommended ? 'primary' : 'secondary'}
        className="pd-button-wide"
        busy={busy}
        disabled={still || disabled}
        data-testid={`plan-${plan.key}-subscribe`}
        aria-describedby={id}
        onClick={() => onSubscribe(plan, price)}
      >
        {labels[offer](plan)}
      </Button>
      {offer === 'subscribe' && plan.trial_days ? <p className="pd-price-note">{plan.trial_days} days free</p> : null}
      {plan.features.length > 0 && (
        <ul className="pd-features">
          {plan.features.map((feature, i) => (
            <li key={i}>
              <CheckIcon />
              <span>{feature}</span>
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}

function PriceTag({ plan, price, locale }: { plan: Plan; price: Price | null; locale: string | undefined }) {
  if (price === null) {
    return (
      <div className="pd-price">
        <p className="pd-price-amount">{plan.is_free ? 'Free' : 'Let’s talk'}</p>
        <p className="pd-price-note">{plan.is_free ? 'For as long as you like' : 'No price is set yet'}</p>
      </div>
    );
  }
  const tag = (amount: number) => formatMoney(amount, price.currency, { locale, trimZeroFraction: true });
  const yearly = price.billing_cycle === 'yearly';
  const shown = yearly && price.monthly_amount !== null ? price.monthly_amount : price.amount;
  return (
    <div className="pd-price">
      <p className="pd-price-amount">
        {tag(shown)}
        {price.billing_cycle !== null && <span className="pd-price-per"> / month</span>}
      </p>
      <p className="pd-price-note">
        {yearly ? `${tag(price.amount)} billed once a year` : price.billing_cycle === 'monthly' ? (price.amount === 0 ? 'For as long as you like' : 'Billed monthly') : 'Paid once'}
        {yearly && price.saving_percent > 0 && <span className="pd-saving"> Save {price.saving_percent} %</span>}
      </p>
    </div>
  );
}
