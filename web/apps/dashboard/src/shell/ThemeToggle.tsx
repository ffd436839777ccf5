import { useSay } from '../language';
import { useTheme, type Theme } from '../theme';
import { ThemeIcons } from './icons';

const next: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };

export function ThemeToggle() {
  const say = useSay().theme;
  const [theme, setTheme] = useTheme();
  const label = say.label(say[theme], say[next[theme]]);
  const Icon = ThemeIcons[theme];
  return (
    <button
      type="button"
      className="pd-icon-button"
      aria-label={label}
      title={label}
      data-testid="theme"
      onClick={() => setTheme(next[theme])}
    >
      <Icon />
    </button>
  );
}
