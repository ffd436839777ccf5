export { ConnectionNotice } from './components/ConnectionNotice';
export { InvoiceHistory } from './components/InvoiceHistory';
export { NotificationsPanel } from './components/NotificationsPanel';
export { PaymentMethodCard } from './components/PaymentMethodCard';
export {
  PricingCard,
  priceOf,
  type PlanOffer,
  type PricingCardProps,
} from './components/PricingCard';
export { PricingTable, offerOf, type PricingTableProps } from './components/PricingTable';
export { SubscriptionCard, type SubscriptionCardProps } from './components/SubscriptionCard';
export { SubscriptionStatus } from './components/SubscriptionStatus';
export {
  describeSubscription,
  planName,
  type SubscriptionWords,
  type Tone,
} from './describeSubscription';
export * from './format';
export * from './hooks/reads';
export { useCheckout, type Purchase } from './hooks/useCheckout';
export { useCheckoutStatus, type CheckoutState } from './hooks/useCheckoutStatus';
export { useSubscription, type PortalFlow } from './hooks/useSubscription';
export { usePaydesk, type PaydeskLinks } from './context';
export { PaydeskProvider, type PaydeskProviderProps } from './provider';
export { keys, useApiQuery, useConnection, type Connection } from './query';
export { AppLink } from './ui/AppLink';
export * from './ui/basics';
export * from './ui/icons';
export { ConfirmDialog } from './ui/ConfirmDialog';
export { useToast, type Toast } from './ui/Toasts';
