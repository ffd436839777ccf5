import { ConnectionNotice, useConfig } from '@paydesk/react';
import { Link, NavLink, Outlet } from 'react-router';

import { useSay } from '../language';
import { signOut, useLocalSession, type LocalSession } from '../session';
import { AccountMenu } from './AccountMenu';
import { Avatar } from './Avatar';
import { Brand } from './Brand';
import { usePlaces } from './places';
import { NotificationBell } from './NotificationBell';
import { ThemeToggle } from './ThemeToggle';

/** What is around every page: for members a side bar (on phones a bottom bar), for others a header. */
export function Shell() {
  const session = useLocalSession();
  const say = useSay().nav;
  return (
    <div className="flex min-h-dvh flex-col bg-page lg:flex-row">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:fixed focus:top-3 focus:left-3 focus:z-50 focus:rounded-lg focus:bg-surface focus:px-4 focus:py-2 focus:shadow-lg"
      >
        {say.skip}
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
  const say = useSay().nav;
  const places = usePlaces();
  return (
    <aside className="hidden w-62 shrink-0 border-r border-line bg-surface lg:block">
      <div className="sticky top-0 flex h-dvh flex-col overflow-y-auto px-4 py-5">
        <div className="px-2">
          <Brand />
        </div>
        <nav aria-label={say.main} className="mt-8 grid gap-1">
          {places.map((place) => (
            <NavLink
              key={place.to}
              to={place.to}
              end={place.end}
              className={({ isActive }) =>
                `flex items-center gap-3 rounded-lg px-3 py-2.5 text-[0.9375rem] font-medium ${isActive ? 'bg-surface-2 text-ink' : 'text-muted hover:bg-surface-2 hover:text-ink'}`
              }
            >
              <place.Icon />
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
  const say = useSay().account;
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
            <AccountMenu session={session} />
          </>
        ) : (
          <Link to="/sign-in" className="pd-button pd-button-secondary pd-button-small ml-2">
            {say.signIn}
          </Link>
        )}
      </div>
    </header>
  );
}

function BottomBar() {
  const say = useSay().nav;
  const places = usePlaces().filter((place) => place.phone);
  return (
    <nav
      aria-label={say.main}
      data-bottom-bar
      className="fixed inset-x-0 bottom-0 z-30 grid auto-cols-auto grid-flow-col border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] lg:hidden"
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
          <place.Icon />
          {place.label}
        </NavLink>
      ))}
    </nav>
  );
}

function SignOutButton({ className }: { className: string }) {
  const say = useSay().account;
  return (
    <button
      type="button"
      className={`cursor-pointer ${className}`}
      data-testid="sign-out"
      onClick={signOut}
    >
      {say.signOut}
    </button>
  );
}

function TestMode() {
  const say = useSay().test;
  const { config } = useConfig();
  if (!config || config.livemode) return null;
  return (
    <div className="rounded-lg bg-warning-soft px-3 py-2.5 text-sm">
      <p className="font-medium text-warning">{say.title}</p>
      <p className="text-muted">
        {say.text}{' '}
        {config.sandbox_url && (
          <a
            className="text-link underline underline-offset-2"
            href={config.sandbox_url}
            target="_blank"
            rel="noopener noreferrer"
          >
            {say.sandbox}
          </a>
        )}
      </p>
    </div>
  );
}

function TestBadge() {
  const say = useSay().test;
  const { config } = useConfig();
  if (!config || config.livemode) return null;
  return (
    <span className="pd-badge pd-tone-warning" title={say.text}>
      {say.badge}
    </span>
  );
}
