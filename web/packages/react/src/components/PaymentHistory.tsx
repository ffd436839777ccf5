import { formatMoney, type Payment } from '@paydesk/client';

import { usePaydesk, useWords } from '../context';
import type { Tone } from '../describeSubscription';
import { formatDate, safeHref } from '../format';
import { usePayments } from '../hooks/reads';
import { paymentRows } from '../hooks/useDownload';
import { Badge } from '../ui/basics';
import { CardIcon, ExternalIcon } from '../ui/icons';
import { CsvButton } from './CsvButton';
import { ListCard } from './ListCard';

const tones: Record<Payment['status'], Tone> = {
  pending: 'info',
  succeeded: 'success',
  failed: 'danger',
  refunded: 'neutral',
  partially_refunded: 'neutral',
};

/** Every charge and every attempt, newest first, with what came back: needs no props. */
export function PaymentHistory() {
  const { payments, ...list } = usePayments();
  const say = useWords().payments;
  return (
    <ListCard
      title={say.title}
      what={say.what}
      loadingLabel={say.loading}
      lines={4}
      icon={<CardIcon />}
      emptyTitle={say.emptyTitle}
      emptyText={say.emptyText}
      showOlder={say.showOlder}
      aside={
        payments.length > 0 && (
          <CsvButton name="payments" columns={say.columns} read={paymentRows} />
        )
      }
      list={{ rows: payments, ...list }}
    >
      {(payment) => <PaymentRow key={payment.id} payment={payment} />}
    </ListCard>
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
