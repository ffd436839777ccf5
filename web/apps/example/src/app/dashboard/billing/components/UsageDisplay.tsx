export { UsageDisplay as default } from '@paydesk/react';
