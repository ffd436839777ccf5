import { createPaydesk, supabaseToken } from '@paydesk/client';
import { PaydeskProvider } from '@paydesk/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import BillingPage from './app/dashboard/billing/page';
import DashboardPage from './app/dashboard/page';
import PricingPage from './app/pricing/page';
import SuccessPage from './app/success/page';
import { createClient } from './lib/supabase/client';
import '@paydesk/react/paydesk.css';
import './example.css';

const paydesk = createPaydesk({ getToken: supabaseToken(createClient()) });

/** By file, as Next.js does it. */
const pages: Record<string, () => React.ReactNode> = {
  '/dashboard': DashboardPage,
  '/dashboard/billing': BillingPage,
  '/pricing': PricingPage,
  '/success': SuccessPage,
};
const Page = pages[window.location.pathname] ?? BillingPage;

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <PaydeskProvider client={paydesk}>
      <Page />
    </PaydeskProvider>
  </StrictMode>,
);
