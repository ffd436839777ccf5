import type { WebhookEvent, WebhookEventStatus } from '@paydesk/client';
import { Badge, Button, Notice, formatDateTime, usePaydesk, ListCard } from '@paydesk/react';
import { useState } from 'react';
import { Link } from 'react-router';

import { Confirmed } from '../../admin/Confirmed';
import { Choice } from '../../admin/fields';
import { TextFilters, useFilter } from '../../admin/Filters';
import { useAdminPages, useReadAgain } from '../../admin/List';
import { eventTones } from '../../admin/tones';
import { useSay } from '../../language';

interface Events {
  webhook_events: WebhookEvent[];
  has_more: boolean;
  unfinished: { failed: number; dead: number; waiting: number };
}
type Filter = '' | WebhookEventStatus;

export default function Webhooks() {
  const words = useSay().console;
  const say = words.webhooks;
  const [status, setStatus] = useFilter('status');
  const [type] = useFilter('type');
  const [object] = useFilter('object');
  const events = useAdminPages<Events, WebhookEvent>(
    `webhooks/${JSON.stringify([status, type, object])}`,
    (client, page, signal) =>
      client.admin.getWebhookEvents(
        {
          ...page,
          ...(status !== '' && { status: status as WebhookEventStatus }),
          ...(type !== '' && { type }),
          ...(object !== '' && { object_id: object }),
        },
        { signal },
      ),
    (page) => page.webhook_events,
  );
  const statuses = { '': words.all, ...say.statuses } as Record<Filter, string>;
  return (
    <div className="grid grid-cols-1 gap-5">
      <Unfinished counts={events.pages?.[0]?.unfinished} />
      <TextFilters
        fields={[
          { name: 'type', label: say.type, help: say.typeHelp },
          { name: 'object', label: say.object, help: say.objectHelp },
        ]}
      >
        <div className="min-w-0 flex-[1_1_12rem]">
          <Choice
            label={say.status}
            value={status as Filter}
            options={statuses}
            onChoose={setStatus}
          />
        </div>
      </TextFilters>
      <ListCard {...say} list={events}>
        {(event) => <EventRow key={event.id} event={event} />}
      </ListCard>
    </div>
  );
}

function Unfinished({ counts }: { counts: Events['unfinished'] | undefined }) {
  const { client } = usePaydesk();
  const say = useSay().console.webhooks;
  const readAgain = useReadAgain();
  const [asking, setAsking] = useState(false);
  if (!counts || counts.dead + counts.failed + counts.waiting === 0) return null;
  const text = say.unfinished(counts.dead, counts.failed, counts.waiting);
  return (
    <>
      <Notice
        tone={counts.dead > 0 ? 'danger' : 'warning'}
        title={text}
        action={
          <Button size="small" data-testid="replay-all" onClick={() => setAsking(true)}>
            {say.replayAll}
          </Button>
        }
      />
      {asking && (
        <Confirmed
          title={say.replayAllTitle}
          confirmLabel={say.replay}
          done={say.done}
          run={(idempotencyKey) => client.admin.replayWebhookEvents({ idempotencyKey })}
          onDone={() => {
            setAsking(false);
            readAgain();
          }}
          onClose={() => setAsking(false)}
        >
          <p>{text}</p>
          <p>{say.replayText}</p>
        </Confirmed>
      )}
    </>
  );
}

function EventRow({ event }: { event: WebhookEvent }) {
  const { locale } = usePaydesk();
  const words = useSay().console;
  const say = words.webhooks;
  return (
    <li className="pd-row" data-testid="admin-event" data-status={event.status}>
      <div className="pd-row-main">
        <p className="pd-row-title">
          <Link
            to={`/admin/webhooks/${encodeURIComponent(event.id)}`}
            className="text-link hover:underline"
          >
            {event.type}
          </Link>
        </p>
        <p className="pd-row-text">
          <time dateTime={event.received_at}>{formatDateTime(event.received_at, locale)}</time>
          {' · '}
          {words.provider[event.provider]}
          {event.object_id && ` · ${event.object_id}`}
        </p>
        {event.error && event.status !== 'processed' && (
          <p className="pd-row-text pd-text-danger">{event.error}</p>
        )}
      </div>
      <div className="pd-row-side">
        {event.attempts > 1 && (
          <span className="text-sm text-muted">{words.attempts(event.attempts)}</span>
        )}
        <Badge tone={eventTones[event.status]}>{say.statuses[event.status]}</Badge>
      </div>
    </li>
  );
}
