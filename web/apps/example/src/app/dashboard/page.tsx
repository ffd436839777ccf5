import { SubscriptionStatus } from '../../components/SubscriptionStatus';
import { useSubscription } from '../../hooks/useSubscription';

export default function DashboardPage() {
  const { isActive, isPro } = useSubscription();
  return (
    <div className="container">
      <h1>Dashboard</h1>
      <p>
        {isPro
          ? 'Thank you for being a customer.'
          : isActive
            ? 'Welcome.'
            : 'You are on the free plan.'}
      </p>
      <SubscriptionStatus />
    </div>
  );
}
