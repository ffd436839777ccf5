import { useTheme, type Theme } from '../theme';

const next: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const names: Record<Theme, string> = { system: 'as the system', light: 'light', dark: 'dark' };
const shapes: Record<Theme, string> = {
  system: 'M4 5.5h16v10.5H4zM9 20h6M12 16v4',
  light:
    'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M5.6 18.4l1.1-1.1M17.3 6.7l1.1-1.1',
  dark: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z',
};

export function ThemeToggle() {
  const [theme, setTheme] = useTheme();
  const label = `Theme: ${names[theme]}. Change to ${names[next[theme]]}`;
  return (
    <button
      type="button"
      className="pd-icon-button"
      aria-label={label}
      title={label}
      onClick={() => setTheme(next[theme])}
    >
      <svg
        viewBox="0 0 24 24"
        width="20"
        height="20"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.75"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
      >
        <path d={shapes[theme]} />
      </svg>
    </button>
  );
}
