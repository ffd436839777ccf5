import { useCheckoutStatus } from '@paydesk/react';

const words = {
  pending: 'We are waiting for the payment provider.',
  complete: 'Your subscription is active.',
  error: 'We could not confirm this payment.',
};

export default function SuccessPage() {
  const session_id = new URLSearchParams(window.location.search).get('session_id');
  const { state } = useCheckoutStatus(session_id);
  return (
    <div className="container">
      <h1>Thank you</h1>
      <p role="status">{words[state]}</p>
      <a href="/dashboard/billing">Go to billing</a>
    </div>
  );
}
