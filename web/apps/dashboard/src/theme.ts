import { useState } from 'react';

export type Theme = 'system' | 'light' | 'dark';

const storage_key = 'paydesk.theme'; // public/theme.js reads it before the first paint

function read(): Theme {
  const theme = document.documentElement.dataset['theme'];
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(read);
  function choose(next: Theme) {
    if (next === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = next;
    try {
      if (next === 'system') localStorage.removeItem(storage_key);
      else localStorage.setItem(storage_key, next);
    } catch {
      // it lasts until the page is closed
    }
    setTheme(next);
  }
  return [theme, choose];
}
