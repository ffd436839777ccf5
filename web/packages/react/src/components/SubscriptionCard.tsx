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
  /** Calls off a scheduled change of plan. */
  onKeepPlan?: (() => unknown) | undefined;
}

/** The plan, its state in words, and what can be done about it. */
export function SubscriptionCard({
  subscription,
  onCancel,
  onManage: manage,
  managing = false,
  onKeepPlan,
}: SubscriptionCardProps) {
  const { locale, links, words: all } = usePaydesk();
  // PayPal has no portal of ours to open.
  const onManage = subscription?.provider === 'paypal' ? undefined : manage;
  const say = all.plan;
  const toast = useToast();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  if (subscription === null) {
    return (
      <Card
        title={say.title}
        aside={
          <Badge tone="neutral" testId="subscription-status">
            {say.free}
          </Badge>
        }
      >
        <EmptyState
          icon={<SparkIcon />}
          title={say.freeTitle}
          action={
            <AppLink href={links.pricing} className="pd-button pd-button-primary pd-button-normal">
              {all.common.seePlans}
            </AppLink>
          }
        >
          {say.freeText}
        </EmptyState>
      </Card>
    );
  }

  const words = describeSubscription(subscription, locale, all);
  const name = planInSentence(subscription, all);
  const title = planName(subscription, all);
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
              title: all.cancel.scheduled,
              text: all.cancel.keepUntil(
                name,
                end ? formatDate(end, locale) : all.cancel.periodEnd,
              ),
            }
          : {
              about: 'cancellation',
              tone: 'success',
              title: all.cancel.resumed,
              text: all.cancel.continues(title),
            },
      );
    } catch (error) {
      if (cancelAtPeriodEnd) setFailure(messageOf(error, all));
      else toast({ tone: 'danger', title: all.cancel.notResumed, text: messageOf(error, all) });
    } finally {
      setBusy(false);
    }
  }

  async function keepPlan() {
    setBusy(true);
    try {
      await onKeepPlan?.();
      toast({ tone: 'success', title: say.changing.kept });
    } catch (error) {
      toast({ tone: 'danger', title: say.changing.notKept, text: messageOf(error, all) });
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
              {say.updateCard}
            </Button>
          )
        );
      case 'open_portal':
        return (
          onManage && (
            <Button size="small" busy={managing} onClick={() => onManage('home')}>
              {say.openPortal}
            </Button>
          )
        );
      case 'choose_plan':
        return (
          <AppLink href={links.pricing} className="pd-button pd-button-primary pd-button-small">
            {all.common.seePlans}
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
            {subscription?.status === 'paused' ? say.resume : say.keep(name)}
          </Button>
        );
      case 'keep_plan':
        return (
          onKeepPlan && (
            <Button
              size="small"
              busy={busy}
              data-testid="subscription-keep"
              onClick={() => void keepPlan()}
            >
              {say.changing.keep}
            </Button>
          )
        );
    }
  }

  return (
    <Card
      title={say.title}
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
            <dt>{say.billed}</dt>
            <dd>{say.cycle[subscription.plan_type]}</dd>
          </div>
        )}
        {(subscription.quantity ?? 1) > 1 && (
          <div>
            <dt>{say.quantity}</dt>
            <dd>{subscription.quantity}</dd>
          </div>
        )}
      </dl>
      {(words.can_cancel || onManage) && (
        <div className="pd-card-actions">
          {onManage && (
            <Button busy={managing} onClick={() => onManage('home')}>
              {all.common.billingPortal}
            </Button>
          )}
          {words.can_cancel && (
            <Button
              variant="ghost"
              data-testid="subscription-cancel"
              onClick={() => (setFailure(null), setAsking(true))}
            >
              {say.cancel}
            </Button>
          )}
        </div>
      )}
      {asking && (
        <ConfirmDialog
          title={all.cancel.title(name)}
          confirmLabel={all.cancel.confirm}
          cancelLabel={say.keep(name)}
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
