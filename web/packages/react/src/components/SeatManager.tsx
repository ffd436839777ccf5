import type { SeatMember } from '@paydesk/client';
import { useId, useState, type FormEvent } from 'react';

import { usePaydesk, useWords } from '../context';
import { formatDate } from '../format';
import { useSeats } from '../hooks/useSeats';
import { useSubscription } from '../hooks/useSubscription';
import { AppLink } from '../ui/AppLink';
import { Badge, Button, Card, LoadError, Notice, Skeleton, messageOf } from '../ui/basics';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { useToast } from '../ui/Toasts';
import { SeatCount, sellsSeats } from './SeatCount';

/** Who shares the plan; inviting, roles, removing: needs no props. */
export function SeatManager() {
  const { seats, loading: loadingSeats, error, available, refetch } = useSeats();
  const { subscription, loading: loadingSubscription } = useSubscription();
  const say = useWords().seats;
  if (!available) return null;
  const loading = loadingSeats || loadingSubscription;
  const full = seats !== null && seats.total !== null && seats.used >= seats.total;
  const wayOut: WayOut =
    seats?.role !== 'owner' ? 'owner' : sellsSeats(subscription) ? 'more' : 'plan';
  return (
    <Card
      title={say.title}
      busy={loading}
      aside={
        seats && (
          <span className="pd-muted" data-testid="seats-used">
            {seats.total === null ? say.used(seats.used) : say.usedOf(seats.used, seats.total)}
          </span>
        )
      }
    >
      {loading ? (
        <Skeleton lines={4} label={say.loading} />
      ) : seats === null ? (
        <LoadError what={say.what} error={error} onRetry={refetch} />
      ) : (
        <>
          <ul className="pd-rows">
            {seats.members.map((member) => (
              <MemberRow
                key={member.id}
                member={member}
                mayRemove={seats.role !== 'member' && member.role !== 'owner'}
                mayChange={seats.role === 'owner' && member.role !== 'owner'}
              />
            ))}
          </ul>
          {seats.role !== 'member' && (full ? <Full by={wayOut} /> : <InviteForm />)}
          {wayOut === 'more' && seats.total !== null && sellsSeats(subscription) && (
            <SeatCount subscription={subscription} total={seats.total} used={seats.used} />
          )}
        </>
      )}
    </Card>
  );
}

/** How somebody gets more seats: buys them here, with a plan, or asks who pays. */
type WayOut = 'more' | 'plan' | 'owner';

function Full({ by }: { by: WayOut }) {
  const { words, links } = usePaydesk();
  return (
    <div className="pd-card-actions">
      <Notice tone="info" title={words.seats.fullTitle}>
        {words.seats.fullText[by]}
      </Notice>
      {by === 'plan' && (
        <AppLink href={links.pricing} className="pd-button pd-button-primary pd-button-small">
          {words.common.seePlans}
        </AppLink>
      )}
    </div>
  );
}

function InviteForm() {
  const { words } = usePaydesk();
  const say = words.seats;
  const { invite, inviting } = useSeats();
  const toast = useToast();
  const id = useId();
  const [email, setEmail] = useState('');
  const [failure, setFailure] = useState<string | null>(null);
  async function submit(event: FormEvent) {
    event.preventDefault();
    setFailure(null);
    try {
      await invite({ email: email.trim(), role: 'member' });
      toast({ tone: 'success', title: say.invited(email.trim()) });
      setEmail('');
    } catch (error) {
      setFailure(messageOf(error, words));
    }
  }
  return (
    <form className="pd-inline-form" onSubmit={(event) => void submit(event)}>
      <label className="pd-visually-hidden" htmlFor={id}>
        {say.email}
      </label>
      <input
        id={id}
        className="pd-input"
        type="email"
        required
        maxLength={254}
        autoComplete="off"
        placeholder={say.email}
        aria-invalid={failure !== null || undefined}
        aria-describedby={failure ? `${id}-error` : undefined}
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
      <Button type="submit" variant="primary" busy={inviting} data-testid="seat-invite">
        {say.invite}
      </Button>
      {failure && (
        <p className="pd-text-danger" role="alert" id={`${id}-error`}>
          {failure}
        </p>
      )}
    </form>
  );
}

function MemberRow({
  member,
  mayRemove,
  mayChange,
}: {
  member: SeatMember;
  mayRemove: boolean;
  mayChange: boolean;
}) {
  const { locale, words } = usePaydesk();
  const say = words.seats;
  const { remove, changeRole, changing } = useSeats();
  const toast = useToast();
  const [asking, setAsking] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const name = member.email ?? say.someone;

  async function confirmRemoval() {
    setFailure(null);
    try {
      await remove(member.id);
      setAsking(false);
    } catch (error) {
      setFailure(messageOf(error, words));
    }
  }
  async function toggleRole() {
    try {
      await changeRole({ id: member.id, role: member.role === 'admin' ? 'member' : 'admin' });
    } catch (error) {
      toast({ tone: 'danger', title: say.notChanged, text: messageOf(error, words) });
    }
  }
  return (
    <li className="pd-row" data-testid="seat-member">
      <div className="pd-row-main">
        <p className="pd-row-title">{name}</p>
        <p className="pd-row-text">
          {say.role[member.role]}
          {member.status === 'invited' &&
            member.expires_at &&
            ` · ${say.until(formatDate(member.expires_at, locale))}`}
        </p>
      </div>
      <div className="pd-row-side">
        {member.status !== 'active' && (
          <Badge tone={member.status === 'invited' ? 'info' : 'neutral'}>
            {say.status[member.status]}
          </Badge>
        )}
        {mayChange && member.status === 'active' && (
          <Button size="small" variant="ghost" busy={changing} onClick={() => void toggleRole()}>
            {member.role === 'admin' ? say.makeMember : say.makeAdmin}
          </Button>
        )}
        {mayRemove && (
          <Button size="small" variant="ghost" onClick={() => setAsking(true)}>
            {say.remove}
          </Button>
        )}
      </div>
      {asking && (
        <ConfirmDialog
          title={say.removeTitle(name)}
          confirmLabel={say.remove}
          cancelLabel={words.common.back}
          confirmTestId="confirm-remove-seat"
          danger
          busy={changing}
          error={failure}
          onConfirm={() => void confirmRemoval()}
          onClose={() => setAsking(false)}
        >
          {say.removeText}
        </ConfirmDialog>
      )}
    </li>
  );
}
