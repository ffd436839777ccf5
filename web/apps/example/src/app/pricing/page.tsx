import { useCheckout, usePlans } from '@paydesk/react';

import { PricingCard } from '../../components/PricingCard';

/** The tutorials' pricing page: one card per plan, a checkout behind each. <PricingTable> is the ready-made one. */
export default function PricingPage() {
  const { plans } = usePlans();
  const { buy, buying } = useCheckout();
  return (
    <div className="container">
      <h1>Pricing</h1>
      {plans
        .filter((plan) => !plan.is_free)
        .map((plan) => (
          <PricingCard
            key={plan.id}
            plan={plan}
            busy={buying === plan.key}
            onSubscribe={() => buy({ planKey: plan.key, billingCycle: 'monthly' })}
          />
        ))}
    </div>
  );
}
