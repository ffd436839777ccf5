// The live stream -> the cache and the toasts. Events are hints: they say what to read again, the
// reading is done by the same calls as ever.

import type { LiveEvent, Notification } from '@paydesk/client';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';

import { usePaydesk } from './context';
import { account_keys, keys } from './query';
import { notificationTone } from './notificationTone';
import { useToast } from './ui/Toasts';

/** Older ones are a backlog after an absence: they are in the panel, not on the screen. */
const toast_age_ms_max = 60_000;

const announced_max = 50;
const storage_key = 'paydesk.announced';

/** True once per id and browser tab, also over page loads: the stream repeats what came lately. */
function firstTime(id: string): boolean {
  let ids: unknown = announced_here;
  try {
    ids = JSON.parse(sessionStorage.getItem(storage_key) ?? '[]');
  } catch {
    // no storage, or not ours: this page's memory is all there is
  }
  const announced = Array.isArray(ids) ? ids.filter((entry) => typeof entry === 'string') : [];
  if (announced.includes(id)) return false;
  announced_here = [...announced, id].slice(-announced_max);
  try {
    sessionStorage.setItem(storage_key, JSON.stringify(announced_here));
  } catch {
    // as above
  }
  return true;
}
let announced_here: string[] = [];

export function LiveUpdates() {
  const { client } = usePaydesk();
  const queries = useQueryClient();
  const toast = useToast();

  useEffect(() => {
    let stream: ReturnType<typeof client.live> | null = null;
    let last_event_id = '';
    let opened = false;
    let failures = 0;

    function announce(notification: Notification) {
      if (!firstTime(notification.id)) return;
      if (Date.now() - Date.parse(notification.created_at) > toast_age_ms_max) return;
      toast({
        ...(/cancel_scheduled|resumed/.test(notification.type) && { about: 'cancellation' }),
        tone: notificationTone(notification.type),
        title: notification.title,
        text: notification.message,
      });
    }

    function readAgain() {
      for (const queryKey of account_keys) void queries.invalidateQueries({ queryKey });
    }

    function onEvent(event: LiveEvent) {
      if (event.type === 'notification') {
        announce(event.notification);
        void queries.invalidateQueries({ queryKey: keys.notifications });
        void queries.invalidateQueries({ queryKey: keys.checkouts });
        return;
      }
      readAgain();
    }

    function open() {
      stream = client.live({
        onEvent,
        onState: (state) => {
          // The server may be gone. The page finds out by the reads, which tell it and recover.
          if (state === 'waiting' && ++failures === 2) readAgain();
          if (state !== 'open') return;
          failures = 0;
          // `changed` events are not repeated after a gap, so everything may be out of date.
          if (opened) readAgain();
          opened = true;
        },
        lastEventId: last_event_id,
      });
    }

    function close() {
      last_event_id = stream?.lastEventId ?? last_event_id;
      stream?.close();
      stream = null;
    }

    // A hidden tab gives its connection back: browsers allow six per host, for all tabs together.
    function onVisibility() {
      if (document.visibilityState === 'hidden') close();
      else if (stream === null) open();
    }

    onVisibility();
    document.addEventListener('visibilitychange', onVisibility);
    return () => {
      document.removeEventListener('visibilitychange', onVisibility);
      close();
    };
  }, [client, queries, toast]);

  return null;
}
