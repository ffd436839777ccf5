import type { Notification } from '@paydesk/client';
import { useEffect, useState } from 'react';

import { formatAgo, formatDateTime } from '../format';
import { useNotifications } from '../hooks/reads';
import { notificationTone } from '../notificationTone';
import { usePaydesk, useWords } from '../context';
import { Button, Card, EmptyState, LoadError, Skeleton } from '../ui/basics';
import { AlertIcon, BellIcon, CheckIcon, ClockIcon, InfoIcon } from '../ui/icons';

const icons = {
  danger: AlertIcon,
  warning: ClockIcon,
  success: CheckIcon,
  info: InfoIcon,
  neutral: InfoIcon,
};

/** What happened, newest first; new ones appear by themselves: needs no props. */
export function NotificationsPanel({ title }: { title?: string }) {
  const say = useWords().notifications;
  const { showOlder } = useWords().common;
  const {
    notifications,
    unreadCount,
    loading,
    error,
    refetch,
    hasMore,
    loadMore,
    loadingMore,
    markRead,
    markAllRead,
  } = useNotifications();
  const now = useNow();
  const nothing = notifications.length === 0;
  return (
    <Card
      title={title ?? say.title}
      busy={loading}
      aside={
        <>
          <span className={unreadCount > 0 ? 'pd-count' : 'pd-visually-hidden'}>
            <span data-testid="notification-unread-count">{unreadCount}</span>
            <span className="pd-visually-hidden"> {say.unread}</span>
          </span>
          {unreadCount > 0 && (
            <Button size="small" variant="ghost" onClick={markAllRead}>
              {say.markAllRead}
            </Button>
          )}
        </>
      }
    >
      {loading ? (
        <Skeleton lines={4} label={say.loading} />
      ) : error && nothing ? (
        <LoadError what={say.what} error={error} onRetry={refetch} />
      ) : nothing ? (
        <EmptyState icon={<BellIcon />} title={say.emptyTitle}>
          {say.emptyText}
        </EmptyState>
      ) : (
        <>
          <ul className="pd-rows" aria-live="polite" aria-relevant="additions">
            {notifications.map((notification) => (
              <NotificationRow
                key={notification.id}
                notification={notification}
                now={now}
                onRead={() => markRead(notification.id)}
              />
            ))}
          </ul>
          {hasMore && (
            <div className="pd-card-actions">
              <Button busy={loadingMore} onClick={loadMore}>
                {showOlder}
              </Button>
            </div>
          )}
        </>
      )}
    </Card>
  );
}

function NotificationRow({
  notification,
  now,
  onRead,
}: {
  notification: Notification;
  now: number;
  onRead: () => void;
}) {
  const { locale, words } = usePaydesk();
  const say = words.notifications;
  const tone = notificationTone(notification.type);
  const Icon = icons[tone];
  return (
    <li className="pd-row pd-row-top" data-testid="notification" data-read={notification.read}>
      <span className={`pd-dot-icon pd-tone-${tone}`}>
        <Icon />
      </span>
      <div className="pd-row-main">
        <p className="pd-row-title">
          {notification.title}
          {!notification.read && <span className="pd-visually-hidden"> ({say.unread})</span>}
        </p>
        <p className="pd-row-text">{notification.message}</p>
        <p className="pd-row-text pd-faint">
          <time
            dateTime={notification.created_at}
            title={formatDateTime(notification.created_at, locale)}
          >
            {formatAgo(notification.created_at, now, locale)}
          </time>
        </p>
      </div>
      {!notification.read && (
        <button
          type="button"
          className="pd-icon-button pd-unread"
          aria-label={`${say.markRead}: ${notification.title}`}
          title={say.markRead}
          onClick={onRead}
        >
          <span className="pd-unread-dot" />
        </button>
      )}
    </li>
  );
}

/** The time, again every minute: "2 minutes ago" must not stand still. */
function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 60_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
