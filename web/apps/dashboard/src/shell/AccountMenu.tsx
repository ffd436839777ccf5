// Who is signed in, in which language, and the way to be someone else (on a server with local sign-in).

import { messageOf, useApiQuery, useConfig, useToast, useWords } from '@paydesk/react';

import { Link } from 'react-router';

import { paydesk } from '../client';
import { chooseLanguage, languages, useSpeech, type Language } from '../language';
import { signIn, signOut, type LocalSession } from '../session';
import { Avatar } from './Avatar';
import { usePlaces } from './places';
import { Popover } from './Popover';

export function AccountMenu({ session }: { session: LocalSession }) {
  const { say } = useSpeech();
  const name = session.user.name || session.user.email;
  return (
    <Popover
      id="account-menu"
      label={say.account.menu(name)}
      testId="account-menu"
      button={<Avatar name={name} small />}
    >
      <div className="pd-card grid gap-4 p-4!">
        <div className="min-w-0">
          <p className="truncate font-medium">{name}</p>
          <p className="truncate text-sm text-muted">{session.user.email}</p>
        </div>
        <MorePlaces />
        <People session={session} />
        <LanguageChoice />
        <button
          type="button"
          className="pd-button pd-button-secondary pd-button-small"
          data-testid="menu-sign-out"
          onClick={signOut}
        >
          {say.account.signOut}
        </button>
      </div>
    </Popover>
  );
}

/** On phones: what does not fit into the bottom bar. */
function MorePlaces() {
  const places = usePlaces().filter((place) => !place.phone);
  if (places.length === 0) return null;
  return (
    <ul className="-mx-2 grid lg:hidden">
      {places.map(({ to, label, Icon }) => (
        <li key={to}>
          <Link
            to={to}
            className="flex items-center gap-3 rounded-lg px-2 py-2 font-medium hover:bg-surface-2"
          >
            <Icon />
            {label}
          </Link>
        </li>
      ))}
    </ul>
  );
}

function People({ session }: { session: LocalSession }) {
  const { say } = useSpeech();
  const { config } = useConfig();
  if (config?.local_sign_in !== true) return null;
  return (
    <div>
      <p className="mb-1 text-sm text-muted">{say.account.switchTo}</p>
      <OtherPeople session={session} />
    </div>
  );
}

function OtherPeople({ session }: { session: LocalSession }) {
  const { say } = useSpeech();
  const words = useWords();
  const toast = useToast();
  const people = useApiQuery(['paydesk', 'local_users'], (o) => paydesk.getLocalUsers(o), {
    isPublic: true,
  });
  async function become(user: string) {
    try {
      signIn(await paydesk.localSignIn(user));
    } catch (error) {
      toast({ tone: 'danger', title: say.signIn.failed, text: messageOf(error, words) });
    }
  }
  const others = people.data?.users.filter((user) => user.id !== session.user.id) ?? [];
  return (
    <ul className="-mx-2 grid">
      {others.map((user) => (
        <li key={user.id}>
          <button
            type="button"
            className="flex w-full cursor-pointer items-center gap-3 rounded-lg px-2 py-1.5 text-left hover:bg-surface-2"
            data-testid={`switch-to-${user.email}`}
            onClick={() => void become(user.id)}
          >
            <Avatar name={user.name || user.email} small />
            <span className="min-w-0 flex-1 truncate">{user.name || user.email}</span>
            {user.is_admin && <span className="pd-badge pd-tone-info">{say.signIn.admin}</span>}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Also the language of the user's e-mails and invoices. */
function LanguageChoice() {
  const { language, say } = useSpeech();
  const words = useWords();
  const toast = useToast();
  async function choose(next: Language) {
    try {
      await chooseLanguage(next);
      await paydesk.changeAccount({ language: next });
    } catch (error) {
      toast({ tone: 'warning', title: say.account.languageFailed, text: messageOf(error, words) });
    }
  }
  return (
    <label className="flex items-center justify-between gap-3">
      <span className="text-sm text-muted">{say.account.language}</span>
      <select
        className="field w-auto!"
        value={language}
        data-testid="language"
        onChange={(event) => void choose(event.target.value as Language)}
      >
        {Object.entries(languages).map(([key, name]) => (
          <option key={key} value={key} lang={key}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
