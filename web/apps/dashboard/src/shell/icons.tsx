// The icons that only the pages need; see @paydesk/react for the others.

import type { ReactNode } from 'react';

function icon(children: ReactNode) {
  return function Icon({ className = 'pd-icon' }: { className?: string }) {
    return (
      <svg
        className={className}
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
        {children}
      </svg>
    );
  };
}

export const HomeIcon = icon(<path d="M4 11.5 12 4.5l8 7V20h-5.5v-5.5h-5V20H4v-8.5Z" />);
export const CoinsIcon = icon(
  <>
    <ellipse cx="12" cy="6.5" rx="7.5" ry="3" />
    <path d="M4.5 6.5v5.5c0 1.7 3.4 3 7.5 3s7.5-1.3 7.5-3V6.5M4.5 12v5.5c0 1.7 3.4 3 7.5 3s7.5-1.3 7.5-3V12" />
  </>,
);
export const ChartIcon = icon(<path d="M4.5 4.5v15h15M8.5 15.5v-4M12.5 15.5v-8M16.5 15.5v-6" />);
export const PeopleIcon = icon(
  <path d="M9 11.5a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4ZM2.8 19c.4-3 2.9-4.8 6.2-4.8s5.8 1.8 6.2 4.8M15.5 5.4a3.2 3.2 0 0 1 0 5.9M17.5 14.6c2.2.6 3.5 2.2 3.7 4.4" />,
);
export const ShieldIcon = icon(
  <path d="M12 3.5 5 6v5.5c0 4.3 2.9 7.4 7 9 4.1-1.6 7-4.7 7-9V6l-7-2.5Z" />,
);
export const ThemeIcons = {
  system: icon(<path d="M4 5.5h16v10.5H4zM9 20h6M12 16v4" />),
  light: icon(
    <path d="M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M5.6 18.4l1.1-1.1M17.3 6.7l1.1-1.1" />,
  ),
  dark: icon(<path d="M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z" />),
};
