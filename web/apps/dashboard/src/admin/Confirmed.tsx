// Nothing that an admin does happens on one click. The question holds the idempotency key: however often
// the button is pressed or the network fails, it is done once.

import { newIdempotencyKey } from '@paydesk/client';
import { ConfirmDialog, messageOf, useToast, useWords } from '@paydesk/react';
import { useState, type ReactNode } from 'react';

import { useSay } from '../language';

export interface ConfirmedProps {
  title: string;
  children: ReactNode;
  confirmLabel: string;
  danger?: boolean;
  /** What to say when it is done. */
  done: string;
  run: (idempotencyKey: string) => Promise<unknown>;
  onDone: () => void;
  onClose: () => void;
}

export function Confirmed(props: ConfirmedProps) {
  const say = useSay().admin;
  const words = useWords();
  const toast = useToast();
  const [key] = useState(newIdempotencyKey);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function run() {
    setBusy(true);
    setError(null);
    try {
      await props.run(key);
      toast({ tone: 'success', title: props.done });
      props.onDone();
    } catch (failure) {
      setError(messageOf(failure, words));
      setBusy(false);
    }
  }
  return (
    <ConfirmDialog
      title={props.title}
      confirmLabel={props.confirmLabel}
      cancelLabel={say.cancel}
      confirmTestId="admin-confirm"
      danger={props.danger ?? false}
      busy={busy}
      error={error}
      onConfirm={() => void run()}
      onClose={props.onClose}
    >
      {props.children}
    </ConfirmDialog>
  );
}
