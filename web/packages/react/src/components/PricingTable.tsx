import type { BillingCycle, Plan, Price, Subscription } from '@paydesk/client';
import { useId, useState } from 'react';

import { useCheckout } from '../hooks/useCheckout';
import { useProviders } from '../hooks/useProviders';
import { usePlans } from '../hooks/reads';
import { useSubscription } from '../hooks/useSubscription';
import { usePaydesk, useWords } from '../context';
import { EmptyState, LoadError, Skeleton } from '../ui/basics';
import { SparkIcon } from '../ui/icons';
import { PlanChangeDialog } from './PlanChangeDialog';
import { PricingCard, priceOf, type PlanOffer } from './PricingCard';
import { PromotionCodeField } from './PromotionCodeField';
import { ProviderChoice } from './ProviderChoice';

export interface PricingTableProps {
  /** Called instead of starting a checkout while nobody is signed in. */
  onSignedOut?: ((plan: Plan, billingCycle: BillingCycle) => void) | undefined;
  defaultBillingCycle?: BillingCycle;
  /** The key of the plan to recommend. */
  recommended?: string;
}

const ended = new Set<Subscription['status']>(['canceled', 'incomplete_expired']);

/** What a plan's button offers to someone who has `subscription`. */
export function offerOf(
  plan: Plan,
  price: Price | null,
  subscription: Subscription | null,
): PlanOffer {
  const live =
    subscription !== null &&
    !ended.has(subscription.status) &&
    subscription.status !== 'incomplete';
  if (plan.is_free) return live ? 'included' : 'current';
  if (live && plan.kind === 'plan') {
    const same =
      plan.key === subscription.plan_key &&
      (price?.billing_cycle ?? null) === subscription.plan_type;
    return same ? 'current' : 'change';
  }
  return plan.purchasable && price !== null ? 'subscribe' : 'unavailable';
}

/** The whole catalogue with a switch between monthly and yearly. */
export function PricingTable({ onSignedOut, defaultBillingCycle, recommended }: PricingTableProps) {
  const { signedIn, words } = usePaydesk();
  const say = words.pricing;
  const { plans, topUps, loading, error, refetch } = usePlans();
  const {
    subscription,
    loading: loadingSubscription,
    openCustomerPortal,
    openingPortal,
  } = useSubscription();
  const { buy, buying, codeError, forgetCodeError } = useCheckout();
  const { providers, provider, choose: chooseProvider } = useProviders();
  const [code, setCode] = useState('');
  const [changing, setChanging] = useState<Plan | null>(null);
  const [chosen, setChosen] = useState<BillingCycle | null>(defaultBillingCycle ?? null);
  const cycle: BillingCycle =
    chosen ?? (subscription?.plan_type === 'yearly' ? 'yearly' : 'monthly');

  if (loading) return <PricingSkeleton />;
  if (plans.length === 0 && topUps.length === 0) {
    if (error) return <LoadError what={say.whatPlans} error={error} onRetry={refetch} />;
    return (
      <EmptyState icon={<SparkIcon />} title={say.emptyTitle}>
        {say.emptyText}
      </EmptyState>
    );
  }

  function choose(plan: Plan, price: Price | null) {
    if (!signedIn && onSignedOut) return onSignedOut(plan, cycle);
    if (offerOf(plan, price, subscription) === 'change') return setChanging(plan);
    buy({
      planKey: plan.key,
      billingCycle: price?.billing_cycle ?? null,
      promotionCode: code,
      provider,
    });
  }

  const currency = plans.flatMap((plan) => plan.prices)[0]?.currency;

  function card(plan: Plan) {
    const price = priceOf(plan, cycle);
    const offer = signedIn
      ? offerOf(plan, price, subscription)
      : plan.is_free
        ? 'included'
        : offerOf(plan, price, null);
    return (
      <PricingCard
        key={plan.id}
        plan={plan}
        billingCycle={cycle}
        offer={offer}
        {...(currency !== undefined && { currency })}
        recommended={plan.key === recommended}
        busy={buying === plan.key || (offer === 'change' && openingPortal)}
        // Until we know what the user has, the button might offer the wrong thing.
        disabled={loadingSubscription || (buying !== null && buying !== plan.key)}
        onSubscribe={choose}
      />
    );
  }

  return (
    <div className="pd-pricing">
      <div className="pd-switches">
        <CycleSwitch cycle={cycle} plans={plans} onChange={setChosen} />
        {signedIn && (
          <ProviderChoice providers={providers} provider={provider} onChoose={chooseProvider} />
        )}
      </div>
      <section aria-label={say.plans}>
        <h2 className="pd-visually-hidden">{say.plans}</h2>
        <div className="pd-price-grid">{plans.map(card)}</div>
      </section>
      {signedIn && (
        <PromotionCodeField
          code={code}
          error={codeError}
          disabled={buying !== null}
          onCode={(text) => {
            setCode(text);
            if (codeError !== null) forgetCodeError();
          }}
        />
      )}
      {changing && subscription && (
        <PlanChangeDialog
          subscription={subscription}
          planKey={changing.key}
          planName={changing.name}
          billingCycle={priceOf(changing, cycle)?.billing_cycle ?? cycle}
          onUnavailable={() => {
            setChanging(null);
            openCustomerPortal();
          }}
          onClose={() => setChanging(null)}
        />
      )}
      {topUps.length > 0 && (
        <section className="pd-top-ups" aria-label={say.topUps}>
          <h2 className="pd-section-title">{say.topUps}</h2>
          <div className="pd-price-grid">{topUps.map(card)}</div>
        </section>
      )}
    </div>
  );
}

function CycleSwitch({
  cycle,
  plans,
  onChange,
}: {
  cycle: BillingCycle;
  plans: Plan[];
  onChange: (cycle: BillingCycle) => void;
}) {
  const say = useWords().pricing;
  const name = useId(); // two tables on one page are two choices
  const yearly = plans.flatMap((plan) =>
    plan.prices.filter((price) => price.billing_cycle === 'yearly'),
  );
  const monthly = plans.some((plan) =>
    plan.prices.some((price) => price.billing_cycle === 'monthly'),
  );
  if (yearly.length === 0 || !monthly) return null; // nothing to choose from
  const savings = yearly.map((price) => price.saving_percent).filter((percent) => percent > 0);
  const most = Math.max(0, ...savings);
  const same = savings.every((percent) => percent === most);
  return (
    <fieldset className="pd-switch">
      <legend className="pd-visually-hidden">{say.cycle}</legend>
      {(['monthly', 'yearly'] as const).map((value) => (
        <label key={value} className="pd-switch-option" data-testid={`billing-cycle-${value}`}>
          <input
            type="radio"
            name={name}
            value={value}
            checked={cycle === value}
            onChange={() => onChange(value)}
          />
          <span>
            {value === 'monthly' ? say.monthly : say.yearly}
            {value === 'yearly' && most > 0 && (
              <span className="pd-saving">{same ? say.save(most) : say.saveUpTo(most)}</span>
            )}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function PricingSkeleton() {
  const say = useWords().pricing;
  return (
    <div className="pd-price-grid" aria-busy="true">
      {[0, 1, 2].map((i) => (
        <div key={i} className="pd-price-card">
          <Skeleton lines={6} label={say.loading} />
        </div>
      ))}
    </div>
  );
}
