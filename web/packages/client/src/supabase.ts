// The token from supabase-js, without depending on it.

import type { TokenProvider } from './client';

export interface SupabaseLike {
  auth: {
    getSession(): Promise<{ data: { session: { access_token: string } | null } }>;
  };
}

/** `createPaydesk({ getToken: supabaseToken(supabase) })`. supabase-js renews what is about to expire. */
export function supabaseToken(supabase: SupabaseLike): TokenProvider {
  return async () => (await supabase.auth.getSession()).data.session?.access_token ?? null;
}
