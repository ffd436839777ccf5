export { CheckoutButton, type CheckoutButtonProps } from './components/CheckoutButton';
export { ConnectionNotice } from './components/ConnectionNotice';
export { CreditBalance } from './components/CreditBalance';
export { CreditHistory } from './components/CreditHistory';
export { Gate, type GateProps } from './components/Gate';
export { InvoiceHistory } from './components/InvoiceHistory';
export { ListCard, type ListCardProps } from './components/ListCard';
export { NotificationsPanel } from './components/NotificationsPanel';
export { PaymentHistory } from './components/PaymentHistory';
export { PaymentMethodCard } from './components/PaymentMethodCard';
export {
  PricingCard,
  priceOf,
  type PlanOffer,
  type PricingCardProps,
} from './components/PricingCard';
export { PromotionCodeField, type PromotionCodeFieldProps } from './components/PromotionCodeField';
export { ProviderChoice, type ProviderChoiceProps } from './components/ProviderChoice';
export { PricingTable, offerOf, type PricingTableProps } from './components/PricingTable';
export { SubscriptionCard, type SubscriptionCardProps } from './components/SubscriptionCard';
export { PlanChangeDialog, type PlanChangeDialogProps } from './components/PlanChangeDialog';
export { SeatManager } from './components/SeatManager';
export { UsageDisplay, usageTone, type UsageDisplayProps } from './components/UsageDisplay';
export { useProviders } from './hooks/useProviders';
export { useSeats } from './hooks/useSeats';
export { useUsage } from './hooks/useUsage';
export { SubscriptionStatus } from './components/SubscriptionStatus';
export {
  describeSubscription,
  planName,
  type SubscriptionWords,
  type Tone,
} from './describeSubscription';
export { saveFile, toCsv, type CsvCell } from './csv';
export * from './format';
export * from './hooks/reads';
export { useDownload } from './hooks/useDownload';
export { useCheckout, type Purchase } from './hooks/useCheckout';
export { useCheckoutStatus, type CheckoutState } from './hooks/useCheckoutStatus';
export { isUsageInvoice, usePayInvoice } from './hooks/usePayInvoice';
export { useSubscription, type PortalFlow } from './hooks/useSubscription';
export { usePaydesk, useWords, type PaydeskLinks } from './context';
export { PaydeskProvider, type PaydeskProviderProps } from './provider';
export { keys, useApiQuery, useConnection, type Connection } from './query';
export { AppLink } from './ui/AppLink';
export * from './ui/basics';
export * from './ui/icons';
export type { Parts } from './ui/parts';
export { english, type Words } from './words/en';
export { ConfirmDialog } from './ui/ConfirmDialog';
export { useToast, type Toast } from './ui/Toasts';
