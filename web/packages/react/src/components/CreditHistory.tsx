import type { CreditEntry } from '@paydesk/client';

import { usePaydesk, useWords } from '../context';
import { formatChange, formatCount, formatDateTime } from '../format';
import { useCreditEntries } from '../hooks/reads';
import { creditRows } from '../hooks/useDownload';
import { SparkIcon } from '../ui/icons';
import { CsvButton } from './CsvButton';
import { ListCard } from './ListCard';

/** Every credit that came or went, newest first, with the balance after it: needs no props. */
export function CreditHistory() {
  const { entries, ...list } = useCreditEntries();
  const say = useWords().credits;
  return (
    <ListCard
      title={say.history}
      what={say.whatHistory}
      loadingLabel={say.loading}
      lines={5}
      icon={<SparkIcon />}
      emptyTitle={say.emptyTitle}
      emptyText={say.emptyText}
      aside={
        entries.length > 0 && <CsvButton name="credits" columns={say.columns} read={creditRows} />
      }
      list={{ rows: entries, ...list }}
    >
      {(entry) => <EntryRow key={entry.id} entry={entry} />}
    </ListCard>
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
