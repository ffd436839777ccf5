export { SubscriptionStatus } from '@paydesk/react';
