import type { MouseEvent, ReactNode } from 'react';

import { usePaydesk } from '../context';

/** A link inside the app: by the app's router on a plain click, by the browser on any other. */
export function AppLink({
  href,
  className,
  children,
}: {
  href: string;
  className?: string;
  children: ReactNode;
}) {
  const { navigate } = usePaydesk();
  function follow(event: MouseEvent) {
    if (
      !navigate ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    event.preventDefault();
    navigate(href);
  }
  return (
    <a href={href} className={className} onClick={follow}>
      {children}
    </a>
  );
}
