import { PaydeskProvider, english } from '@paydesk/react';
import { german } from '@paydesk/react/de';
import { StrictMode, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';

import { pretend } from './api';
import { samples, type Sample } from './samples';
import '@paydesk/react/paydesk.css';
import './gallery.css';

const languages = { 'en-US': english, 'de-DE': german };
type Locale = keyof typeof languages;

function Gallery() {
  const [theme, setTheme] = useState('');
  const [locale, setLocale] = useState<Locale>('en-US');
  const [brand, setBrand] = useState('');
  function chooseTheme(next: string) {
    setTheme(next);
    if (next === '') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = next;
  }
  return (
    <main className={brand}>
      <h1>Paydesk components</h1>
      <p className="pd-muted">Every component of @paydesk/react in its states, without a server.</p>
      <div className="bar">
        <label>
          Theme{' '}
          <select value={theme} onChange={(event) => chooseTheme(event.target.value)}>
            <option value="">System</option>
            <option value="light">Light</option>
            <option value="dark">Dark</option>
          </select>
        </label>
        <label>
          Language{' '}
          <select value={locale} onChange={(event) => setLocale(event.target.value as Locale)}>
            <option value="en-US">English</option>
            <option value="de-DE">Deutsch</option>
          </select>
        </label>
        <label>
          Brand{' '}
          <select value={brand} onChange={(event) => setBrand(event.target.value)}>
            <option value="">Paydesk</option>
            <option value="brand">Another one, by six CSS variables</option>
          </select>
        </label>
      </div>
      {samples.map((sample) => (
        <Shown key={sample.name} sample={sample} locale={locale} />
      ))}
    </main>
  );
}

function Shown({ sample, locale }: { sample: Sample; locale: Locale }) {
  return (
    <section className="sample" data-testid={`sample-${sample.name}`}>
      <h2>{sample.name}</h2>
      <p>
        <code>{sample.usage}</code>
      </p>
      <div className="states">
        {sample.states.map((state) => (
          <div key={state.name} className={sample.whole ? 'whole' : ''}>
            <p className="state-name">{state.name}</p>
            <State state={state} locale={locale} />
          </div>
        ))}
      </div>
    </section>
  );
}

function State({ state, locale }: { state: Sample['states'][number]; locale: Locale }) {
  const client = useMemo(() => pretend(state.routes), [state]);
  return (
    <PaydeskProvider client={client} locale={locale} words={languages[locale]} live={false}>
      {state.show}
    </PaydeskProvider>
  );
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Gallery />
  </StrictMode>,
);
