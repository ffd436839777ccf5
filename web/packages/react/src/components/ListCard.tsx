import type { PaydeskError } from '@paydesk/client';
import type { ReactNode } from 'react';

import { useWords } from '../context';
import { Button, Card, EmptyState, LoadError, Skeleton } from '../ui/basics';

export interface ListCardProps<Row> {
  title: string;
  /** What could not be loaded, when it could not. */
  what: string;
  /** For screen readers while it loads. */
  loadingLabel?: string;
  lines?: number;
  icon?: ReactNode;
  emptyTitle: string;
  emptyText: string;
  /** The words of the button for the next page. */
  showOlder?: string;
  aside?: ReactNode;
  /** What usePages gives. */
  list: {
    rows: Row[];
    loading: boolean;
    error: PaydeskError | null;
    refetch: () => void;
    hasMore: boolean;
    loadMore: () => void;
    loadingMore: boolean;
  };
  children: (row: Row) => ReactNode;
}

/** A list page by page, and what stands in its place: coming, failed, nothing yet. */
export function ListCard<Row>(props: ListCardProps<Row>) {
  const words = useWords();
  const { rows, loading, error, refetch, hasMore, loadMore, loadingMore } = props.list;
  return (
    <Card title={props.title} aside={props.aside} busy={loading}>
      {loading ? (
        <Skeleton
          lines={props.lines ?? 4}
          {...(props.loadingLabel !== undefined && { label: props.loadingLabel })}
        />
      ) : error && rows.length === 0 ? (
        <LoadError what={props.what} error={error} onRetry={refetch} />
      ) : rows.length === 0 ? (
        <EmptyState icon={props.icon} title={props.emptyTitle}>
          {props.emptyText}
        </EmptyState>
      ) : (
        <>
          <ul className="pd-rows">{rows.map(props.children)}</ul>
          {hasMore && (
            <div className="pd-card-actions">
              <Button busy={loadingMore} onClick={loadMore}>
                {props.showOlder ?? words.common.showOlder}
              </Button>
            </div>
          )}
        </>
      )}
    </Card>
  );
}
