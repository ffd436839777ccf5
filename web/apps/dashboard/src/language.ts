// Which language the pages speak: the one chosen here before, else the browser's, else English. English
// is in the first file; another language is loaded when it is needed.

import { english as components, type Words } from '@paydesk/react';
import { useSyncExternalStore } from 'react';

import { english, type AppWords } from './words/en';

export const languages = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof languages;

export interface Speech {
  language: Language;
  /** For dates, numbers and money: the browser's own variant of the language where it has one. */
  locale: string;
  say: AppWords;
  components: Words;
}

const storage_key = 'paydesk.language';
const listeners = new Set<() => void>();

const isLanguage = (value: unknown): value is Language =>
  typeof value === 'string' && value in languages;

function localeOf(language: Language): string {
  return navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language;
}

let speech: Speech = { language: 'en', locale: localeOf('en'), say: english, components };

function wanted(): Language {
  try {
    const chosen = localStorage.getItem(storage_key);
    if (isLanguage(chosen)) return chosen;
  } catch {
    // storage is forbidden: the browser's language it is
  }
  for (const tag of navigator.languages) {
    const language = tag.split('-')[0];
    if (isLanguage(language)) return language;
  }
  return 'en';
}

async function speak(language: Language): Promise<void> {
  const words =
    language === 'en'
      ? { say: english, components }
      : await import('./words/de').then((file) => ({
          say: file.german,
          components: file.components,
        }));
  speech = { language, locale: localeOf(language), ...words };
  document.documentElement.lang = language;
  for (const listener of listeners) listener();
}

/** Before the first paint. Where the words cannot be loaded the pages speak English. */
export async function prepareLanguage(): Promise<void> {
  const language = wanted();
  if (language !== 'en') await speak(language).catch(() => {});
}

export async function chooseLanguage(language: Language): Promise<void> {
  await speak(language);
  try {
    localStorage.setItem(storage_key, language);
  } catch {
    // it lasts until the page is closed
  }
}

export function useSpeech(): Speech {
  return useSyncExternalStore(
    (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    () => speech,
  );
}

/** The words of the pages. */
export const useSay = (): AppWords => useSpeech().say;
