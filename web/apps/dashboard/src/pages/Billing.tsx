import {
  Card,
  InvoiceHistory,
  LoadError,
  NotificationsPanel,
  PaymentMethodCard,
  Skeleton,
  SubscriptionCard,
  useSubscription,
} from '@paydesk/react';
import { Navigate, useSearchParams } from 'react-router';

import { CheckoutCancelled } from '../shell/CheckoutCancelled';
import { Page } from '../shell/Page';

export default function Billing() {
  const [params] = useSearchParams();
  const checkout = params.get('session_id');
  if (checkout)
    return <Navigate to={`/success?session_id=${encodeURIComponent(checkout)}`} replace />;
  return (
    <Page title="Billing" lead="Your plan, your card and every invoice.">
      <CheckoutCancelled />
      <div className="grid items-start gap-5 md:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="grid gap-5">
          <Plan />
          <InvoiceHistory />
        </div>
        <div className="grid gap-5">
          <PaymentMethodCard />
          <NotificationsPanel />
        </div>
      </div>
    </Page>
  );
}

function Plan() {
  const {
    subscription,
    loading,
    error,
    refetch,
    setCancelAtPeriodEnd,
    openCustomerPortal,
    openingPortal,
  } = useSubscription();
  if (loading) {
    return (
      <Card title="Your plan" busy>
        <Skeleton lines={4} label="Loading your plan" />
      </Card>
    );
  }
  if (error && subscription === null) {
    return (
      <Card title="Your plan">
        <LoadError what="Your plan" error={error} onRetry={refetch} />
      </Card>
    );
  }
  return (
    <SubscriptionCard
      subscription={subscription}
      onCancel={setCancelAtPeriodEnd}
      onManage={openCustomerPortal}
      managing={openingPortal}
    />
  );
}
