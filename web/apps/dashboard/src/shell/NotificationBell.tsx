import { BellIcon, NotificationsPanel, useNotifications } from '@paydesk/react';
import { useEffect, useRef, useState } from 'react';
import { useLocation } from 'react-router';

/** The count of unread notifications, and the panel behind it. */
export function NotificationBell() {
  const { unreadCount } = useNotifications();
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
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
      button.current?.focus();
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

  const label = unreadCount === 0 ? 'Notifications' : `Notifications, ${unreadCount} unread`;
  return (
    <div className="sm:relative" ref={box}>
      <button
        ref={button}
        type="button"
        className="pd-icon-button relative"
        aria-label={label}
        aria-expanded={open}
        aria-controls="notifications-popover"
        title={label}
        data-testid="notification-bell"
        onClick={() => setOpen(!open)}
      >
        <BellIcon />
        {unreadCount > 0 && (
          <span
            className="absolute -top-0.5 -right-0.5 grid h-[18px] min-w-[18px] place-items-center rounded-full bg-accent px-1 text-[0.6875rem] font-semibold text-white"
            data-testid="notification-bell-count"
          >
            {unreadCount > 99 ? '99+' : unreadCount}
          </span>
        )}
      </button>
      {open && (
        <div
          id="notifications-popover"
          className="absolute inset-x-3 top-[calc(100%+8px)] z-40 max-h-[70dvh] overflow-y-auto rounded-[14px] shadow-(--pd-shadow-large) sm:inset-x-auto sm:right-0 sm:w-[400px]"
        >
          <NotificationsPanel />
        </div>
      )}
    </div>
  );
}
