// The plain reads: one hook per list of the API.

import type {
  CreditEntry,
  CreditEntryList,
  Invoice,
  InvoiceList,
  Notification,
  NotificationList,
  Paydesk,
  PaydeskError,
  Payment,
  PaymentList,
} from '@paydesk/client';
import {
  useInfiniteQuery,
  useMutation,
  useQueryClient,
  type InfiniteData,
} from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';

import { usePaydesk } from '../context';
import { keys, recoveryInterval, useApiQuery } from '../query';

export function useSession() {
  const { client, signedIn } = usePaydesk();
  const query = useApiQuery(keys.session, (options) => client.getSession(options), {
    staleTime: 300_000,
  });
  return { ...query, user: query.data?.user ?? null, signedIn };
}

export function useConfig() {
  const { client } = usePaydesk();
  const query = useApiQuery(keys.config, (options) => client.getConfig(options), {
    isPublic: true,
    staleTime: 300_000,
  });
  return { ...query, config: query.data ?? null };
}

/** The catalogue, cheapest first. Public. */
export function usePlans() {
  const { client } = usePaydesk();
  const query = useApiQuery(keys.plans, (options) => client.getPlans(options), {
    isPublic: true,
    staleTime: 60_000,
  });
  return { ...query, plans: query.data?.plans ?? [], topUps: query.data?.top_ups ?? [] };
}

export function usePaymentMethods() {
  const { client } = usePaydesk();
  const query = useApiQuery(keys.payment_methods, (options) => client.getPaymentMethods(options));
  const paymentMethods = query.data?.payment_methods ?? [];
  const defaultMethod =
    paymentMethods.find((method) => method.is_default) ?? paymentMethods[0] ?? null;
  return { ...query, paymentMethods, defaultMethod };
}

const page_size = 10;

/** A list in pages, newest first, the next page asked for by the last row's id. */
export function usePages<
  P extends { has_more: boolean },
  T extends { id: Id },
  Id extends string | number = string,
>(
  key: readonly string[],
  read: (
    client: Paydesk,
    page: { limit: number; starting_after?: Id },
    signal: AbortSignal,
  ) => Promise<P>,
  rowsOf: (page: P) => T[],
) {
  const { client, signedIn } = usePaydesk();
  const query = useInfiniteQuery<P, PaydeskError, InfiniteData<P>, readonly string[], Id | null>({
    queryKey: key,
    queryFn: ({ pageParam, signal }) =>
      read(
        client,
        pageParam === null
          ? { limit: page_size }
          : { limit: page_size, starting_after: pageParam as Id },
        signal,
      ),
    initialPageParam: null,
    getNextPageParam: (page) => (page.has_more ? (rowsOf(page).at(-1)?.id ?? null) : null),
    enabled: signedIn,
    refetchInterval: recoveryInterval,
  });
  const { fetchNextPage, refetch } = query;
  return {
    pages: query.data?.pages,
    rows: query.data?.pages.flatMap(rowsOf) ?? [],
    loading: signedIn && query.isPending,
    error: query.error,
    refetch: useCallback(() => void refetch(), [refetch]),
    hasMore: query.hasNextPage,
    loadMore: useCallback(() => void fetchNextPage(), [fetchNextPage]),
    loadingMore: query.isFetchingNextPage,
  };
}

export function useInvoices() {
  const {
    rows,
    pages: _,
    ...list
  } = usePages<InvoiceList, Invoice>(
    keys.invoices,
    (client, page, signal) => client.getInvoices(page, { signal }),
    (page) => page.invoices,
  );
  return { ...list, invoices: rows };
}

export function usePayments() {
  const {
    rows,
    pages: _,
    ...list
  } = usePages<PaymentList, Payment>(
    keys.payments,
    (client, page, signal) => client.getPayments(page, { signal }),
    (page) => page.payments,
  );
  return { ...list, payments: rows };
}

/** What the user may do now. `can('API access')` is true where the plan lists that feature. */
export function useEntitlements() {
  const { client } = usePaydesk();
  const query = useApiQuery(keys.entitlements, (options) => client.getEntitlements(options));
  const entitlements = query.data?.entitlements ?? null;
  return {
    ...query,
    entitlements,
    can: useCallback(
      (feature: string) => entitlements?.features.includes(feature) ?? false,
      [entitlements],
    ),
  };
}

/** The balance and its buckets, in the order in which they burn. */
export function useCredits() {
  const { client } = usePaydesk();
  const query = useApiQuery(keys.credits, (options) => client.getCredits(options));
  return { ...query, credits: query.data ?? null };
}

/** The statement, newest first. */
export function useCreditEntries() {
  const {
    rows,
    pages: _,
    ...list
  } = usePages<CreditEntryList, CreditEntry, number>(
    keys.credit_entries,
    (client, page, signal) => client.getCreditEntries(page, { signal }),
    (page) => page.entries,
  );
  return { ...list, entries: rows };
}

/** The user's notifications; new ones come by the live stream. */
export function useNotifications() {
  const { client } = usePaydesk();
  const queries = useQueryClient();
  const { rows, pages, ...list } = usePages<NotificationList, Notification>(
    keys.notifications,
    (client, page, signal) => client.getNotifications(page, { signal }),
    (page) => page.notifications,
  );
  type Pages = InfiniteData<Awaited<ReturnType<Paydesk['getNotifications']>>>;

  // Shown as read at once, and put right by the server's own list after.
  const mark = useMutation({
    mutationFn: (ids: string[] | 'all') =>
      client.markNotifications(ids === 'all' ? { all: true, read: true } : { ids, read: true }),
    onMutate: async (ids) => {
      await queries.cancelQueries({ queryKey: keys.notifications });
      queries.setQueryData<Pages>(keys.notifications, (data) => {
        if (!data) return data;
        const marked = (row: Notification) => !row.read && (ids === 'all' || ids.includes(row.id));
        const count = data.pages.flatMap((page) => page.notifications).filter(marked).length;
        return {
          ...data,
          pages: data.pages.map((page) => ({
            ...page,
            unread_count: ids === 'all' ? 0 : Math.max(0, page.unread_count - count),
            notifications: page.notifications.map((row) =>
              marked(row) ? { ...row, read: true } : row,
            ),
          })),
        };
      });
    },
    onSettled: () => queries.invalidateQueries({ queryKey: keys.notifications }),
  });
  const { mutate } = mark;

  return {
    ...list,
    notifications: useMemo(() => uniqueById(rows), [rows]),
    unreadCount: pages?.[0]?.unread_count ?? 0,
    markRead: useCallback((id: string) => mutate([id]), [mutate]),
    markAllRead: useCallback(() => mutate('all'), [mutate]),
    markError: mark.error,
  };
}

/** A row that arrives while pages are read can be on two of them. */
function uniqueById<T extends { id: string }>(rows: T[]): T[] {
  return [...new Map(rows.map((row) => [row.id, row])).values()];
}
