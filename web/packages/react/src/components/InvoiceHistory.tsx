import { formatMoney, type Invoice } from '@paydesk/client';

import type { Tone } from '../describeSubscription';
import { formatDate, formatPeriod, safeHref } from '../format';
import { useInvoices } from '../hooks/reads';
import { usePaydesk } from '../context';
import { Badge, Button, Card, EmptyState, LoadError, Skeleton } from '../ui/basics';
import { DownloadIcon, ExternalIcon, ReceiptIcon } from '../ui/icons';

const statuses: Record<Invoice['status'], { tone: Tone; label: string }> = {
  draft: { tone: 'neutral', label: 'Draft' },
  open: { tone: 'warning', label: 'Open' },
  paid: { tone: 'success', label: 'Paid' },
  uncollectible: { tone: 'danger', label: 'Not paid' },
  void: { tone: 'neutral', label: 'Void' },
};

const reasons: Record<string, string> = {
  subscription_create: 'First payment',
  subscription_cycle: 'Renewal',
  subscription_update: 'Plan change',
  subscription_threshold: 'Usage',
  manual: 'One-time invoice',
};

/** The user's invoices, newest first, page by page: needs no props. */
export function InvoiceHistory() {
  const { invoices, loading, error, refetch, hasMore, loadMore, loadingMore } = useInvoices();
  const nothing = invoices.length === 0;
  return (
    <Card title="Invoices" busy={loading}>
      {loading ? (
        <Skeleton lines={4} label="Loading invoices" />
      ) : error && nothing ? (
        <LoadError what="Your invoices" error={error} onRetry={refetch} />
      ) : nothing ? (
        <EmptyState icon={<ReceiptIcon />} title="No invoices yet">
          After your first payment you find every invoice here, to read and to download.
        </EmptyState>
      ) : (
        <>
          <ul className="pd-rows">
            {invoices.map((invoice) => (
              <InvoiceRow key={invoice.id} invoice={invoice} />
            ))}
          </ul>
          {hasMore && (
            <div className="pd-card-actions">
              <Button busy={loadingMore} onClick={loadMore}>
                Show older invoices
              </Button>
            </div>
          )}
        </>
      )}
    </Card>
  );
}

function InvoiceRow({ invoice }: { invoice: Invoice }) {
  const { locale } = usePaydesk();
  const status = statuses[invoice.status] ?? { tone: 'neutral', label: invoice.status };
  const pdf = safeHref(invoice.invoice_pdf);
  const page = safeHref(invoice.hosted_invoice_url);
  const amount = formatMoney(invoice.total, invoice.currency, { locale });
  const date = formatDate(invoice.created_at, locale);
  const what =
    reasons[invoice.billing_reason ?? ''] ?? invoice.line_items[0]?.description ?? 'Invoice';
  const period = formatPeriod(invoice.period_start, invoice.period_end, locale);
  const owed =
    invoice.status === 'open' &&
    invoice.amount_remaining !== invoice.total &&
    invoice.amount_remaining > 0;
  return (
    <li className="pd-row" data-testid="invoice-row">
      <div className="pd-row-main">
        <p className="pd-row-title">{what}</p>
        <p className="pd-row-text">
          <time dateTime={invoice.created_at}>{date}</time>
          {invoice.number && <span className="pd-row-extra"> · {invoice.number}</span>}
          {period && <span className="pd-row-extra pd-wide"> · {period}</span>}
        </p>
        {owed && (
          <p className="pd-row-text pd-text-danger">
            {formatMoney(invoice.amount_remaining, invoice.currency, { locale })} still to pay
          </p>
        )}
      </div>
      <div className="pd-row-side">
        <span className="pd-amount">{amount}</span>
        <Badge tone={status.tone} testId="invoice-status">
          {status.label}
        </Badge>
      </div>
      <div className="pd-row-links">
        {page && invoice.status === 'open' && (
          <a
            className="pd-button pd-button-primary pd-button-small"
            href={page}
            target="_blank"
            rel="noopener noreferrer"
            aria-label={`Pay the invoice of ${date}, ${amount} (opens a new tab)`}
          >
            Pay
          </a>
        )}
        {page && invoice.status !== 'open' && (
          <a
            className="pd-icon-button"
            href={page}
            target="_blank"
            rel="noopener noreferrer"
            title="View invoice"
            aria-label={`View the invoice of ${date}, ${amount} (opens a new tab)`}
          >
            <ExternalIcon />
          </a>
        )}
        {pdf && (
          <a
            className="pd-icon-button"
            href={pdf}
            target="_blank"
            rel="noopener noreferrer"
            title="Download PDF"
            aria-label={`Download the invoice of ${date}, ${amount} as PDF (opens a new tab)`}
          >
            <DownloadIcon />
          </a>
        )}
      </div>
    </li>
  );
}
