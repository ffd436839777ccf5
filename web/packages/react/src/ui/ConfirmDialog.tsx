// A question before something that matters. The browser's own <dialog> keeps the focus inside, makes
// the page behind inert and closes on Escape.

import { useEffect, useId, useRef, type ReactNode } from 'react';

import { Button } from './basics';
import { replaceable } from './parts';

export interface ConfirmDialogProps {
  title: string;
  children: ReactNode;
  confirmLabel: string;
  cancelLabel: string;
  danger?: boolean;
  busy?: boolean;
  error?: string | null;
  confirmTestId?: string;
  /** There is nothing to confirm: only the way back is offered. */
  onlyBack?: boolean;
  onConfirm: () => void;
  onClose: () => void;
}

/** Open while it is rendered. */
export const ConfirmDialog = replaceable(
  'ConfirmDialog',
  function ConfirmDialog(props: ConfirmDialogProps) {
    const ref = useRef<HTMLDialogElement>(null);
    const id = useId();

    useEffect(() => {
      const dialog = ref.current!;
      const opener = document.activeElement;
      if (!dialog.open) dialog.showModal();
      return () => {
        dialog.close();
        if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
      };
    }, []);

    return (
      <dialog
        ref={ref}
        className="pd-dialog"
        aria-labelledby={`${id}-title`}
        aria-describedby={`${id}-text`}
        onCancel={(event) => {
          event.preventDefault();
          if (!props.busy) props.onClose();
        }}
        onClick={(event) => {
          if (event.target === ref.current && !props.busy) props.onClose(); // the backdrop
        }}
      >
        <div className="pd-dialog-body">
          <h2 className="pd-dialog-title" id={`${id}-title`}>
            {props.title}
          </h2>
          <div className="pd-dialog-text" id={`${id}-text`}>
            {props.children}
          </div>
          {props.error && (
            <p className="pd-dialog-error" role="alert">
              {props.error}
            </p>
          )}
          <div className="pd-dialog-actions">
            <Button onClick={props.onClose} busy={false} disabled={props.busy}>
              {props.cancelLabel}
            </Button>
            {!props.onlyBack && (
              <Button
                variant={props.danger ? 'danger' : 'primary'}
                busy={props.busy ?? false}
                data-testid={props.confirmTestId}
                onClick={props.onConfirm}
              >
                {props.confirmLabel}
              </Button>
            )}
          </div>
        </div>
      </dialog>
    );
  },
);
