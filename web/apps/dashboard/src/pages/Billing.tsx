import {
  Card,
  InvoiceHistory,
  LoadError,
  NotificationsPanel,
  PaymentHistory,
  PaymentMethodCard,
  Skeleton,
  SubscriptionCard,
  useSubscription,
  useWords,
} from '@paydesk/react';
import { Navigate, useSearchParams } from 'react-router';

import { useSay } from '../language';
import { CheckoutCancelled } from '../shell/CheckoutCancelled';
import { InvoicePayment } from '../shell/InvoicePayment';
import { Page } from '../shell/Page';

export default function Billing() {
  const say = useSay().billing;
  const [params] = useSearchParams();
  const checkout = params.get('session_id');
  if (checkout)
    return <Navigate to={`/success?session_id=${encodeURIComponent(checkout)}`} replace />;
  return (
    <Page title={say.title} lead={say.lead}>
      <CheckoutCancelled />
      <InvoicePayment />
      <div className="grid items-start gap-5 md:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="grid gap-5">
          <Plan />
          <InvoiceHistory />
          <PaymentHistory />
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
  const say = useWords().plan;
  const {
    subscription,
    loading,
    error,
    refetch,
    setCancelAtPeriodEnd,
    keepPlan,
    openCustomerPortal,
    openingPortal,
  } = useSubscription();
  if (loading) {
    return (
      <Card title={say.title} busy>
        <Skeleton lines={4} label={say.loadingPlan} />
      </Card>
    );
  }
  if (error && subscription === null) {
    return (
      <Card title={say.title}>
        <LoadError what={say.whatPlan} error={error} onRetry={refetch} />
      </Card>
    );
  }
  return (
    <SubscriptionCard
      subscription={subscription}
      onCancel={setCancelAtPeriodEnd}
      onManage={openCustomerPortal}
      managing={openingPortal}
      onKeepPlan={() => keepPlan()}
    />
  );
}
