import { NotFoundError, PaydeskError, type CheckoutStatus } from '@paydesk/client';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { usePaydesk } from '../context';
import { account_keys, keys, recoveryInterval } from '../query';

const poll_ms = 1_000;
const poll_ms_max = 5_000;
const processing_poll_ms = 60_000;
/** After this long the page says that it takes longer than usual. */
export const slow_after_ms = 12_000;
/** A session may be missing for a moment: its row and the browser race each other home. */
const missing_grace_ms = 8_000;

export type CheckoutState =
  | { state: 'pending'; slow: boolean; problem: PaydeskError | null }
  | { state: 'complete'; checkout: CheckoutStatus }
  | {
      state: 'error';
      reason: 'no_session' | 'not_found' | 'expired' | 'refused' | 'not_paid';
      error: PaydeskError | null;
    };

/**
 * What became of a checkout. `complete` only when the server says so, which it does when the
 * provider's webhook was applied: that the browser came back proves nothing. Asks every second at
 * first, less often later, at once on any live event, and never stops by itself while pending.
 *
 * `payPalOrder`: an order that the buyer has just approved (PayPal's `token` in the address). It is captured first;
 * the webhook may do that too, whichever comes first.
 */
export function useCheckoutStatus(
  sessionId: string | null,
  payPalOrder: string | null = null,
): CheckoutState {
  const { client, signedIn } = usePaydesk();
  const queries = useQueryClient();
  const [started] = useState(() => Date.now());
  const [slow, setSlow] = useState(false);

  const query = useQuery<CheckoutStatus, PaydeskError>({
    queryKey: keys.checkout(sessionId ?? ''),
    queryFn: ({ signal }) => client.getCheckout(sessionId!, { signal }),
    enabled: sessionId !== null && signedIn,
    staleTime: 0,
    refetchInterval: (now) => {
      const waited = Date.now() - started;
      if (now.state.error) {
        if (now.state.error instanceof NotFoundError && waited < missing_grace_ms) return poll_ms;
        return recoveryInterval(now);
      }
      const status = now.state.data?.status;
      if (status === 'processing') return processing_poll_ms; // a bank's transfer: days
      if (status && status !== 'pending') return false;
      return Math.min(poll_ms_max, poll_ms + waited / 10);
    },
  });

  const capture = useQuery<unknown, PaydeskError>({
    queryKey: [...keys.all, 'capture', payPalOrder],
    queryFn: async ({ signal }) => {
      const order = await client.paypal.captureOrder(payPalOrder!, { signal });
      void queries.invalidateQueries({ queryKey: keys.checkout(sessionId ?? '') });
      return order;
    },
    enabled: payPalOrder !== null && signedIn,
    staleTime: Infinity,
    refetchInterval: recoveryInterval,
  });

  const complete = query.data?.status === 'complete';
  useEffect(() => {
    if (!complete) return;
    for (const queryKey of account_keys) {
      if (queryKey !== keys.checkouts) void queries.invalidateQueries({ queryKey });
    }
  }, [complete, queries]);

  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), slow_after_ms);
    return () => clearTimeout(timer);
  }, []);

  if (sessionId === null) return { state: 'error', reason: 'no_session', error: null };
  if (query.data?.status === 'complete') return { state: 'complete', checkout: query.data };
  if (query.data?.status === 'expired' || query.data?.status === 'failed')
    return { state: 'error', reason: 'expired', error: null };
  if (capture.error && !capture.error.transient && capture.error.status !== 401)
    return { state: 'error', reason: 'not_paid', error: capture.error };
  if (query.data?.status === 'processing') return { state: 'pending', slow: true, problem: null };
  const error = query.error;
  if (error instanceof NotFoundError) {
    if (Date.now() - started >= missing_grace_ms)
      return { state: 'error', reason: 'not_found', error };
  } else if (error && !error.transient && error.status !== 401) {
    return { state: 'error', reason: 'refused', error };
  }
  return { state: 'pending', slow, problem: error?.transient ? error : null };
}
