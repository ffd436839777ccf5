import type { CreditEntry } from '@paydesk/client';

import { usePaydesk, useWords } from '../context';
import { formatChange, formatCount, formatDateTime } from '../format';
import { useCreditEntries } from '../hooks/reads';
import { creditRows, useDownload } from '../hooks/useDownload';
import { Button, Card, EmptyState, LoadError, Skeleton } from '../ui/basics';
import { SparkIcon } from '../ui/icons';

/** Every credit that came or went, newest first, with the balance after it: needs no props. */
export function CreditHistory() {
  const { entries, loading, error, refetch, hasMore, loadMore, loadingMore } = useCreditEntries();
  const words = useWords();
  const say = words.credits;
  const { busy, csv } = useDownload();
  const nothing = entries.length === 0;
  return (
    <Card
      title={say.history}
      busy={loading}
      aside={
        !nothing && (
          <Button
            size="small"
            variant="ghost"
            busy={busy === 'csv'}
            onClick={() => void csv('credits', say.columns, creditRows)}
          >
            {words.common.downloadCsv}
          </Button>
        )
      }
    >
      {loading ? (
        <Skeleton lines={5} label={say.loading} />
      ) : error && nothing ? (
        <LoadError what={say.whatHistory} error={error} onRetry={refetch} />
      ) : nothing ? (
        <EmptyState icon={<SparkIcon />} title={say.emptyTitle}>
          {say.emptyText}
        </EmptyState>
      ) : (
        <>
          <ul className="pd-rows">
            {entries.map((entry) => (
              <EntryRow key={entry.id} entry={entry} />
            ))}
          </ul>
          {hasMore && (
            <div className="pd-card-actions">
              <Button busy={loadingMore} onClick={loadMore}>
                {words.common.showOlder}
              </Button>
            </div>
          )}
        </>
      )}
    </Card>
  );
}

function EntryRow({ entry }: { entry: CreditEntry }) {
  const { locale, words } = usePaydesk();
  const say = words.credits;
  return (
    <li className="pd-row" data-testid="credit-entry" data-kind={entry.kind}>
      <div className="pd-row-main">
        <p className="pd-row-title">{entry.description}</p>
        <p className="pd-row-text">
          {say.entry[entry.kind] ?? entry.kind}
          {' · '}
          <time dateTime={entry.created_at}>{formatDateTime(entry.created_at, locale)}</time>
        </p>
      </div>
      <div className="pd-row-side pd-row-side-stacked">
        <span className={`pd-amount ${entry.amount > 0 ? 'pd-text-success' : ''}`}>
          {formatChange(entry.amount, locale)}
        </span>
        <span className="pd-row-text">{say.balanceAfter(formatCount(entry.balance, locale))}</span>
      </div>
    </li>
  );
}
