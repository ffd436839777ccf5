// How every read behaves: kept in the cache by a name that the live stream knows, and tried again by
// itself after a failure that can pass.

import { PaydeskError } from '@paydesk/client';
import { useQuery, useQueryClient, type Query } from '@tanstack/react-query';
import { useCallback, useSyncExternalStore } from 'react';

import { usePaydesk } from './context';

const root = 'paydesk';

/** The cache's names. */
export const keys = {
  all: [root] as const,
  config: [root, 'config'] as const,
  session: [root, 'session'] as const,
  plans: [root, 'plans'] as const,
  subscription: [root, 'subscription'] as const,
  invoices: [root, 'invoices'] as const,
  payments: [root, 'payments'] as const,
  payment_methods: [root, 'payment_methods'] as const,
  entitlements: [root, 'entitlements'] as const,
  credits: [root, 'credits'] as const,
  credit_entries: [root, 'credits', 'entries'] as const,
  usage: [root, 'usage'] as const,
  seats: [root, 'seats'] as const,
  notifications: [root, 'notifications'] as const,
  checkouts: [root, 'checkouts'] as const,
  checkout: (session_id: string) => [root, 'checkouts', session_id] as const,
};

/** What belongs to the signed-in user and changes by what providers tell. */
export const account_keys = [
  keys.subscription,
  keys.invoices,
  keys.payments,
  keys.payment_methods,
  keys.entitlements,
  keys.credits,
  keys.usage,
  keys.seats,
  keys.notifications,
  keys.checkouts,
] as const;

const recovery_ms = 5_000;
const recovery_ms_max = 60_000;

/** For `refetchInterval`: after a transient failure again in a while, else not. */
export function recoveryInterval(query: Query<any, any, any, any>): number | false {
  const error: unknown = query.state.error;
  if (!(error instanceof PaydeskError) || !error.transient) return false;
  return Math.min(recovery_ms_max, Math.max(recovery_ms, (error.retryAfterSeconds ?? 0) * 1000));
}

export interface ApiQuery<T> {
  data: T | undefined;
  loading: boolean;
  /** Set also while older data is still shown. */
  error: PaydeskError | null;
  refetch: () => void;
}

export function useApiQuery<T>(
  key: readonly unknown[],
  read: (options: { signal: AbortSignal }) => Promise<T>,
  options: { isPublic?: boolean; staleTime?: number } = {},
): ApiQuery<T> {
  const { signedIn } = usePaydesk();
  const enabled = options.isPublic === true || signedIn;
  const query = useQuery<T, PaydeskError>({
    queryKey: key,
    queryFn: ({ signal }) => read({ signal }),
    enabled,
    refetchInterval: recoveryInterval,
    ...(options.staleTime !== undefined && { staleTime: options.staleTime }),
  });
  const { refetch } = query;
  return {
    data: query.data,
    loading: enabled && query.isPending,
    error: query.error,
    refetch: useCallback(() => void refetch(), [refetch]),
  };
}

export type Connection = 'ok' | 'unreachable' | 'rate_limited' | 'failing';

/** How the service answers at the moment, judged by everything that the page shows. */
export function useConnection(): Connection {
  const queries = useQueryClient();
  const cache = queries.getQueryCache();
  return useSyncExternalStore(
    useCallback((changed) => cache.subscribe(changed), [cache]),
    () => {
      for (const query of cache.findAll({ queryKey: keys.all, type: 'active' })) {
        const error: unknown = query.state.error;
        if (!(error instanceof PaydeskError) || !error.transient) continue;
        if (error.status === 0) return 'unreachable';
        return error.status === 429 ? 'rate_limited' : 'failing';
      }
      return 'ok';
    },
    () => 'ok' as const,
  );
}
