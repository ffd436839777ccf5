import type { CreditBucket, Credits } from '@paydesk/client';
import type { ReactNode } from 'react';

import { usePaydesk, useWords } from '../context';
import { formatCount, formatDate } from '../format';
import { useCredits } from '../hooks/reads';
import { AppLink } from '../ui/AppLink';
import { Card, LoadError, Notice, Skeleton } from '../ui/basics';

/** Below a tenth of what was granted the card says that it runs low. */
const low_share = 0.1;

/** What can be spent now, and from which grants. `action`: instead of the link to buy more; null for none. */
export function CreditBalance({ action }: { action?: ReactNode }) {
  const { credits, loading, error, refetch } = useCredits();
  const { links, words } = usePaydesk();
  const say = words.credits;
  return (
    <Card title={say.title} busy={loading}>
      {loading ? (
        <Skeleton lines={3} label={say.loading} />
      ) : credits === null ? (
        <LoadError what={say.what} error={error} onRetry={refetch} />
      ) : (
        <>
          <Balance credits={credits} />
          {action !== null && (
            <div className="pd-card-actions">
              {action ?? (
                <AppLink
                  href={links.pricing}
                  className="pd-button pd-button-secondary pd-button-normal"
                >
                  {say.topUp}
                </AppLink>
              )}
            </div>
          )}
        </>
      )}
    </Card>
  );
}

function Balance({ credits }: { credits: Credits }) {
  const { locale, words } = usePaydesk();
  const say = words.credits;
  const granted = credits.buckets.reduce((sum, bucket) => sum + bucket.amount, 0);
  const low = credits.balance > 0 && credits.balance < granted * low_share;
  const next = credits.next_expiry;
  return (
    <>
      <p className="pd-balance">
        <span className="pd-balance-count" data-testid="credit-balance">
          {formatCount(credits.balance, locale)}
        </span>{' '}
        <span className="pd-muted">{say.left}</span>
      </p>
      {credits.held > 0 && (
        <p className="pd-muted">{say.held(formatCount(credits.held, locale))}</p>
      )}
      {next && (
        <p className="pd-muted">
          {say.expireNext(formatCount(next.amount, locale), formatDate(next.at, locale))}
        </p>
      )}
      {credits.balance === 0 && (
        <Notice tone="warning" title={say.none}>
          {say.noneText}
        </Notice>
      )}
      {low && <p className="pd-line pd-tone-warning">{say.low}.</p>}
      {credits.buckets.length > 0 && (
        <ul className="pd-rows pd-buckets">
          {credits.buckets.map((bucket) => (
            <BucketRow key={bucket.id} bucket={bucket} />
          ))}
        </ul>
      )}
    </>
  );
}

function BucketRow({ bucket }: { bucket: CreditBucket }) {
  const { locale } = usePaydesk();
  const say = useWords().credits;
  const left = formatCount(bucket.remaining, locale);
  const label = say.ofAmount(left, formatCount(bucket.amount, locale));
  return (
    <li className="pd-row" data-testid="credit-bucket">
      <div className="pd-row-main">
        <p className="pd-row-title">{bucket.description || say.kind[bucket.kind] || bucket.kind}</p>
        <p className="pd-row-text">
          {bucket.expires_at === null
            ? say.never
            : say.expires(formatDate(bucket.expires_at, locale))}
        </p>
        <progress
          className="pd-meter"
          max={Math.max(1, bucket.amount)}
          value={bucket.remaining}
          aria-label={label}
        />
      </div>
      <div className="pd-row-side">
        <span className="pd-amount">{label}</span>
      </div>
    </li>
  );
}
