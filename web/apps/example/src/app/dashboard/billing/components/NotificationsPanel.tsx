export { NotificationsPanel as default } from '@paydesk/react';
