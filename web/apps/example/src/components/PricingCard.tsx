export { PricingCard } from '@paydesk/react';
