-- 0011_settlement_indexes: a charge by its invoice, an invoice by its payment.
--
-- Why     Payments are settled by these (src/billing/payment_settlement.cc). Without an index each look-up reads
--         all charges or invoices of its account.
-- Locks   SHARE on charges and invoices while the indexes are built: reads go on, writes wait.
-- Undo    drop index paydesk.charges_by_invoice, paydesk.invoices_by_payment;

create index charges_by_invoice on paydesk.charges (account_id, provider, provider_invoice_id)
    where provider_invoice_id is not null;
create index invoices_by_payment on paydesk.invoices (account_id, provider, provider_payment_id)
    where provider_payment_id is not null;
