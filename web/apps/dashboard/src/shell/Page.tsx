import { Skeleton } from '@paydesk/react';
import { useEffect, useRef, type ReactNode } from 'react';

import { useSay } from '../language';

let first_page = true;

export interface PageProps {
  title: string;
  lead?: ReactNode;
  children: ReactNode;
  /** Centred heading: for pages that present rather than list. */
  centred?: boolean;
  wide?: boolean;
}

/** A page's heading and its title in the tab. After a change of page the heading gets the focus. */
export function Page({ title, lead, children, centred = false, wide = false }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Paydesk`;
  }, [title]);
  useEffect(() => {
    if (!first_page) heading.current?.focus({ preventScroll: true });
    first_page = false;
    window.scrollTo(0, 0);
  }, []);
  return (
    <div
      className={`mx-auto w-full px-4 pt-6 pb-14 sm:px-8 lg:pt-9 ${wide ? 'max-w-6xl' : 'max-w-5xl'}`}
    >
      <div className={centred ? 'mb-8 text-center' : 'mb-6'}>
        <h1
          ref={heading}
          tabIndex={-1}
          className="text-[1.75rem] leading-tight font-semibold tracking-[-0.025em] text-balance wrap-anywhere sm:text-3xl"
        >
          {title}
        </h1>
        {lead && (
          <p className={`mt-2 max-w-[60ch] text-muted text-pretty ${centred ? 'mx-auto' : ''}`}>
            {lead}
          </p>
        )}
      </div>
      {children}
    </div>
  );
}

export function PageLoading() {
  const say = useSay().page;
  return (
    <div className="mx-auto w-full max-w-5xl px-4 pt-12 sm:px-8">
      <Skeleton lines={6} label={say.loading} />
    </div>
  );
}
