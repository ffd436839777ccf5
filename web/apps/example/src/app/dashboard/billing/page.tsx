import { PricingTable, Skeleton, useSubscription } from '@paydesk/react';

import InvoiceHistory from './components/InvoiceHistory';
import NotificationsPanel from './components/NotificationsPanel';
import PaymentMethodCard from './components/PaymentMethodCard';
import SubscriptionCard from './components/SubscriptionCard';
import UsageDisplay from './components/UsageDisplay';

export default function BillingPage() {
  const { subscription, loading, setCancelAtPeriodEnd, openCustomerPortal } = useSubscription();

  if (loading) return <Skeleton lines={6} />;

  return (
    <div className="container">
      <h1>Billing &amp; Subscription</h1>

      {subscription ? (
        <>
          <SubscriptionCard
            subscription={subscription}
            onCancel={setCancelAtPeriodEnd}
            onManage={openCustomerPortal}
          />
          <UsageDisplay subscriptionId={subscription.stripe_subscription_id} />
          <PaymentMethodCard />
          <InvoiceHistory />
        </>
      ) : (
        <>
          <h2>Choose a Plan</h2>
          <PricingTable recommended="pro" />
        </>
      )}
      <NotificationsPanel />
    </div>
  );
}
