import { formatMoney } from '@paydesk/client';
import {
  NotificationsPanel,
  PaymentMethodCard,
  SubscriptionStatus,
  formatCount,
  formatDate,
  useCredits,
  useInvoices,
  usePaydesk,
} from '@paydesk/react';
import { Link, Navigate, useSearchParams } from 'react-router';

import { useSay } from '../language';
import { useLocalSession } from '../session';
import { CheckoutCancelled } from '../shell/CheckoutCancelled';
import { Page } from '../shell/Page';

export default function Overview() {
  const say = useSay().overview;
  const session = useLocalSession();
  const [params] = useSearchParams();
  const checkout = params.get('session_id');
  // Return addresses that the older guides use end here; the success page knows what to do.
  if (checkout)
    return <Navigate to={`/success?session_id=${encodeURIComponent(checkout)}`} replace />;
  const first_name = session?.user.name.split(' ')[0];
  return (
    <Page title={first_name ? say.hello(first_name) : say.title} lead={say.lead}>
      <CheckoutCancelled />
      <div className="grid items-start gap-5 md:grid-cols-2">
        <div className="grid gap-5">
          <SubscriptionStatus />
          <Glance />
          <PaymentMethodCard />
        </div>
        <NotificationsPanel />
      </div>
    </Page>
  );
}

/** The two numbers that people come for. */
function Glance() {
  const { locale } = usePaydesk();
  const say = useSay().overview;
  const { invoices } = useInvoices();
  const { credits } = useCredits();
  const invoice = invoices[0];
  return (
    <>
      {credits && (
        <Tile
          to="/dashboard/credits"
          label={say.creditsLeft}
          value={formatCount(credits.balance, locale)}
        />
      )}
      {invoice && (
        <Tile
          to="/dashboard/billing"
          label={say.latestInvoice}
          detail={formatDate(invoice.created_at, locale)}
          value={formatMoney(invoice.total, invoice.currency, { locale })}
        />
      )}
    </>
  );
}

function Tile(props: { to: string; label: string; detail?: string; value: string }) {
  return (
    <Link
      to={props.to}
      className="pd-card flex items-center justify-between gap-4 hover:border-line-strong"
    >
      <span>
        <span className="block text-sm text-muted">{props.label}</span>
        {props.detail && <span className="block font-medium">{props.detail}</span>}
      </span>
      <span className="text-xl font-semibold tracking-tight tabular-nums">{props.value}</span>
    </Link>
  );
}
