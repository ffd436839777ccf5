import { formatMoney, type BillingCycle, type Plan, type Price } from '@paydesk/client';
import { useId } from 'react';

import { usePaydesk, useWords } from '../context';
import { Button } from '../ui/basics';
import { CheckIcon } from '../ui/icons';
import type { Words } from '../words/en';

/** What the button of a plan is for: the user may have it, or another one, already. */
export type PlanOffer = 'subscribe' | 'current' | 'change' | 'included' | 'unavailable';

export interface PricingCardProps {
  plan: Plan;
  billingCycle?: BillingCycle;
  offer?: PlanOffer;
  recommended?: boolean;
  /** For plans without a price: what "nothing" is written in. */
  currency?: string;
  busy?: boolean;
  /** Another plan's checkout is opening. */
  disabled?: boolean;
  onSubscribe: (plan: Plan, price: Price | null) => void;
}

/** The price that counts for a cycle; a plan that is sold in one cycle only shows that one. */
export function priceOf(plan: Plan, billingCycle: BillingCycle): Price | null {
  return (
    plan.prices.find((price) => price.billing_cycle === billingCycle) ?? plan.prices[0] ?? null
  );
}

function labelOf(offer: PlanOffer, plan: Plan, say: Words['pricing']): string {
  if (offer !== 'subscribe') return say[offer];
  if (plan.kind !== 'plan') return say.buyOnce;
  return plan.trial_days > 0 ? say.startTrial : say.get(plan.name);
}

export function PricingCard({
  plan,
  billingCycle = 'monthly',
  offer = 'subscribe',
  recommended = false,
  currency,
  busy = false,
  disabled = false,
  onSubscribe,
}: PricingCardProps) {
  const id = useId();
  const say = useWords().pricing;
  const price = priceOf(plan, billingCycle);
  const still = offer === 'current' || offer === 'included' || offer === 'unavailable';
  return (
    <article
      className={`pd-price-card ${recommended ? 'pd-price-card-highlight' : ''}`}
      aria-labelledby={id}
    >
      {recommended && <p className="pd-ribbon">{say.recommended}</p>}
      <h3 className="pd-price-name" id={id}>
        {plan.name}
      </h3>
      <p className="pd-price-description">{plan.description}</p>
      <PriceTag
        plan={plan}
        price={price}
        currency={currency}
        trial={offer === 'subscribe' && plan.trial_days > 0}
      />
      <Button
        variant={still ? 'secondary' : recommended ? 'primary' : 'secondary'}
        className="pd-button-wide"
        busy={busy}
        disabled={still || disabled}
        data-testid={`plan-${plan.key}-subscribe`}
        aria-describedby={id}
        onClick={() => onSubscribe(plan, price)}
      >
        {labelOf(offer, plan, say)}
      </Button>
      <ul className="pd-features">
        {plan.features.map((feature, i) => (
          <li key={i}>
            <CheckIcon />
            <span>{feature}</span>
          </li>
        ))}
      </ul>
    </article>
  );
}

function PriceTag({
  plan,
  price,
  currency,
  trial,
}: {
  plan: Plan;
  price: Price | null;
  currency: string | undefined;
  trial: boolean;
}) {
  const { locale, words } = usePaydesk();
  const say = words.pricing;
  if (price === null) {
    const nothing = currency
      ? formatMoney(0, currency, { locale, trimZeroFraction: true })
      : say.free;
    return (
      <div className="pd-price">
        <p className="pd-price-amount">{plan.is_free ? nothing : say.letsTalk}</p>
        <p className="pd-price-note">{plan.is_free ? say.forever : say.noPrice}</p>
      </div>
    );
  }
  const tag = (amount: number) =>
    formatMoney(amount, price.currency, { locale, trimZeroFraction: true });
  const yearly = price.billing_cycle === 'yearly';
  const shown = yearly && price.monthly_amount !== null ? price.monthly_amount : price.amount;
  return (
    <div className="pd-price">
      <p className="pd-price-amount">
        {tag(shown)}
        {price.billing_cycle !== null && <span className="pd-price-per">{say.perMonth}</span>}
      </p>
      <p className="pd-price-note">
        <span>
          {trial
            ? say.trial(plan.trial_days, inWords(price, true, tag, say))
            : inWords(price, false, tag, say)}
        </span>
        {yearly && price.saving_percent > 0 && (
          <span className="pd-saving">{say.save(price.saving_percent)}</span>
        )}
      </p>
    </div>
  );
}

function inWords(
  price: Price,
  after_trial: boolean,
  tag: (amount: number) => string,
  say: Words['pricing'],
): string {
  if (price.billing_cycle === null) return say.paidOnce;
  if (price.amount === 0) return say.forever;
  if (price.billing_cycle === 'yearly') return say.billedYearly(tag(price.amount));
  return after_trial ? say.thenMonthly : say.billedMonthly;
}
