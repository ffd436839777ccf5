export { PaymentMethodCard as default } from '@paydesk/react';
