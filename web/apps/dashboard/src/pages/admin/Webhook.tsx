import {
  Badge,
  Button,
  Card,
  LoadError,
  Skeleton,
  formatDateTime,
  keys,
  useApiQuery,
  usePaydesk,
} from '@paydesk/react';
import { useState } from 'react';
import { Link, useParams } from 'react-router';

import { Confirmed } from '../../admin/Confirmed';
import { Facts, Json } from '../../admin/Facts';
import { Id } from '../../admin/Id';
import { useReadAgain } from '../../admin/List';
import { eventTones } from '../../admin/tones';
import { useSay } from '../../language';

export default function Webhook() {
  const { client, locale } = usePaydesk();
  const id = useParams()['id']!;
  const words = useSay().console;
  const say = words.webhooks;
  const readAgain = useReadAgain();
  const [asking, setAsking] = useState(false);
  const { data, loading, error, refetch } = useApiQuery(
    [...keys.all, 'admin', 'webhook', id],
    (options) => client.admin.getWebhookEvent(id, options),
  );
  const event = data?.webhook_event;
  if (loading || !event) {
    return (
      <Card title={say.one} busy={loading}>
        {loading ? (
          <Skeleton lines={6} />
        ) : (
          <LoadError what={say.whatOne} error={error} onRetry={refetch} />
        )}
      </Card>
    );
  }
  const time = (instant: string | null) => instant && formatDateTime(instant, locale);
  return (
    <div className="grid grid-cols-1 gap-5">
      <p>
        <Link to="/admin/webhooks" className="text-link hover:underline">
          {words.back(say.tab)}
        </Link>
      </p>
      <Card
        title={event.type}
        aside={<Badge tone={eventTones[event.status]}>{say.statuses[event.status]}</Badge>}
      >
        <Id value={event.id} />
        {event.error && <p className="pd-text-danger mt-2 wrap-anywhere">{event.error}</p>}
        <Facts
          facts={[
            [
              say.facts.object,
              event.object_id && (
                <Link
                  to={`/admin/webhooks?object=${encodeURIComponent(event.object_id)}`}
                  className="text-link hover:underline"
                >
                  {event.object_id}
                </Link>
              ),
            ],
            [
              say.facts.customer,
              event.account_id && (
                <Link
                  to={`/admin/customers/${event.account_id}`}
                  className="text-link hover:underline"
                >
                  {event.account_id}
                </Link>
              ),
            ],
            [say.facts.waiting, event.waiting_for],
            [say.facts.occurred, time(event.occurred_at)],
            [say.facts.received, time(event.received_at)],
            [say.facts.processed, time(event.processed_at)],
            [say.facts.next, time(event.next_attempt_at)],
            [say.facts.attempts, String(event.attempts)],
            [say.facts.version, event.api_version],
          ]}
        />
        <div className="pd-card-actions">
          <Button data-testid="replay" onClick={() => setAsking(true)}>
            {say.replay}
          </Button>
        </div>
      </Card>
      <Card title={say.payload}>
        {event.payload ? (
          <Json value={event.payload} label={say.payload} />
        ) : (
          <p className="pd-muted">{say.noPayload}</p>
        )}
      </Card>
      {asking && (
        <Confirmed
          title={say.replayTitle}
          confirmLabel={say.replay}
          done={say.done}
          run={(idempotencyKey) => client.admin.replayWebhookEvent(id, { idempotencyKey })}
          onDone={() => {
            setAsking(false);
            readAgain();
          }}
          onClose={() => setAsking(false)}
        >
          <p>{say.replayText}</p>
        </Confirmed>
      )}
    </div>
  );
}
