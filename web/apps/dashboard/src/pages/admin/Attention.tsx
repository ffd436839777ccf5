import { formatMoney, type Dispute, type OperatorNotification } from '@paydesk/client';
import { Badge, formatDate, formatDateTime, usePaydesk, ListCard } from '@paydesk/react';
import { Link } from 'react-router';

import { Id } from '../../admin/Id';
import { useAdminPages } from '../../admin/List';
import { useSay } from '../../language';

type Events = { notifications: OperatorNotification[]; has_more: boolean };
type Disputes = { disputes: Dispute[]; has_more: boolean };

export default function Attention() {
  const say = useSay().admin;
  const events = useAdminPages<Events, OperatorNotification>(
    'events',
    (client, page, signal) => client.admin.getNotifications(page, { signal }),
    (page) => page.notifications,
  );
  const disputes = useAdminPages<Disputes, Dispute>(
    'disputes',
    (client, page, signal) => client.admin.getDisputes(page, { signal }),
    (page) => page.disputes,
  );
  return (
    <div className="grid items-start gap-5 lg:grid-cols-2">
      <ListCard {...say.events} list={events}>
        {(event) => <EventRow key={event.id} event={event} />}
      </ListCard>
      <ListCard {...say.disputes} list={disputes}>
        {(dispute) => <DisputeRow key={dispute.id} dispute={dispute} />}
      </ListCard>
    </div>
  );
}

function EventRow({ event }: { event: OperatorNotification }) {
  const { locale } = usePaydesk();
  return (
    <li className="pd-row">
      <div className="pd-row-main">
        <p className="pd-row-title">{event.title}</p>
        <p className="pd-row-text">{event.message}</p>
        <p className="pd-row-text">
          <time dateTime={event.created_at}>{formatDateTime(event.created_at, locale)}</time>
        </p>
      </div>
    </li>
  );
}

function DisputeRow({ dispute }: { dispute: Dispute }) {
  const { locale } = usePaydesk();
  const say = useSay().admin.disputes;
  const open = dispute.closed_at === null;
  const refund = new URLSearchParams({ currency: dispute.currency });
  if (dispute.payment_id !== null) refund.set('payment', dispute.payment_id);
  return (
    <li className="pd-row">
      <div className="pd-row-main">
        <p className="pd-row-title">{dispute.reason.replaceAll('_', ' ')}</p>
        <p className="pd-row-text">
          <time dateTime={dispute.created_at}>{formatDate(dispute.created_at, locale)}</time>
          {open && dispute.evidence_due_by && (
            <> · {say.due(formatDate(dispute.evidence_due_by, locale))}</>
          )}
        </p>
        <Id value={dispute.account_id} />
      </div>
      <div className="pd-row-side">
        <span className="pd-amount">
          {formatMoney(dispute.amount, dispute.currency, { locale })}
        </span>
        <Badge tone={open ? 'danger' : 'neutral'}>{dispute.status.replaceAll('_', ' ')}</Badge>
        {open && dispute.payment_id !== null && (
          <Link
            to={`/admin/refunds?${refund.toString()}`}
            className="pd-button pd-button-secondary pd-button-small"
          >
            {say.refund}
          </Link>
        )}
      </div>
    </li>
  );
}
