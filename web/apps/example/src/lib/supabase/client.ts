// In an app on Supabase this file is `createBrowserClient(...)` and nothing else changes: the shape below is
// supabase-js's own. Here the session is that of `paydesk up`'s local sign-in, so that the example runs without an account.

import { createPaydesk, type SupabaseLike } from '@paydesk/client';

const local = createPaydesk();
let session: { access_token: string } | null = null;

export function createClient(): SupabaseLike {
  return {
    auth: {
      async getSession() {
        session ??= { access_token: (await local.localSignIn('ada@example.com')).access_token };
        return { data: { session } };
      },
    },
  };
}
