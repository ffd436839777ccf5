import { formatMoney, type Invoice } from '@paydesk/client';

import type { Tone } from '../describeSubscription';
import { formatDate, formatPeriod, safeHref } from '../format';
import { invoiceRows, useDownload } from '../hooks/useDownload';
import { useInvoices } from '../hooks/reads';
import { isUsageInvoice, usePayInvoice } from '../hooks/usePayInvoice';
import { usePaydesk, useWords } from '../context';
import { Badge } from '../ui/basics';
import { DownloadIcon, ExternalIcon, ReceiptIcon } from '../ui/icons';
import { CsvButton } from './CsvButton';
import { ListCard } from './ListCard';

const tones: Record<Invoice['status'], Tone> = {
  draft: 'neutral',
  open: 'warning',
  paid: 'success',
  uncollectible: 'danger',
  void: 'neutral',
};

/** The user's invoices, newest first, page by page: needs no props. */
export function InvoiceHistory() {
  const { invoices, ...list } = useInvoices();
  const say = useWords().invoices;
  return (
    <ListCard
      title={say.title}
      what={say.what}
      loadingLabel={say.loading}
      lines={4}
      icon={<ReceiptIcon />}
      emptyTitle={say.emptyTitle}
      emptyText={say.emptyText}
      showOlder={say.showOlder}
      aside={
        invoices.length > 0 && (
          <CsvButton name="invoices" columns={say.columns} read={invoiceRows} />
        )
      }
      list={{ rows: invoices, ...list }}
    >
      {(invoice) => <InvoiceRow key={invoice.id} invoice={invoice} />}
    </ListCard>
  );
}

function InvoiceRow({ invoice }: { invoice: Invoice }) {
  const { locale, words } = usePaydesk();
  const say = words.invoices;
  const { busy, invoicePdf } = useDownload();
  const { pay, paying } = usePayInvoice();
  const ofUsage = isUsageInvoice(invoice);
  const page = safeHref(invoice.hosted_invoice_url);
  const amount = formatMoney(invoice.total, invoice.currency, { locale });
  const date = formatDate(invoice.created_at, locale);
  const what =
    say.reasons[invoice.billing_reason ?? ''] ?? invoice.line_items[0]?.description ?? say.invoice;
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
            {say.stillToPay(formatMoney(invoice.amount_remaining, invoice.currency, { locale }))}
          </p>
        )}
      </div>
      <div className="pd-row-side">
        <span className="pd-amount">{amount}</span>
        <Badge tone={tones[invoice.status] ?? 'neutral'} testId="invoice-status">
          {say.status[invoice.status] ?? invoice.status}
        </Badge>
      </div>
      <div className="pd-row-links">
        {ofUsage && invoice.status === 'open' && (
          <button
            type="button"
            className="pd-button pd-button-primary pd-button-small"
            aria-label={say.payWithPayPalLabel(date, amount)}
            aria-busy={paying !== null || undefined}
            data-testid="invoice-pay"
            onClick={() => paying === null && pay(invoice.id)}
          >
            {say.payWithPayPal}
          </button>
        )}
        {page && invoice.status === 'open' && !ofUsage && (
          <a
            className="pd-button pd-button-primary pd-button-small"
            href={page}
            target="_blank"
            rel="noopener noreferrer"
            aria-label={`${say.payLabel(date, amount)} (${words.common.newTab})`}
          >
            {say.pay}
          </a>
        )}
        {page && invoice.status !== 'open' && !ofUsage && (
          <a
            className="pd-icon-button"
            href={page}
            target="_blank"
            rel="noopener noreferrer"
            title={say.view}
            aria-label={`${say.viewLabel(date, amount)} (${words.common.newTab})`}
          >
            <ExternalIcon />
          </a>
        )}
        {invoice.status !== 'draft' && (
          <button
            type="button"
            className="pd-icon-button"
            title={say.pdf}
            aria-label={say.pdfLabel(date, amount)}
            aria-busy={busy === invoice.id || undefined}
            data-testid="invoice-pdf"
            onClick={() => busy === null && void invoicePdf(invoice)}
          >
            {busy === invoice.id ? (
              <span className="pd-spinner" aria-hidden="true" />
            ) : (
              <DownloadIcon />
            )}
          </button>
        )}
      </div>
    </li>
  );
}
