import type { BillingCycle } from '@paydesk/client';
import { PricingTable, useConfig } from '@paydesk/react';
import { useNavigate, useSearchParams } from 'react-router';

import { useSay } from '../language';
import { CheckoutCancelled } from '../shell/CheckoutCancelled';
import { Page } from '../shell/Page';

function cycleOf(value: string | null): BillingCycle | undefined {
  return value === 'monthly' || value === 'yearly' ? value : undefined;
}

export default function Pricing() {
  const say = useSay();
  const [params] = useSearchParams();
  const navigate = useNavigate();
  const { config } = useConfig();
  const cycle = cycleOf(params.get('cycle'));
  return (
    <Page title={say.pricing.title} lead={say.pricing.lead} centred wide>
      <CheckoutCancelled />
      <PricingTable
        recommended="pro"
        {...(cycle && { defaultBillingCycle: cycle })}
        onSignedOut={(_, chosen) =>
          void navigate(`/sign-in?next=${encodeURIComponent(`/pricing?cycle=${chosen}`)}`)
        }
      />
      {config && !config.livemode && (
        <p className="mx-auto mt-10 max-w-[60ch] rounded-lg bg-surface-2 px-4 py-3 text-center text-sm text-muted">
          {say.test.card}{' '}
          <span className="font-medium whitespace-nowrap text-ink tabular-nums">
            4242 4242 4242 4242
          </span>
          {say.test.cardRest}
        </p>
      )}
    </Page>
  );
}
