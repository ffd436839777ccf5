-- 0016_checkout_invoices: which invoice a checkout was billed with.
--
-- Why     A top-up that is invoiced has its money in the invoice's payment. When that is refunded, the unspent
--         credits of the checkout go back: they are found by this.
-- Locks   ACCESS EXCLUSIVE on checkouts for a moment, SHARE while the index is built.
-- Undo    alter table paydesk.checkouts drop column provider_invoice_id;

alter table paydesk.checkouts add column provider_invoice_id text;
create index checkouts_by_invoice on paydesk.checkouts (account_id, provider, provider_invoice_id)
    where provider_invoice_id is not null;
