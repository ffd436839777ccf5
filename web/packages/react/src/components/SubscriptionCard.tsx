import type { Subscription } from '@paydesk/client';
import { useState } from 'react';

import { usePaydesk } from '../context';
import {
  describeSubscription,
  endsAt,
  planInSentence,
  planName,
  type NextStep,
} from '../describeSubscription';
import { formatDate } from '../format';
import { AppLink } from '../ui/AppLink';
import { Badge, Button, Card, EmptyState, Notice, messageOf } from '../ui/basics';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { SparkIcon } from '../ui/icons';
import { useToast } from '../ui/Toasts';

export interface SubscriptionCardProps {
  /** null: the user is on the free plan. */
  subscription: Subscription | null;
  /** true schedules the end, false resumes. While its promise runs the buttons are busy. */
  onCancel: (cancelAtPeriodEnd: boolean) => unknown;
  /** Opens the provider's portal; without it the card offers no such step. */
  onManage?: ((flow: 'home' | 'payment_method_update') => void) | undefined;
  managing?: boolean;
}

/** The plan, its state in words, and what can be done about it. */
export function SubscriptionCard({
  subscription,
  onCancel,
  onManage,
  managing = false,
}: SubscriptionCardProps) {
  const { locale, links } = usePaydesk();
  const toast = useToast();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  if (subscription === null) {
    return (
      <Card
        title="Your plan"
        aside={
          <Badge tone="neutral" testId="subscription-status">
            Free
          </Badge>
        }
      >
        <EmptyState
          icon={<SparkIcon />}
          title="You are on the free plan"
          action={
            <AppLink href={links.pricing} className="pd-button pd-button-primary pd-button-normal">
              See plans
            </AppLink>
          }
        >
          Choose a plan when you need more. You can cancel it at any time.
        </EmptyState>
      </Card>
    );
  }

  const words = describeSubscription(subscription, locale);
  const name = planInSentence(subscription);
  const title = planName(subscription);
  const end = endsAt(subscription);

  async function change(cancelAtPeriodEnd: boolean) {
    setBusy(true);
    setFailure(null);
    try {
      await onCancel(cancelAtPeriodEnd);
      setAsking(false);
      toast(
        cancelAtPeriodEnd
          ? {
              about: 'cancellation',
              tone: 'info',
              title: 'Cancellation scheduled',
              text: `You keep ${name} until ${end ? formatDate(end, locale) : 'the period ends'}.`,
            }
          : {
              about: 'cancellation',
              tone: 'success',
              title: 'Subscription resumed',
              text: `${title} continues as before.`,
            },
      );
    } catch (error) {
      if (cancelAtPeriodEnd) setFailure(messageOf(error));
      else toast({ tone: 'danger', title: 'Your plan was not resumed', text: messageOf(error) });
    } finally {
      setBusy(false);
    }
  }

  function stepButton(step: NextStep) {
    switch (step) {
      case 'update_card':
        return (
          onManage && (
            <Button size="small" busy={managing} onClick={() => onManage('payment_method_update')}>
              Update card
            </Button>
          )
        );
      case 'open_portal':
        return (
          onManage && (
            <Button size="small" busy={managing} onClick={() => onManage('home')}>
              Open billing portal
            </Button>
          )
        );
      case 'choose_plan':
        return (
          <AppLink href={links.pricing} className="pd-button pd-button-primary pd-button-small">
            See plans
          </AppLink>
        );
      case 'resume':
        return (
          <Button
            size="small"
            variant="primary"
            busy={busy}
            data-testid="subscription-resume"
            onClick={() => void change(false)}
          >
            Keep {name}
          </Button>
        );
    }
  }

  return (
    <Card
      title="Your plan"
      aside={
        <Badge tone={words.badge.tone} testId="subscription-status">
          {words.badge.label}
        </Badge>
      }
    >
      <div className="pd-plan">
        <p className="pd-plan-name" data-testid="subscription-plan">
          {title}
        </p>
        {words.price && <p className="pd-plan-price">{words.price}</p>}
      </div>
      {words.notice && (
        <Notice
          tone={words.notice.tone}
          title={words.notice.title}
          action={words.notice.step && stepButton(words.notice.step)}
        >
          {words.notice.text}
        </Notice>
      )}
      <dl className="pd-facts">
        {words.date && (
          <div>
            <dt>{words.date.label}</dt>
            <dd>
              <time dateTime={words.date.instant}>{formatDate(words.date.instant, locale)}</time>
            </dd>
          </div>
        )}
        {subscription.plan_type && (
          <div>
            <dt>Billed</dt>
            <dd>
              {{ yearly: 'Yearly', monthly: 'Monthly', one_time: 'Once' }[subscription.plan_type]}
            </dd>
          </div>
        )}
        {(subscription.quantity ?? 1) > 1 && (
          <div>
            <dt>Quantity</dt>
            <dd>{subscription.quantity}</dd>
          </div>
        )}
      </dl>
      {(words.can_cancel || onManage) && (
        <div className="pd-card-actions">
          {onManage && (
            <Button busy={managing} onClick={() => onManage('home')}>
              Billing portal
            </Button>
          )}
          {words.can_cancel && (
            <Button
              variant="ghost"
              data-testid="subscription-cancel"
              onClick={() => (setFailure(null), setAsking(true))}
            >
              Cancel plan
            </Button>
          )}
        </div>
      )}
      {asking && (
        <ConfirmDialog
          title={`Cancel ${name}?`}
          confirmLabel="Cancel at period end"
          cancelLabel={`Keep ${name}`}
          confirmTestId="confirm-cancel"
          danger
          busy={busy}
          error={failure}
          onConfirm={() => void change(true)}
          onClose={() => setAsking(false)}
        >
          <ul className="pd-checks">
            {words.cancel_consequences.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </ConfirmDialog>
      )}
    </Card>
  );
}
