export { InvoiceHistory as default } from '@paydesk/react';
