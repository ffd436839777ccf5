// Who is signed in on this browser: the token of the local sign-in, shared by all tabs. In an app on
// Supabase the token comes from supabase-js instead, and this file has no part in it.

import type { LocalSignInResult } from '@paydesk/client';
import { useSyncExternalStore } from 'react';

export interface LocalSession {
  token: string;
  expires_at: number;
  user: { id: string; email: string; name: string };
}

const storage_key = 'paydesk.session';
const listeners = new Set<() => void>();
let current: LocalSession | null = load();
/** True after a session ended by itself: the sign-in page then says so. */
let expired = false;

function isSession(value: unknown): value is LocalSession {
  const session = value as LocalSession | null;
  return (
    typeof session?.token === 'string' &&
    typeof session.expires_at === 'number' &&
    typeof session.user?.id === 'string' &&
    typeof session.user.email === 'string' &&
    typeof session.user.name === 'string'
  );
}

function load(): LocalSession | null {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(storage_key) ?? 'null');
    return isSession(value) && value.expires_at > Date.now() ? value : null;
  } catch {
    return null; // storage is forbidden or holds something else: signed out
  }
}

function set(session: LocalSession | null): void {
  current = session;
  try {
    if (session) localStorage.setItem(storage_key, JSON.stringify(session));
    else localStorage.removeItem(storage_key);
  } catch {
    // without storage the session lives as long as this page
  }
  for (const listener of listeners) listener();
}

window.addEventListener('storage', (event) => {
  if (event.key !== storage_key && event.key !== null) return;
  current = load();
  for (const listener of listeners) listener();
});

export function signIn(result: LocalSignInResult): void {
  expired = false;
  const { id, email, name } = result.user;
  set({
    token: result.access_token,
    expires_at: Date.now() + result.expires_in * 1000,
    user: { id, email, name },
  });
}

export function signOut(): void {
  expired = false;
  set(null);
}

/** The server refused `token`. An answer to an older token does not end a newer session. */
export function endSession(token: string): void {
  if (current?.token !== token) return;
  expired = true;
  set(null);
}

export function sessionExpired(): boolean {
  return expired;
}

export function currentToken(): string | null {
  if (current && current.expires_at <= Date.now()) endSession(current.token);
  return current?.token ?? null;
}

export function useLocalSession(): LocalSession | null {
  return useSyncExternalStore(
    (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    () => current,
  );
}

/** A path of this app, or the dashboard: never another site, whatever the address bar says. */
export function safeNext(next: string | null): string {
  if (next === null || !/^\/(?![/\\])/.test(next)) return '/dashboard';
  const url = new URL(next, window.location.origin);
  if (url.origin !== window.location.origin || url.pathname === '/sign-in') return '/dashboard';
  return url.pathname + url.search + url.hash;
}
