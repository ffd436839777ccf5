import { formatMoney } from '@paydesk/client';
import {
  NotificationsPanel,
  PaymentMethodCard,
  SubscriptionStatus,
  formatDate,
  useInvoices,
} from '@paydesk/react';
import { Link, Navigate, useSearchParams } from 'react-router';

import { useLocalSession } from '../session';
import { CheckoutCancelled } from '../shell/CheckoutCancelled';
import { Page } from '../shell/Page';

export default function Overview() {
  const session = useLocalSession();
  const [params] = useSearchParams();
  const checkout = params.get('session_id');
  // Return addresses that the older guides use end here; the success page knows what to do.
  if (checkout)
    return <Navigate to={`/success?session_id=${encodeURIComponent(checkout)}`} replace />;
  const first_name = session?.user.name.split(' ')[0];
  return (
    <Page
      title={first_name ? `Hello, ${first_name}` : 'Overview'}
      lead="Your plan and what happened lately."
    >
      <CheckoutCancelled />
      <div className="grid items-start gap-5 md:grid-cols-2">
        <div className="grid gap-5">
          <SubscriptionStatus />
          <LastInvoice />
          <PaymentMethodCard />
        </div>
        <NotificationsPanel />
      </div>
    </Page>
  );
}

function LastInvoice() {
  const { invoices } = useInvoices();
  const invoice = invoices[0];
  if (!invoice) return null;
  return (
    <Link
      to="/dashboard/billing"
      className="pd-card flex items-center justify-between gap-4 hover:border-line-strong"
    >
      <span>
        <span className="block text-sm text-muted">Latest invoice</span>
        <span className="block font-medium">{formatDate(invoice.created_at)}</span>
      </span>
      <span className="text-xl font-semibold tracking-tight tabular-nums">
        {formatMoney(invoice.total, invoice.currency)}
      </span>
    </Link>
  );
}
