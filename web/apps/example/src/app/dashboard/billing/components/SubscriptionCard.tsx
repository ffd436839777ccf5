export { SubscriptionCard as default } from '@paydesk/react';
