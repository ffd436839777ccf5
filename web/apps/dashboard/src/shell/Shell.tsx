import { CardIcon, ConnectionNotice, SparkIcon, useConfig } from '@paydesk/react';
import type { ReactNode } from 'react';
import { Link, NavLink, Outlet } from 'react-router';

import { signOut, useLocalSession, type LocalSession } from '../session';
import { Brand } from './Brand';
import { NotificationBell } from './NotificationBell';
import { ThemeToggle } from './ThemeToggle';

function HomeIcon() {
  return (
    <svg
      className="pd-icon"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d="M4 11.5 12 4.5l8 7V20h-5.5v-5.5h-5V20H4v-8.5Z" />
    </svg>
  );
}

const places: { to: string; label: string; icon: ReactNode; end: boolean }[] = [
  { to: '/dashboard', label: 'Overview', icon: <HomeIcon />, end: true },
  { to: '/dashboard/billing', label: 'Billing', icon: <CardIcon />, end: false },
  { to: '/pricing', label: 'Plans', icon: <SparkIcon />, end: false },
];

/** What is around every page: for members a side bar (on phones a bottom bar), for others a header. */
export function Shell() {
  const session = useLocalSession();
  return (
    <div className="flex min-h-dvh flex-col bg-page lg:flex-row">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:fixed focus:top-3 focus:left-3 focus:z-50 focus:rounded-lg focus:bg-surface focus:px-4 focus:py-2 focus:shadow-lg"
      >
        Skip to content
      </a>
      {session && <SideBar session={session} />}
      <div className="flex min-w-0 flex-1 flex-col">
        <TopBar session={session} />
        <main id="main" className={`flex-1 ${session ? 'pb-16 lg:pb-0' : ''}`} tabIndex={-1}>
          <div className="mx-auto max-w-5xl px-4 sm:px-8">
            <div className="has-[.pd-notice]:pt-4 lg:has-[.pd-notice]:pt-15">
              <ConnectionNotice />
            </div>
          </div>
          <Outlet />
        </main>
      </div>
      {session && <BottomBar />}
    </div>
  );
}

function SideBar({ session }: { session: LocalSession }) {
  return (
    <aside className="hidden w-62 shrink-0 border-r border-line bg-surface lg:block">
      <div className="sticky top-0 flex h-dvh flex-col overflow-y-auto px-4 py-5">
        <div className="px-2">
          <Brand />
        </div>
        <nav aria-label="Main" className="mt-8 grid gap-1">
          {places.map((place) => (
            <NavLink
              key={place.to}
              to={place.to}
              end={place.end}
              className={({ isActive }) =>
                `flex items-center gap-3 rounded-lg px-3 py-2.5 text-[0.9375rem] font-medium ${isActive ? 'bg-surface-2 text-ink' : 'text-muted hover:bg-surface-2 hover:text-ink'}`
              }
            >
              {place.icon}
              {place.label}
            </NavLink>
          ))}
        </nav>
        <div className="mt-auto grid gap-4">
          <TestMode />
          <div className="flex items-center gap-3 border-t border-line px-2 pt-4">
            <Avatar name={session.user.name || session.user.email} />
            <div className="min-w-0 flex-1">
              <p className="truncate text-sm font-medium">
                {session.user.name || session.user.email}
              </p>
              <SignOutButton className="text-sm text-muted hover:text-ink" />
            </div>
          </div>
        </div>
      </div>
    </aside>
  );
}

function TopBar({ session }: { session: LocalSession | null }) {
  return (
    <header
      className={`z-30 flex h-15 items-center gap-1 px-4 sm:px-8 ${session ? 'sticky top-0 bg-page/85 backdrop-blur lg:pointer-events-none lg:static lg:-mb-15 lg:bg-transparent lg:backdrop-blur-none' : 'border-b border-line'}`}
    >
      <div className={`flex items-center gap-3 ${session ? 'lg:hidden' : ''}`}>
        <Brand />
        <TestBadge />
      </div>
      <div className="pointer-events-auto ml-auto lg:relative lg:z-30 flex items-center gap-1">
        <ThemeToggle />
        {session ? (
          <>
            <NotificationBell />
            <SignOutButton className="pd-button pd-button-ghost pd-button-small lg:hidden" />
          </>
        ) : (
          <Link to="/sign-in" className="pd-button pd-button-secondary pd-button-small ml-2">
            Sign in
          </Link>
        )}
      </div>
    </header>
  );
}

function BottomBar() {
  return (
    <nav
      aria-label="Main"
      data-bottom-bar
      className="fixed inset-x-0 bottom-0 z-30 grid grid-cols-3 border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] lg:hidden"
    >
      {places.map((place) => (
        <NavLink
          key={place.to}
          to={place.to}
          end={place.end}
          className={({ isActive }) =>
            `flex h-15 flex-col items-center justify-center gap-1 text-xs font-medium ${isActive ? 'text-link' : 'text-muted'}`
          }
        >
          {place.icon}
          {place.label}
        </NavLink>
      ))}
    </nav>
  );
}

function SignOutButton({ className }: { className: string }) {
  return (
    <button
      type="button"
      className={`cursor-pointer ${className}`}
      data-testid="sign-out"
      onClick={signOut}
    >
      Sign out
    </button>
  );
}

function TestMode() {
  const { config } = useConfig();
  if (!config || config.livemode) return null;
  return (
    <div className="rounded-lg bg-warning-soft px-3 py-2.5 text-sm">
      <p className="font-medium text-warning">Test mode</p>
      <p className="text-muted">
        No real money moves.{' '}
        {config.sandbox_url && (
          <a
            className="text-link underline underline-offset-2"
            href={config.sandbox_url}
            target="_blank"
            rel="noopener noreferrer"
          >
            Open the sandbox
          </a>
        )}
      </p>
    </div>
  );
}

function TestBadge() {
  const { config } = useConfig();
  if (!config || config.livemode) return null;
  return (
    <span className="pd-badge pd-tone-warning" title="No real money moves">
      Test
    </span>
  );
}

export function Avatar({ name }: { name: string }) {
  const letters = [...name.trim()].filter((_, i, all) => i === 0 || all[i - 1] === ' ');
  return (
    <span
      aria-hidden="true"
      className="grid size-9 shrink-0 place-items-center rounded-full bg-surface-2 text-sm font-semibold text-muted uppercase ring-1 ring-line"
    >
      {letters.slice(0, 2).join('') || '?'}
    </span>
  );
}
