import {
  ConflictError,
  PaydeskError,
  type BillingCycle,
  type PaymentProvider,
} from '@paydesk/client';
import { useMutation } from '@tanstack/react-query';
import { useCallback } from 'react';

import { safeHref } from '../format';
import { usePaydesk } from '../context';
import { messageOf } from '../ui/basics';
import { useToast } from '../ui/Toasts';
import { useRedirect } from './useRedirect';

export interface Purchase {
  planKey: string;
  /** null for what is bought once. */
  billingCycle: BillingCycle | null;
  /** As people typed it; blank is none. */
  promotionCode?: string | undefined;
  /** Default: Stripe. */
  provider?: PaymentProvider | undefined;
}

const isAboutCode = (error: unknown) =>
  error instanceof PaydeskError && error.code === 'promotion_code_invalid';

/** Starts a hosted checkout and sends the browser there. */
export function useCheckout() {
  const { client, links, words } = usePaydesk();
  const toast = useToast();
  const redirect = useRedirect();
  const start = useMutation({
    mutationFn: ({ planKey, billingCycle, promotionCode = '', provider = 'stripe' }: Purchase) => {
      const origin = window.location.origin;
      const join = links.success.includes('?') ? '&' : '?';
      const code = promotionCode.trim();
      return client.createCheckout({
        planId: planKey,
        ...(billingCycle !== null && { billingCycle }),
        ...(code !== '' && { promotionCode: code }),
        ...(provider !== 'stripe' && { provider }),
        successUrl: `${origin}${links.success}${join}session_id={CHECKOUT_SESSION_ID}`,
        cancelUrl: origin + links.cancelled,
      });
    },
    onSuccess: ({ url }) => redirect.leave(url),
    onError: (error) => {
      const portal_url = error instanceof ConflictError ? error.problem['portal_url'] : undefined;
      if (typeof portal_url === 'string' && safeHref(portal_url)) {
        redirect.leave(portal_url); // there is a live subscription: it is changed in the portal
        return;
      }
      if (isAboutCode(error)) return; // said where it was typed
      toast({ tone: 'danger', title: words.checkout.failed, text: messageOf(error, words) });
    },
  });
  const { mutate, reset } = start;
  const busy = start.isPending || redirect.leaving;
  return {
    buy: useCallback((purchase: Purchase) => mutate(purchase), [mutate]),
    /** The plan whose checkout is about to open. */
    buying: busy ? (start.variables?.planKey ?? null) : null,
    /** Why the promotion code does not count, until it is changed. */
    codeError: isAboutCode(start.error) ? messageOf(start.error, words) : null,
    forgetCodeError: reset,
  };
}
