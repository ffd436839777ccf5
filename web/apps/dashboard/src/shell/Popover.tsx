// A button with a box that opens under it: closed by Escape, by a click elsewhere, by a change of page.

import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useLocation } from 'react-router';

export interface PopoverProps {
  id: string;
  /** The button's name. */
  label: string;
  testId: string;
  button: ReactNode;
  /** The box's width on larger screens; on phones it is as wide as the page. */
  wide?: boolean;
  children: ReactNode;
}

export function Popover({ id, label, testId, button, wide = false, children }: PopoverProps) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const { pathname } = useLocation();

  useEffect(() => setOpen(false), [pathname]);
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    const escape = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      setOpen(false);
      opener.current?.focus();
    };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('focusin', outside);
    document.addEventListener('keydown', escape);
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('focusin', outside);
      document.removeEventListener('keydown', escape);
    };
  }, [open]);

  return (
    <div className="sm:relative" ref={box}>
      <button
        ref={opener}
        type="button"
        className="pd-icon-button relative"
        aria-label={label}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        title={label}
        data-testid={testId}
        onClick={() => setOpen(!open)}
      >
        {button}
      </button>
      {open && (
        <div
          id={id}
          className={`absolute inset-x-3 top-[calc(100%+8px)] z-40 max-h-[75dvh] overflow-y-auto rounded-[14px] shadow-(--pd-shadow-large) sm:inset-x-auto sm:right-0 ${wide ? 'sm:w-[400px]' : 'sm:w-[280px]'}`}
        >
          {children}
        </div>
      )}
    </div>
  );
}
