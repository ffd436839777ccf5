import { usePaydesk } from '../context';
import { describeSubscription, planName } from '../describeSubscription';
import { formatDate } from '../format';
import { useSubscription } from '../hooks/useSubscription';
import { AppLink } from '../ui/AppLink';
import { Badge, Button, Card, EmptyState, LoadError, Skeleton } from '../ui/basics';
import { SparkIcon } from '../ui/icons';

/** The subscription in brief, for any page of the app: needs no props. */
export function SubscriptionStatus() {
  const { locale, links, words: all } = usePaydesk();
  const say = all.plan;
  const { subscription, loading, error, refetch, openCustomerPortal, openingPortal } =
    useSubscription();

  if (subscription === null) {
    return (
      <Card title={say.subscription} busy={loading}>
        {loading ? (
          <Skeleton lines={3} label={say.loadingSubscription} />
        ) : error ? (
          <LoadError what={say.whatSubscription} error={error} onRetry={refetch} />
        ) : (
          <EmptyState
            icon={<SparkIcon />}
            title={say.noneTitle}
            action={
              <AppLink
                href={links.pricing}
                className="pd-button pd-button-primary pd-button-normal"
              >
                {all.common.viewPlans}
              </AppLink>
            }
          >
            {say.noneText}
          </EmptyState>
        )}
      </Card>
    );
  }

  const words = describeSubscription(subscription, locale, all);
  const ended = subscription.status === 'canceled' || subscription.status === 'incomplete_expired';
  return (
    <Card
      title={say.subscription}
      aside={
        <Badge tone={words.badge.tone} testId="subscription-status">
          {words.badge.label}
        </Badge>
      }
    >
      <div className="pd-plan">
        <p className="pd-plan-name" data-testid="subscription-plan">
          {planName(subscription, all)}
        </p>
        {words.price && <p className="pd-plan-price">{words.price}</p>}
      </div>
      {words.date && (
        <p className="pd-muted">
          {words.date.label}{' '}
          <time dateTime={words.date.instant}>{formatDate(words.date.instant, locale)}</time>
        </p>
      )}
      {words.notice && (
        <p className={`pd-line pd-tone-${words.notice.tone}`}>{words.notice.title}.</p>
      )}
      <div className="pd-card-actions">
        {ended ? (
          <AppLink href={links.pricing} className="pd-button pd-button-primary pd-button-normal">
            {all.common.viewPlans}
          </AppLink>
        ) : (
          <AppLink href={links.billing} className="pd-button pd-button-primary pd-button-normal">
            {say.manage}
          </AppLink>
        )}
        <Button busy={openingPortal} onClick={() => openCustomerPortal()}>
          {all.common.billingPortal}
        </Button>
      </div>
    </Card>
  );
}
