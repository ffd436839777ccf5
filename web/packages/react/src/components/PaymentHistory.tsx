import { formatMoney, type Payment } from '@paydesk/client';

import { usePaydesk, useWords } from '../context';
import type { Tone } from '../describeSubscription';
import { formatDate, safeHref } from '../format';
import { usePayments } from '../hooks/reads';
import { paymentRows, useDownload } from '../hooks/useDownload';
import { Badge, Button, Card, EmptyState, LoadError, Skeleton } from '../ui/basics';
import { CardIcon, ExternalIcon } from '../ui/icons';

const tones: Record<Payment['status'], Tone> = {
  pending: 'info',
  succeeded: 'success',
  failed: 'danger',
  refunded: 'neutral',
  partially_refunded: 'neutral',
};

/** Every charge and every attempt, newest first, with what came back: needs no props. */
export function PaymentHistory() {
  const { payments, loading, error, refetch, hasMore, loadMore, loadingMore } = usePayments();
  const words = useWords();
  const say = words.payments;
  const { busy, csv } = useDownload();
  const nothing = payments.length === 0;
  return (
    <Card
      title={say.title}
      busy={loading}
      aside={
        !nothing && (
          <Button
            size="small"
            variant="ghost"
            busy={busy === 'csv'}
            onClick={() => void csv('payments', say.columns, paymentRows)}
          >
            {words.common.downloadCsv}
          </Button>
        )
      }
    >
      {loading ? (
        <Skeleton lines={4} label={say.loading} />
      ) : error && nothing ? (
        <LoadError what={say.what} error={error} onRetry={refetch} />
      ) : nothing ? (
        <EmptyState icon={<CardIcon />} title={say.emptyTitle}>
          {say.emptyText}
        </EmptyState>
      ) : (
        <>
          <ul className="pd-rows">
            {payments.map((payment) => (
              <PaymentRow key={payment.id} payment={payment} />
            ))}
          </ul>
          {hasMore && (
            <div className="pd-card-actions">
              <Button busy={loadingMore} onClick={loadMore}>
                {say.showOlder}
              </Button>
            </div>
          )}
        </>
      )}
    </Card>
  );
}

function PaymentRow({ payment }: { payment: Payment }) {
  const { locale, words } = usePaydesk();
  const say = words.payments;
  const money = (amount: number) => formatMoney(amount, payment.currency, { locale });
  const date = formatDate(payment.created_at, locale);
  const receipt = safeHref(payment.receipt_url);
  return (
    <li className="pd-row" data-testid="payment-row">
      <div className="pd-row-main">
        <p className="pd-row-title">{payment.description ?? say.payment}</p>
        <p className="pd-row-text">
          <time dateTime={payment.created_at}>{date}</time>
          {payment.amount_refunded > 0 && ` · ${say.refunded(money(payment.amount_refunded))}`}
        </p>
        {payment.status === 'failed' && payment.failure_message && (
          <p className="pd-row-text pd-text-danger">{payment.failure_message}</p>
        )}
      </div>
      <div className="pd-row-side">
        <span className="pd-amount">{money(payment.amount)}</span>
        <Badge tone={tones[payment.status] ?? 'neutral'}>
          {say.status[payment.status] ?? payment.status}
        </Badge>
      </div>
      {receipt && (
        <div className="pd-row-links">
          <a
            className="pd-icon-button"
            href={receipt}
            target="_blank"
            rel="noopener noreferrer"
            title={say.receipt}
            aria-label={`${say.receiptLabel(date, money(payment.amount))} (${words.common.newTab})`}
          >
            <ExternalIcon />
          </a>
        </div>
      )}
    </li>
  );
}
