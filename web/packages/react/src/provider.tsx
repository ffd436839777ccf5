// Everything that the hooks need, in one place: the client, the cache, the words' locale, the way to
// other pages, the live stream. One provider per signed-in user: give it the user's id as its `key`,
// so that nothing of one user is ever shown to the next.

import type { Paydesk } from '@paydesk/client';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useMemo, useState, type ReactNode } from 'react';

import { PaydeskContext, type PaydeskLinks } from './context';
import { LiveUpdates } from './live';
import type { Parts } from './ui/parts';
import { ToastProvider } from './ui/Toasts';
import { english, type Words } from './words/en';

const default_links: PaydeskLinks = {
  pricing: '/pricing',
  billing: '/dashboard/billing',
  success: '/success',
  cancelled: '/pricing?canceled=true',
};

export interface PaydeskProviderProps {
  client: Paydesk;
  /** False while nobody is signed in: private hooks then stay idle. Default: true. */
  signedIn?: boolean;
  /** Default: the browser's. */
  locale?: string;
  /** Default: English. `german` is in '@paydesk/react/de'. */
  words?: Words;
  links?: Partial<PaydeskLinks>;
  /** Parts of your own in place of ours. */
  parts?: Partial<Parts>;
  /** The app's router, for links inside of the components. Default: a full page load. */
  navigate?: (path: string) => void;
  /** Default: true. */
  live?: boolean;
  children: ReactNode;
}

const no_parts: Partial<Parts> = {};

function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: false, // the client has tried already, and only where it is safe
        staleTime: 15_000,
        networkMode: 'always', // a server on this machine answers without internet
      },
      mutations: { retry: false, networkMode: 'always' },
    },
  });
}

export function PaydeskProvider(props: PaydeskProviderProps) {
  const { client, signedIn = true, locale, navigate, live = true, words = english } = props;
  const parts = props.parts ?? no_parts;
  const [queries] = useState(newQueryClient);
  const links = useMemo(() => ({ ...default_links, ...props.links }), [props.links]);
  const context = useMemo(
    () => ({ client, signedIn, locale, links, navigate, words, parts }),
    [client, signedIn, locale, links, navigate, words, parts],
  );
  return (
    <PaydeskContext value={context}>
      <QueryClientProvider client={queries}>
        <ToastProvider>
          {signedIn && live && <LiveUpdates />}
          {props.children}
        </ToastProvider>
      </QueryClientProvider>
    </PaydeskContext>
  );
}
