import type { CreatePortalRequest, Subscription } from '@paydesk/client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';

import { usePaydesk } from '../context';
import { keys, useApiQuery } from '../query';
import { safeHref } from '../format';
import { messageOf } from '../ui/basics';
import { useToast } from '../ui/Toasts';
import { useRedirect } from './useRedirect';

export type PortalFlow = NonNullable<CreatePortalRequest['flow']>;

/**
 * The user's subscription and what can be done with it.
 *
 * - `isActive`: it grants its plan now; the server decides (trials and a past_due within its grace
 *   count, a scheduled cancellation counts until its day).
 * - `isPro`: the same for a plan that costs something.
 * - `cancel`, `resume` resolve with the row as the server has it then, and reject with a PaydeskError.
 */
export function useSubscription() {
  const { client, words } = usePaydesk();
  const queries = useQueryClient();
  const toast = useToast();
  const query = useApiQuery(keys.subscription, (options) => client.getSubscription(options));
  const subscription = query.data?.subscription ?? null;
  const portal = useRedirect();

  const change = useMutation({
    mutationFn: (
      cancelAtPeriodEnd: boolean,
    ): Promise<{ subscription: Subscription; hosted_invoice_url?: string | null }> => {
      if (subscription === null) throw new Error('there is no subscription');
      // A paused plan is resumed by another route: a new period begins and is paid for.
      if (!cancelAtPeriodEnd && subscription.status === 'paused')
        return client.resumeSubscription(subscription.id);
      return client.cancelSubscription({ subscriptionId: subscription.id, cancelAtPeriodEnd });
    },
    onSuccess: (result) => {
      queries.setQueryData(keys.subscription, { subscription: result.subscription });
      const pay_here = safeHref(result.hosted_invoice_url);
      if (pay_here !== undefined) portal.leave(pay_here); // the bank wants to be asked
    },
    // The row may have changed under us; what we show now may be the reason of the refusal.
    onError: () => queries.invalidateQueries({ queryKey: keys.subscription }),
  });
  const { mutateAsync } = change;
  const setCancelAtPeriodEnd = useCallback(
    async (cancelAtPeriodEnd: boolean): Promise<Subscription> =>
      (await mutateAsync(cancelAtPeriodEnd)).subscription,
    [mutateAsync],
  );

  const keep = useMutation({
    mutationFn: () => {
      if (subscription === null) throw new Error('there is no subscription');
      return client.cancelScheduledChange(subscription.id);
    },
    onSuccess: (result) =>
      queries.setQueryData(keys.subscription, { subscription: result.subscription }),
    onError: () => queries.invalidateQueries({ queryKey: keys.subscription }),
  });

  const open = useMutation({
    mutationFn: (flow: PortalFlow) =>
      client.createPortal({ flow, returnUrl: window.location.origin + window.location.pathname }),
    onSuccess: ({ url }) => portal.leave(url),
    onError: (error) =>
      toast({ tone: 'danger', title: words.portal.failed, text: messageOf(error, words) }),
  });
  const { mutate } = open;

  return {
    subscription,
    loading: query.loading,
    error: query.error,
    refetch: query.refetch,
    isActive: subscription?.is_active ?? false,
    isPro: (subscription?.is_active ?? false) && subscription?.plan_key !== 'free',
    openCustomerPortal: useCallback((flow: PortalFlow = 'home') => mutate(flow), [mutate]),
    openingPortal: open.isPending || portal.leaving,
    cancel: useCallback(() => setCancelAtPeriodEnd(true), [setCancelAtPeriodEnd]),
    resume: useCallback(() => setCancelAtPeriodEnd(false), [setCancelAtPeriodEnd]),
    setCancelAtPeriodEnd,
    /** Calls off a scheduled change of plan. */
    keepPlan: keep.mutateAsync,
    changing: change.isPending,
  };
}
