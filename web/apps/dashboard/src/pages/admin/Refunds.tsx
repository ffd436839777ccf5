import { formatMoney, fromDecimal, type CreateRefundRequest, type Refund } from '@paydesk/client';
import {
  Badge,
  Button,
  Card,
  formatDateTime,
  usePaydesk,
  type Tone,
  ListCard,
} from '@paydesk/react';
import { useState, type FormEvent } from 'react';
import { useSearchParams } from 'react-router';

import { Confirmed } from '../../admin/Confirmed';
import { Choice, Field } from '../../admin/fields';
import { Id } from '../../admin/Id';
import { useAdminPages, useReadAgain } from '../../admin/List';
import { useSay } from '../../language';

type Refunds = { refunds: Refund[]; has_more: boolean };
type Reason = NonNullable<CreateRefundRequest['reason']>;

const tones: Record<Refund['status'], Tone> = {
  pending: 'info',
  succeeded: 'success',
  failed: 'danger',
  canceled: 'neutral',
};

export default function Refunds() {
  const say = useSay().admin.refund;
  const refunds = useAdminPages<Refunds, Refund>(
    'refunds',
    (client, page, signal) => client.admin.getRefunds(page, { signal }),
    (page) => page.refunds,
  );
  return (
    <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
      <RefundForm />
      <ListCard {...say} title={say.list} list={refunds}>
        {(refund) => <RefundRow key={refund.id} refund={refund} />}
      </ListCard>
    </div>
  );
}

/** With a currency (from the link that led here) the amount is written as money, else in minor units. */
function amountOf(text: string, currency: string | null): number | null {
  if (currency !== null) return fromDecimal(text, currency);
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function RefundForm() {
  const { client, locale } = usePaydesk();
  const say = useSay().admin.refund;
  const readAgain = useReadAgain();
  const [params] = useSearchParams();
  const currency = params.get('currency');
  const [payment, setPayment] = useState(params.get('payment') ?? '');
  const [text, setText] = useState('');
  const [reason, setReason] = useState<Reason>('requested_by_customer');
  const [note, setNote] = useState('');
  const [wrong, setWrong] = useState(false);
  const [asking, setAsking] = useState<CreateRefundRequest | null>(null);

  function submit(event: FormEvent) {
    event.preventDefault();
    const amount = text.trim() === '' ? undefined : amountOf(text.trim(), currency);
    setWrong(amount === null || amount === 0);
    if (amount === null || amount === 0) return;
    setAsking({
      paymentId: payment.trim(),
      reason,
      ...(amount !== undefined && { amount }),
      ...(note.trim() !== '' && { note: note.trim() }),
    });
  }
  const part = asking?.amount;
  return (
    <Card title={say.title}>
      <form className="grid gap-4" onSubmit={submit}>
        <Field
          label={say.payment}
          help={say.paymentHelp}
          required
          value={payment}
          onText={setPayment}
        />
        <Field
          label={say.amount}
          help={currency ? say.amountHelpCurrency(currency.toUpperCase()) : say.amountHelp}
          error={wrong ? say.amountWrong : null}
          inputMode="decimal"
          value={text}
          onText={setText}
        />
        <Choice label={say.reason} value={reason} options={say.reasons} onChoose={setReason} />
        <Field label={say.note} maxLength={1000} value={note} onText={setNote} />
        <Button type="submit" variant="danger" data-testid="refund-submit">
          {say.submit}
        </Button>
      </form>
      {asking && (
        <Confirmed
          title={say.confirmTitle}
          confirmLabel={say.submit}
          danger
          done={say.done}
          run={(idempotencyKey) => client.admin.createRefund(asking, { idempotencyKey })}
          onDone={() => {
            setAsking(null);
            setText('');
            setNote('');
            readAgain();
          }}
          onClose={() => setAsking(null)}
        >
          <p>
            {part === undefined
              ? say.confirmAll
              : say.confirmPart(
                  currency ? formatMoney(part, currency, { locale }) : part.toLocaleString(locale),
                )}
          </p>
          <p>{say.confirmText}</p>
        </Confirmed>
      )}
    </Card>
  );
}

function RefundRow({ refund }: { refund: Refund }) {
  const { locale } = usePaydesk();
  const words = useSay().admin;
  return (
    <li className="pd-row" data-testid="admin-refund">
      <div className="pd-row-main">
        <p className="pd-row-title">{refund.note ?? refund.reason?.replaceAll('_', ' ') ?? '—'}</p>
        <p className="pd-row-text">
          <time dateTime={refund.created_at}>{formatDateTime(refund.created_at, locale)}</time>
          {' · '}
          {words.refund.by(refund.actor.split(':')[0] ?? refund.actor)}
        </p>
        {refund.failure_reason && (
          <p className="pd-row-text pd-text-danger">{refund.failure_reason}</p>
        )}
        {refund.stripe_refund_id === null && refund.status === 'pending' && (
          <p className="pd-row-text">{words.refund.pending}</p>
        )}
        {refund.payment_id && <Id value={refund.payment_id} />}
      </div>
      <div className="pd-row-side">
        <span className="pd-amount">{formatMoney(refund.amount, refund.currency, { locale })}</span>
        <Badge tone={tones[refund.status] ?? 'neutral'}>
          {words.status[refund.status] ?? refund.status}
        </Badge>
      </div>
    </li>
  );
}
