import {
  toDecimal,
  type CreditEntry,
  type CreditEntryList,
  type Invoice,
  type InvoiceList,
  type Paydesk,
  type Payment,
  type PaymentList,
} from '@paydesk/client';
import { useCallback, useState } from 'react';

import { usePaydesk } from '../context';
import { saveFile, toCsv, type CsvCell } from '../csv';
import { messageOf } from '../ui/basics';
import { useToast } from '../ui/Toasts';

const page_size = 100;
/** More rows than anyone opens; a file that grows without end would hang the page. */
const csv_rows_max = 10_000;

/** Makes files and gives them to the browser; `busy` is the one that is being made. */
export function useDownload() {
  const { client, words } = usePaydesk();
  const toast = useToast();
  const [busy, setBusy] = useState<string | null>(null);

  const save = useCallback(
    async (id: string, failed: string, name: string, make: () => Promise<Blob>) => {
      setBusy(id);
      try {
        saveFile(name, await make());
      } catch (error) {
        toast({ tone: 'danger', title: failed, text: messageOf(error, words) });
      } finally {
        setBusy(null);
      }
    },
    [toast, words],
  );

  const invoicePdf = useCallback(
    (invoice: Pick<Invoice, 'id' | 'number'>) =>
      save(
        invoice.id,
        words.invoices.pdfFailed,
        `${fileName(invoice.number ?? 'invoice')}.pdf`,
        () => client.getInvoicePdf(invoice.id, words.language),
      ),
    [client, save, words],
  );
  const csv = useCallback(
    (name: string, columns: readonly string[], read: (client: Paydesk) => Promise<CsvCell[][]>) =>
      save('csv', words.common.csvFailed, `${name}.csv`, async () => {
        const text = toCsv(columns, await read(client));
        return new Blob([text], { type: 'text/csv;charset=utf-8' });
      }),
    [client, save, words],
  );
  return { busy, invoicePdf, csv };
}

function fileName(text: string): string {
  return text.replace(/[^\w.-]+/g, '_').slice(0, 80);
}

/** Every page of a list, in its order. */
async function all<
  P extends { has_more: boolean },
  R extends { id: Id },
  Id extends string | number = string,
>(
  read: (page: { limit: number; starting_after?: Id }) => Promise<P>,
  rowsOf: (page: P) => R[],
): Promise<R[]> {
  const rows: R[] = [];
  for (;;) {
    const last = rows.at(-1);
    const page = await read(
      last === undefined ? { limit: page_size } : { limit: page_size, starting_after: last.id },
    );
    rows.push(...rowsOf(page));
    if (!page.has_more || rowsOf(page).length === 0 || rows.length >= csv_rows_max) return rows;
  }
}

export async function invoiceRows(client: Paydesk): Promise<CsvCell[][]> {
  const rows = await all<InvoiceList, Invoice>(
    (page) => client.getInvoices(page),
    (page) => page.invoices,
  );
  return rows.map((row) => [
    row.number,
    row.created_at,
    row.status,
    toDecimal(row.total, row.currency),
    toDecimal(row.amount_paid, row.currency),
    row.currency.toUpperCase(),
    row.line_items.map((line) => line.description).join('; '),
  ]);
}

export async function paymentRows(client: Paydesk): Promise<CsvCell[][]> {
  const rows = await all<PaymentList, Payment>(
    (page) => client.getPayments(page),
    (page) => page.payments,
  );
  return rows.map((row) => [
    row.created_at,
    row.status,
    toDecimal(row.amount, row.currency),
    toDecimal(row.amount_refunded, row.currency),
    row.currency.toUpperCase(),
    row.description,
  ]);
}

export async function creditRows(client: Paydesk): Promise<CsvCell[][]> {
  const rows = await all<CreditEntryList, CreditEntry, number>(
    (page) => client.getCreditEntries(page),
    (page) => page.entries,
  );
  return rows.map((row) => [
    row.id,
    row.created_at,
    row.kind,
    row.amount,
    row.balance,
    row.description,
  ]);
}
