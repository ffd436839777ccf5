import { formatMoney, type Usage, type UsageOfMetric } from '@paydesk/client';

import { usePaydesk } from '../context';
import type { Tone } from '../describeSubscription';
import { formatPeriod, formatQuantity } from '../format';
import { useUsage } from '../hooks/useUsage';
import { Card, EmptyState, LoadError, Skeleton } from '../ui/basics';
import { SparkIcon } from '../ui/icons';

export interface UsageDisplayProps {
  /** Only for this subscription, ours or the provider's id. Default: whatever counts now. */
  subscriptionId?: string | null;
}

/** How much of each limit is used in the billing period, and what it comes to. */
export function UsageDisplay({ subscriptionId }: UsageDisplayProps) {
  const { words } = usePaydesk();
  const say = words.usage;
  const { usage, loading, error, available, refetch } = useUsage();
  if (!available) return null;
  // An app that names another subscription than the one that counts must not see the wrong numbers.
  const other =
    subscriptionId?.includes('-') === true &&
    usage !== null &&
    usage.subscription_id !== subscriptionId;
  return (
    <Card title={say.title} busy={loading}>
      {loading ? (
        <Skeleton lines={4} label={say.loading} />
      ) : usage === null ? (
        <LoadError what={say.what} error={error} onRetry={refetch} />
      ) : usage.usage.length === 0 || other ? (
        <EmptyState icon={<SparkIcon />} title={say.emptyTitle}>
          {say.emptyText}
        </EmptyState>
      ) : (
        <Metrics usage={usage} />
      )}
    </Card>
  );
}

function Metrics({ usage }: { usage: Usage }) {
  const { locale, words } = usePaydesk();
  const say = words.usage;
  const money = (amount: number) => formatMoney(amount, usage.currency, { locale });
  return (
    <>
      <p className="pd-muted">
        {formatPeriod(usage.billing_period_start, usage.billing_period_end, locale)}
      </p>
      <ul className="pd-rows pd-buckets">
        {usage.usage.map((metric) => (
          <MetricRow key={metric.metric_name} metric={metric} currency={usage.currency} />
        ))}
      </ul>
      {usage.estimated_amount !== null && (
        <dl className="pd-facts">
          <div>
            <dt>{say.soFar}</dt>
            <dd data-testid="usage-estimate">{money(usage.estimated_amount)}</dd>
          </div>
          {usage.forecast_amount !== null && (
            <div>
              <dt>{say.forecast}</dt>
              <dd>{money(usage.forecast_amount)}</dd>
            </div>
          )}
        </dl>
      )}
    </>
  );
}

/** From four fifths on a limit is near; a soft one costs rather than stops. */
export function usageTone(metric: Pick<UsageOfMetric, 'used' | 'limit' | 'limit_kind'>): Tone {
  if (metric.limit < 0) return 'neutral';
  if (metric.used >= metric.limit) return metric.limit_kind === 'hard' ? 'danger' : 'warning';
  return metric.used >= metric.limit * 0.8 ? 'warning' : 'neutral';
}

function MetricRow({ metric, currency }: { metric: UsageOfMetric; currency: string }) {
  const { locale, words } = usePaydesk();
  const say = words.usage;
  const used = formatQuantity(metric.used, locale);
  const unlimited = metric.limit < 0;
  const label = unlimited
    ? say.unlimited(used)
    : say.ofLimit(used, formatQuantity(metric.limit, locale));
  const tone = usageTone(metric);
  return (
    <li className="pd-row" data-testid="usage-metric" data-tone={tone}>
      <div className="pd-row-main">
        <p className="pd-row-title">{metric.name}</p>
        {!unlimited && (
          <progress
            className={`pd-meter pd-meter-${tone}`}
            max={Math.max(1, metric.limit)}
            value={Math.min(metric.used, Math.max(1, metric.limit))}
            aria-label={`${metric.name}: ${label}`}
          />
        )}
        {tone === 'danger' && <p className="pd-row-text pd-text-danger">{say.reached}</p>}
        {tone === 'warning' && (
          <p className="pd-row-text">{metric.used >= metric.limit ? say.over : say.near}</p>
        )}
      </div>
      <div className="pd-row-side pd-row-side-stacked">
        <span className="pd-amount">{label}</span>
        {metric.estimated_amount !== null && metric.estimated_amount > 0 && (
          <span className="pd-row-text">
            {formatMoney(metric.estimated_amount, currency, { locale })}
          </span>
        )}
      </div>
    </li>
  );
}
