import { NotFoundError, type LocalUser } from '@paydesk/client';
import {
  EmptyState,
  LoadError,
  Notice,
  Skeleton,
  messageOf,
  useApiQuery,
  useConfig,
  useWords,
} from '@paydesk/react';
import { useEffect, useState } from 'react';
import { Link, Navigate, useNavigate, useSearchParams } from 'react-router';

import { paydesk } from '../client';
import { useSay } from '../language';
import { safeNext, sessionExpired, signIn, useLocalSession } from '../session';
import { Brand } from '../shell/Brand';
import { Avatar } from '../shell/Avatar';
import { ThemeToggle } from '../shell/ThemeToggle';

/** Choosing one of the local people. Only `paydesk up` has this; production signs in through the app. */
export default function SignIn() {
  const say = useSay().signIn;
  const [params] = useSearchParams();
  const next = safeNext(params.get('next'));
  const session = useLocalSession();
  const [expired] = useState(sessionExpired);
  useEffect(() => {
    document.title = `${say.title} · Paydesk`;
  }, [say]);
  if (session) return <Navigate to={next} replace />;
  return (
    <div className="flex min-h-dvh flex-col bg-page">
      <header className="flex h-15 items-center justify-between px-4 sm:px-8">
        <Brand />
        <ThemeToggle />
      </header>
      <main className="mx-auto grid w-full max-w-[420px] flex-1 content-center gap-6 px-4 pt-4 pb-24">
        <div className="text-center">
          <h1 className="text-[1.75rem] font-semibold tracking-[-0.025em]">{say.title}</h1>
          <p className="mt-1.5 text-muted">{say.lead}</p>
        </div>
        {expired && (
          <Notice tone="warning" title={say.expiredTitle} role="status">
            {say.expiredText}
          </Notice>
        )}
        <People next={next} />
      </main>
    </div>
  );
}

function People({ next }: { next: string }) {
  const say = useSay().signIn;
  const words = useWords();
  const navigate = useNavigate();
  const { config } = useConfig();
  const people = useApiQuery(
    ['paydesk', 'local_users'],
    (options) => paydesk.getLocalUsers(options),
    { isPublic: true },
  );
  const [busy, setBusy] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);

  async function enter(user: LocalUser) {
    setBusy(user.id);
    setFailure(null);
    try {
      const result = await paydesk.localSignIn(user.id);
      signIn(result);
      void navigate(next, { replace: true });
    } catch (error) {
      setFailure(messageOf(error, words));
      setBusy(null);
    }
  }

  if (people.loading) {
    return (
      <div className="pd-card">
        <Skeleton lines={4} label={say.loading} />
      </div>
    );
  }
  if (people.error instanceof NotFoundError || config?.local_sign_in === false) {
    return (
      <div className="pd-card">
        <EmptyState title={say.throughAppTitle}>{say.throughAppText}</EmptyState>
      </div>
    );
  }
  const users = people.data?.users ?? [];
  if (people.error && users.length === 0)
    return <LoadError what={say.people} error={people.error} onRetry={people.refetch} />;
  if (users.length === 0) {
    return (
      <div className="pd-card">
        <EmptyState title={say.nobodyTitle}>{say.nobodyText}</EmptyState>
      </div>
    );
  }
  return (
    <>
      {failure && (
        <Notice tone="danger" title={say.failed} role="alert">
          {failure}
        </Notice>
      )}
      <ul className="grid gap-2.5">
        {users.map((user) => (
          <li key={user.id}>
            <button
              type="button"
              className="flex w-full cursor-pointer items-center gap-3.5 rounded-[14px] border border-line bg-surface px-4 py-3.5 text-left shadow-(--pd-shadow) hover:border-line-strong aria-busy:cursor-progress"
              data-testid={`sign-in-user-${user.email}`}
              aria-busy={busy === user.id || undefined}
              disabled={busy !== null && busy !== user.id}
              onClick={() => busy === null && void enter(user)}
            >
              <Avatar name={user.name || user.email} />
              <span className="min-w-0 flex-1">
                <span className="block truncate font-medium">{user.name || user.email}</span>
                <span className="block truncate text-sm text-muted">{user.email}</span>
              </span>
              {busy === user.id ? (
                <span className="pd-spinner" aria-hidden="true" />
              ) : (
                user.is_admin && <span className="pd-badge pd-tone-info">{say.admin}</span>
              )}
            </button>
          </li>
        ))}
      </ul>
      <Link to="/pricing" className="pd-button pd-button-ghost pd-button-small justify-self-center">
        {say.plansFirst}
      </Link>
      <p className="text-center text-sm text-muted">{say.local}</p>
    </>
  );
}
