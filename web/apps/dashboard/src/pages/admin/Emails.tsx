import type { Email, EmailStatus, SendEmailRequest } from '@paydesk/client';
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
import { Choice, Field, LongField } from '../../admin/fields';
import { Id } from '../../admin/Id';
import { useAdminPages, useReadAgain } from '../../admin/List';
import { useSay } from '../../language';

type Emails = { emails: Email[]; has_more: boolean };

const tones: Record<EmailStatus, Tone> = {
  queued: 'info',
  sent: 'success',
  skipped: 'neutral',
  dead: 'danger',
};

export default function Emails() {
  const words = useSay().admin;
  const say = words.email;
  const [status, setStatus] = useState<EmailStatus | ''>('');
  const emails = useAdminPages<Emails, Email>(
    `emails/${status}`,
    (client, page, signal) =>
      client.admin.getEmails({ ...page, ...(status !== '' && { status }) }, { signal }),
    (page) => page.emails,
  );
  const filters = {
    '': say.all,
    queued: words.status['queued']!,
    sent: words.status['sent']!,
    skipped: words.status['skipped']!,
    dead: words.status['dead']!,
  };
  return (
    <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
      <EmailForm />
      <div className="grid gap-4">
        <div className="max-w-56">
          <Choice label={say.filter} value={status} options={filters} onChoose={setStatus} />
        </div>
        <ListCard {...say} title={say.list} list={emails}>
          {(email) => <EmailRow key={email.id} email={email} />}
        </ListCard>
      </div>
    </div>
  );
}

function EmailForm() {
  const { client } = usePaydesk();
  const say = useSay().admin.email;
  const readAgain = useReadAgain();
  const [params] = useSearchParams();
  const [account, setAccount] = useState(params.get('account') ?? '');
  const [subject, setSubject] = useState('');
  const [message, setMessage] = useState('');
  const [asking, setAsking] = useState<SendEmailRequest | null>(null);
  function submit(event: FormEvent) {
    event.preventDefault();
    setAsking({ accountId: account.trim(), subject: subject.trim(), message });
  }
  return (
    <Card title={say.title}>
      <form className="grid gap-4" onSubmit={submit}>
        <Field label={say.account} required value={account} onText={setAccount} />
        <Field label={say.subject} required maxLength={200} value={subject} onText={setSubject} />
        <LongField
          label={say.message}
          help={say.messageHelp}
          required
          maxLength={10_000}
          value={message}
          onText={setMessage}
        />
        <Button type="submit" variant="primary" data-testid="email-submit">
          {say.submit}
        </Button>
      </form>
      {asking && (
        <Confirmed
          title={say.confirmTitle}
          confirmLabel={say.submit}
          done={say.done}
          run={(idempotencyKey) => client.admin.sendEmail(asking, { idempotencyKey })}
          onDone={() => {
            setAsking(null);
            setSubject('');
            setMessage('');
            readAgain();
          }}
          onClose={() => setAsking(null)}
        >
          <p>{say.confirmText(asking.accountId)}</p>
          <p className="mt-2 font-medium text-ink">{asking.subject}</p>
        </Confirmed>
      )}
    </Card>
  );
}

function EmailRow({ email }: { email: Email }) {
  const { client, locale } = usePaydesk();
  const words = useSay().admin;
  const say = words.email;
  const readAgain = useReadAgain();
  const [asking, setAsking] = useState(false);
  const recipient = email.recipient ?? say.noRecipient;
  return (
    <li className="pd-row" data-testid="admin-email">
      <div className="pd-row-main">
        <p className="pd-row-title">{email.kind.replaceAll('_', ' ')}</p>
        <p className="pd-row-text">
          {recipient} ·{' '}
          <time dateTime={email.created_at}>{formatDateTime(email.created_at, locale)}</time>
          {email.attempts > 1 && ` · ${say.attempts(email.attempts)}`}
        </p>
        {email.error && <p className="pd-row-text pd-text-danger">{email.error}</p>}
        <Id value={email.account_id} />
      </div>
      <div className="pd-row-side">
        <Badge tone={tones[email.status] ?? 'neutral'}>
          {words.status[email.status] ?? email.status}
        </Badge>
        {(email.status === 'dead' || email.status === 'skipped') && (
          <Button size="small" onClick={() => setAsking(true)}>
            {say.retry}
          </Button>
        )}
      </div>
      {asking && (
        <Confirmed
          title={say.retryTitle}
          confirmLabel={say.retry}
          done={say.done}
          run={(idempotencyKey) => client.admin.retryEmail(email.id, { idempotencyKey })}
          onDone={() => {
            setAsking(false);
            readAgain();
          }}
          onClose={() => setAsking(false)}
        >
          <p>{say.retryText(recipient)}</p>
        </Confirmed>
      )}
    </li>
  );
}
