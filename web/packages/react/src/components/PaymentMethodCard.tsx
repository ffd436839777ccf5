import type { PaymentMethod, Subscription } from '@paydesk/client';

import { usePaydesk, useWords } from '../context';
import { cardBrandName, expiryState, formatExpiry } from '../format';
import { usePaymentMethods } from '../hooks/reads';
import { useSubscription } from '../hooks/useSubscription';
import { Badge, Button, Card, EmptyState, LoadError, Skeleton } from '../ui/basics';
import { CardIcon } from '../ui/icons';

/** The saved cards, and the way to change them (at the provider: no card number passes us). */
export function PaymentMethodCard() {
  const { paymentMethods, loading, error, refetch } = usePaymentMethods();
  const { subscription, openCustomerPortal, openingPortal } = useSubscription();
  const words = useWords();
  const say = words.methods;
  const paypal = paysByPayPal(subscription);
  const nothing = paymentMethods.length === 0;
  return (
    <Card
      title={say.title}
      busy={loading}
      aside={
        !nothing && (
          <Button
            size="small"
            busy={openingPortal}
            data-testid="update-card"
            onClick={() => openCustomerPortal('payment_method_update')}
          >
            {words.plan.updateCard}
          </Button>
        )
      }
    >
      {loading ? (
        <Skeleton lines={2} label={say.loading} />
      ) : error && nothing && !paypal ? (
        <LoadError what={say.what} error={error} onRetry={refetch} />
      ) : nothing && !paypal ? (
        <EmptyState icon={<CardIcon />} title={say.emptyTitle}>
          {say.emptyText}
        </EmptyState>
      ) : (
        <ul className="pd-rows">
          {paypal && <PayPalRow />}
          {paymentMethods.map((method) => (
            <MethodRow key={method.id} method={method} />
          ))}
        </ul>
      )}
    </Card>
  );
}

const over: ReadonlySet<Subscription['status']> = new Set(['canceled', 'incomplete_expired']);

/** PayPal tells of no method: that it pays is known from the subscription. */
function paysByPayPal(subscription: Subscription | null): boolean {
  return subscription?.provider === 'paypal' && !over.has(subscription.status);
}

function PayPalRow() {
  const say = useWords().methods;
  return (
    <li className="pd-row" data-testid="payment-method">
      <span className="pd-card-chip">
        <CardIcon />
      </span>
      <div className="pd-row-main">
        <p className="pd-row-title">{say.paypal}</p>
        <p className="pd-row-text">{say.paypalText}</p>
      </div>
    </li>
  );
}

const wallet_names: Record<string, string> = {
  paypal: 'PayPal',
  sepa_debit: 'SEPA Direct Debit',
  link: 'Link',
};

function MethodRow({ method }: { method: PaymentMethod }) {
  const { words } = usePaydesk();
  const say = words.methods;
  const state = expiryState(method.card_exp_month, method.card_exp_year, Date.now());
  const expiry = formatExpiry(method.card_exp_month, method.card_exp_year);
  const name =
    method.type === 'card'
      ? cardBrandName(method.card_brand, words)
      : method.type === 'us_bank_account'
        ? say.bankAccount
        : (wallet_names[method.type] ?? method.type);
  return (
    <li className="pd-row" data-testid="payment-method">
      <span className="pd-card-chip">
        <CardIcon />
      </span>
      <div className="pd-row-main">
        <p className="pd-row-title">
          {name}
          {method.card_last4 && (
            <>
              {' '}
              <span aria-hidden="true">•••• </span>
              <span className="pd-visually-hidden">{say.endingIn}</span>
              {method.card_last4}
            </>
          )}
        </p>
        {expiry && (
          <p className={`pd-row-text ${state === 'ok' ? '' : 'pd-text-danger'}`}>
            {state === 'expired' ? say.expired(expiry) : say.expires(expiry)}
          </p>
        )}
      </div>
      <div className="pd-row-side">
        {state === 'expired' && <Badge tone="danger">{say.badgeExpired}</Badge>}
        {state === 'soon' && <Badge tone="warning">{say.badgeSoon}</Badge>}
        {method.is_default && <Badge tone="neutral">{say.badgeDefault}</Badge>}
      </div>
    </li>
  );
}
