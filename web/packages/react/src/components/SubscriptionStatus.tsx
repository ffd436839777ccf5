import { usePaydesk } from '../context';
import { describeSubscription, planName } from '../describeSubscription';
import { formatDate } from '../format';
import { useSubscription } from '../hooks/useSubscription';
import { AppLink } from '../ui/AppLink';
import { Badge, Button, Card, EmptyState, LoadError, Skeleton } from '../ui/basics';
import { SparkIcon } from '../ui/icons';

/** The subscription in brief, for any page of the app: needs no props. */
export function SubscriptionStatus() {
  const { locale, links } = usePaydesk();
  const { subscription, loading, error, refetch, openCustomerPortal, openingPortal } =
    useSubscription();

  if (subscription === null) {
    return (
      <Card title="Subscription" busy={loading}>
        {loading ? (
          <Skeleton lines={3} label="Loading your subscription" />
        ) : error ? (
          <LoadError what="Your subscription" error={error} onRetry={refetch} />
        ) : (
          <EmptyState
            icon={<SparkIcon />}
            title="You don't have a subscription"
            action={
              <AppLink
                href={links.pricing}
                className="pd-button pd-button-primary pd-button-normal"
              >
                View plans
              </AppLink>
            }
          >
            Everything in the free plan is yours. Upgrade when you need more.
          </EmptyState>
        )}
      </Card>
    );
  }

  const words = describeSubscription(subscription, locale);
  const ended = subscription.status === 'canceled' || subscription.status === 'incomplete_expired';
  return (
    <Card
      title="Subscription"
      aside={
        <Badge tone={words.badge.tone} testId="subscription-status">
          {words.badge.label}
        </Badge>
      }
    >
      <div className="pd-plan">
        <p className="pd-plan-name" data-testid="subscription-plan">
          {planName(subscription)}
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
            View plans
          </AppLink>
        ) : (
          <AppLink href={links.billing} className="pd-button pd-button-primary pd-button-normal">
            Manage plan
          </AppLink>
        )}
        <Button busy={openingPortal} onClick={() => openCustomerPortal()}>
          Billing portal
        </Button>
      </div>
    </Card>
  );
}
