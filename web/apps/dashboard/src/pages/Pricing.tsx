import type { BillingCycle } from '@paydesk/client';
import { PricingTable, useConfig } from '@paydesk/react';
import { useNavigate, useSearchParams } from 'react-router';

import { CheckoutCancelled } from '../shell/CheckoutCancelled';
import { Page } from '../shell/Page';

function cycleOf(value: string | null): BillingCycle | undefined {
  return value === 'monthly' || value === 'yearly' ? value : undefined;
}

export default function Pricing() {
  const [params] = useSearchParams();
  const navigate = useNavigate();
  const { config } = useConfig();
  const cycle = cycleOf(params.get('cycle'));
  return (
    <Page
      title="Plans that grow with you"
      lead="Start small and change or cancel at any time."
      centred
      wide
    >
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
          Test mode: pay with card{' '}
          <span className="font-medium whitespace-nowrap text-ink tabular-nums">
            4242 4242 4242 4242
          </span>
          , any future date and any three digits.
        </p>
      )}
    </Page>
  );
}
