import { useMutation } from '@tanstack/react-query';
import { useCallback } from 'react';

import type { Invoice } from '@paydesk/client';

import { usePaydesk } from '../context';
import { messageOf } from '../ui/basics';
import { useToast } from '../ui/Toasts';
import { useRedirect } from './useRedirect';

/** Of what was used on a PayPal plan: nobody collects it, and it has no page but this one. */
export const isUsageInvoice = (invoice: Invoice) =>
  invoice.provider === 'paypal' && invoice.billing_reason === 'usage';

/** Pays such an invoice with PayPal: sends the browser to where its buyer agrees. */
export function usePayInvoice() {
  const { client, links, words } = usePaydesk();
  const toast = useToast();
  const redirect = useRedirect();
  const start = useMutation({
    mutationFn: (invoiceId: string) => {
      const billing = window.location.origin + links.billing;
      const join = links.billing.includes('?') ? '&' : '?';
      return client.paypal.payInvoice({
        invoiceId,
        successUrl: `${billing}${join}paid={CHECKOUT_SESSION_ID}`,
        cancelUrl: billing,
      });
    },
    onSuccess: ({ approvalUrl }) => redirect.leave(approvalUrl),
    onError: (error) =>
      toast({
        tone: 'danger',
        title: words.invoices.payFailed,
        text: messageOf(error, words),
      }),
  });
  const { mutate } = start;
  return {
    /** By the invoice's id, ours or the one in its link. */
    pay: useCallback((invoiceId: string) => mutate(invoiceId), [mutate]),
    /** The id of the invoice whose page is about to open. */
    paying: start.isPending || redirect.leaving ? (start.variables ?? null) : null,
  };
}
