export { useSubscription } from '@paydesk/react';
