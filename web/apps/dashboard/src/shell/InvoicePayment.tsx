import {
  Button,
  Notice,
  isUsageInvoice,
  useCheckoutStatus,
  useInvoices,
  usePayInvoice,
} from '@paydesk/react';
import { useSearchParams } from 'react-router';

import { useSay } from '../language';

/** Of an invoice that is paid with PayPal: the link to pay it (?pay=), and who comes back from there (?paid=). */
export function InvoicePayment() {
  const [params] = useSearchParams();
  const paid = params.get('paid'),
    due = params.get('pay');
  if (paid) return <Paid checkout={paid} order={params.get('token')} />;
  return due && <Due invoice={due} />;
}

function Due({ invoice }: { invoice: string }) {
  const say = useSay().invoicePayment;
  const { pay, paying } = usePayInvoice();
  const { invoices } = useInvoices();
  // The link of an old mail: it has been paid since.
  if (!invoices.some((one) => isUsageInvoice(one) && one.status === 'open')) return null;
  return (
    <div className="mb-6" data-testid="invoice-due">
      <Notice
        tone="info"
        role="status"
        title={say.dueTitle}
        action={
          <Button
            size="small"
            variant="primary"
            busy={paying !== null}
            onClick={() => pay(invoice)}
            data-testid="invoice-due-pay"
          >
            {say.pay}
          </Button>
        }
      >
        {say.dueText}
      </Notice>
    </div>
  );
}

function Paid({ checkout, order }: { checkout: string; order: string | null }) {
  const words = useSay();
  const say = words.invoicePayment;
  const [params, setParams] = useSearchParams();
  const status = useCheckoutStatus(checkout, order);
  function dismiss() {
    for (const name of ['paid', 'token', 'PayerID']) params.delete(name);
    setParams(params, { replace: true });
  }
  const shown = {
    pending: { tone: 'info', title: say.pendingTitle, text: say.pendingText },
    complete: { tone: 'success', title: say.paidTitle, text: say.paidText },
    error: { tone: 'warning', title: say.failedTitle, text: '' },
  } as const;
  const { tone, title, text } = shown[status.state];
  return (
    <div className="mb-6" data-testid="invoice-paid" data-state={status.state}>
      <Notice
        tone={tone}
        role="status"
        title={title}
        action={
          status.state !== 'pending' && (
            <Button size="small" onClick={dismiss}>
              {words.cancelled.gotIt}
            </Button>
          )
        }
      >
        {status.state === 'error'
          ? `${words.success.reasons[status.reason]} ${status.error?.message ?? ''}`
          : text}
      </Notice>
    </div>
  );
}
