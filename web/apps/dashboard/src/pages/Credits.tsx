import { formatMoney, type PaymentProvider, type Plan } from '@paydesk/client';
import {
  Card,
  CheckoutButton,
  CreditBalance,
  CreditHistory,
  LoadError,
  Skeleton,
  usePaydesk,
  usePlans,
  useProviders,
  ProviderChoice,
  useWords,
} from '@paydesk/react';
import { Navigate, useSearchParams } from 'react-router';

import { useSay } from '../language';
import { CheckoutCancelled } from '../shell/CheckoutCancelled';
import { Page } from '../shell/Page';

export default function Credits() {
  const say = useSay().credits;
  const [params] = useSearchParams();
  const checkout = params.get('session_id');
  if (checkout)
    return <Navigate to={`/success?session_id=${encodeURIComponent(checkout)}`} replace />;
  return (
    <Page title={say.title} lead={say.lead}>
      <CheckoutCancelled />
      <div className="grid items-start gap-5 md:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
        <div className="grid gap-5">
          <CreditBalance action={null} />
          <TopUps />
        </div>
        <CreditHistory />
      </div>
    </Page>
  );
}

function TopUps() {
  const say = useSay().credits;
  const words = useWords().pricing;
  const { topUps, loading, error, refetch } = usePlans();
  const { providers, provider, choose } = useProviders();
  if (!loading && !error && topUps.length === 0) return null; // the catalogue sells none
  return (
    <Card title={say.buy} busy={loading}>
      {loading ? (
        <Skeleton lines={2} label={words.loading} />
      ) : error && topUps.length === 0 ? (
        <LoadError what={words.whatPlans} error={error} onRetry={refetch} />
      ) : (
        <>
          <p className="pd-muted mb-3">{say.buyLead}</p>
          <ProviderChoice providers={providers} provider={provider} onChoose={choose} />
          <ul className="pd-rows mt-3">
            {topUps.map((topUp) => (
              <TopUp key={topUp.key} topUp={topUp} provider={provider} />
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}

function TopUp({ topUp, provider }: { topUp: Plan; provider: PaymentProvider }) {
  const { locale, words } = usePaydesk();
  const say = useSay().credits;
  const price = topUp.prices[0];
  return (
    <li className="pd-row flex-wrap">
      <div className="pd-row-main basis-40">
        <p className="pd-row-title">{topUp.name}</p>
        <p className="pd-row-text">{topUp.description}</p>
      </div>
      <CheckoutButton
        planKey={topUp.key}
        provider={provider}
        askForCode
        size="small"
        disabled={!topUp.purchasable || price === undefined}
        data-testid={`top-up-${topUp.key}`}
      >
        {price
          ? say.forPrice(
              formatMoney(price.amount, price.currency, { locale, trimZeroFraction: true }),
            )
          : words.pricing.unavailable}
      </CheckoutButton>
    </li>
  );
}
