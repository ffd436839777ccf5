// The pages, each in a file of its own that is loaded when it is first needed.

import { PaydeskProvider } from '@paydesk/react';
import type { ComponentType } from 'react';
import { Navigate, Outlet, createBrowserRouter, useLocation, useNavigate } from 'react-router';

import { paydesk } from './client';
import { useSpeech } from './language';
import { useLocalSession } from './session';
import { PageCrash } from './shell/PageCrash';
import { PageLoading } from './shell/Page';
import { Shell } from './shell/Shell';

function Root() {
  const session = useLocalSession();
  const navigate = useNavigate();
  const { locale, components } = useSpeech();
  return (
    // The key throws away everything that one user has loaded before the next one sees the page.
    <PaydeskProvider
      key={session?.user.id ?? 'nobody'}
      client={paydesk}
      signedIn={session !== null}
      locale={locale}
      words={components}
      navigate={(path) => void navigate(path)}
    >
      <Outlet />
    </PaydeskProvider>
  );
}

function RequireSession() {
  const session = useLocalSession();
  const { pathname, search } = useLocation();
  if (session === null)
    return <Navigate to={`/sign-in?next=${encodeURIComponent(pathname + search)}`} replace />;
  return <Outlet />;
}

function Home() {
  return <Navigate to={useLocalSession() ? '/dashboard' : '/sign-in'} replace />;
}

const page = (load: () => Promise<{ default: ComponentType }>) => async () => ({
  Component: (await load()).default,
});

export const router = createBrowserRouter([
  {
    Component: Root,
    ErrorBoundary: PageCrash,
    HydrateFallback: PageLoading,
    children: [
      { path: '/sign-in', lazy: page(() => import('./pages/SignIn')) },
      {
        Component: Shell,
        ErrorBoundary: PageCrash,
        children: [
          { path: '/', Component: Home },
          { path: '/pricing', lazy: page(() => import('./pages/Pricing')) },
          {
            Component: RequireSession,
            children: [
              { path: '/dashboard', lazy: page(() => import('./pages/Overview')) },
              { path: '/dashboard/billing', lazy: page(() => import('./pages/Billing')) },
              { path: '/dashboard/credits', lazy: page(() => import('./pages/Credits')) },
              { path: '/dashboard/usage', lazy: page(() => import('./pages/Usage')) },
              { path: '/dashboard/team', lazy: page(() => import('./pages/Team')) },
              { path: '/invitation', lazy: page(() => import('./pages/Invitation')) },
              {
                path: '/admin',
                lazy: page(() => import('./pages/admin/Admin')),
                children: [
                  { index: true, lazy: page(() => import('./pages/admin/Attention')) },
                  { path: 'customers', lazy: page(() => import('./pages/admin/Customers')) },
                  { path: 'customers/:id', lazy: page(() => import('./pages/admin/Customer')) },
                  { path: 'revenue', lazy: page(() => import('./pages/admin/Revenue')) },
                  { path: 'usage', lazy: page(() => import('./pages/admin/AllUsage')) },
                  { path: 'webhooks', lazy: page(() => import('./pages/admin/Webhooks')) },
                  { path: 'webhooks/:id', lazy: page(() => import('./pages/admin/Webhook')) },
                  { path: 'jobs', lazy: page(() => import('./pages/admin/Jobs')) },
                  { path: 'refunds', lazy: page(() => import('./pages/admin/Refunds')) },
                  { path: 'credits', lazy: page(() => import('./pages/admin/Grants')) },
                  { path: 'emails', lazy: page(() => import('./pages/admin/Emails')) },
                  { path: 'explain', lazy: page(() => import('./pages/admin/Explain')) },
                  { path: 'drift', lazy: page(() => import('./pages/admin/Drift')) },
                  { path: 'rates', lazy: page(() => import('./pages/admin/Rates')) },
                ],
              },
              { path: '/success', lazy: page(() => import('./pages/Success')) },
            ],
          },
          { path: '*', lazy: page(() => import('./pages/NotFound')) },
        ],
      },
    ],
  },
]);
