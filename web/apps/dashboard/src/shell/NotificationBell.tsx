import { BellIcon, NotificationsPanel, useNotifications } from '@paydesk/react';

import { useSay } from '../language';
import { Popover } from './Popover';

/** The count of unread notifications, and the panel behind it. */
export function NotificationBell() {
  const say = useSay().bell;
  const { unreadCount } = useNotifications();
  return (
    <Popover
      id="notifications-popover"
      label={unreadCount === 0 ? say.label : say.unread(unreadCount)}
      testId="notification-bell"
      wide
      button={
        <>
          <BellIcon />
          {unreadCount > 0 && (
            <span
              className="absolute -top-0.5 -right-0.5 grid h-[18px] min-w-[18px] place-items-center rounded-full bg-accent px-1 text-[0.6875rem] font-semibold text-white"
              data-testid="notification-bell-count"
            >
              {unreadCount > 99 ? '99+' : unreadCount}
            </span>
          )}
        </>
      }
    >
      <NotificationsPanel />
    </Popover>
  );
}
