import type { Paydesk, PaydeskError } from '@paydesk/client';
import {
  Button,
  Card,
  EmptyState,
  LoadError,
  Skeleton,
  keys,
  usePages,
  useWords,
} from '@paydesk/react';
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, type ReactNode } from 'react';

export interface AdminListProps<Row> {
  title: string;
  what: string;
  emptyTitle: string;
  emptyText: string;
  aside?: ReactNode;
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

const admin_key = [...keys.all, 'admin'] as const;

/** One of the admin's lists, page by page. `name` is its place in the cache. */
export function useAdminPages<P extends { has_more: boolean }, Row extends { id: string }>(
  name: string,
  read: (
    client: Paydesk,
    page: { limit: number; starting_after?: string },
    signal: AbortSignal,
  ) => Promise<P>,
  rowsOf: (page: P) => Row[],
) {
  return usePages<P, Row>([...admin_key, name], read, rowsOf);
}

/** After something was done: every list may have changed. */
export function useReadAgain(): () => void {
  const queries = useQueryClient();
  return useCallback(() => void queries.invalidateQueries({ queryKey: admin_key }), [queries]);
}

export function AdminList<Row extends { id: string }>(props: AdminListProps<Row>) {
  const words = useWords();
  const { rows, loading, error, refetch, hasMore, loadMore, loadingMore } = props.list;
  return (
    <Card title={props.title} aside={props.aside} busy={loading}>
      {loading ? (
        <Skeleton lines={4} />
      ) : error && rows.length === 0 ? (
        <LoadError what={props.what} error={error} onRetry={refetch} />
      ) : rows.length === 0 ? (
        <EmptyState title={props.emptyTitle}>{props.emptyText}</EmptyState>
      ) : (
        <>
          <ul className="pd-rows">{rows.map(props.children)}</ul>
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
