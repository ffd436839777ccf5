import type { Paydesk } from '@paydesk/client';
import { keys, usePages } from '@paydesk/react';
import { useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';

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
