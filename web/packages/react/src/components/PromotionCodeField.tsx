import { useEffect, useId, useRef, useState, type ReactNode } from 'react';

import { useWords } from '../context';

export interface PromotionCodeFieldProps {
  code: string;
  onCode: (code: string) => void;
  /** Why the code does not count: shown where it was typed. */
  error: string | null;
  /** What happened to a code that does count. */
  note?: string | null;
  disabled?: boolean;
  /** Beside the field: a button that sends the code at once. */
  children?: ReactNode;
}

/** Out of the way until somebody has a code. */
export function PromotionCodeField(props: PromotionCodeFieldProps) {
  const { code, onCode, error, note, disabled = false, children } = props;
  const say = useWords().promotion;
  const [opened, setOpened] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const open = opened || code !== '' || error !== null;

  // What has just been refused is where the eyes and the keyboard go.
  const before = useRef(error);
  useEffect(() => {
    if (error !== null && before.current === null) field.current?.focus();
    before.current = error;
  }, [error]);

  if (!open) {
    return (
      <button
        type="button"
        className="pd-link"
        data-testid="promotion-open"
        onClick={() => {
          setOpened(true);
          requestAnimationFrame(() => field.current?.focus());
        }}
      >
        {say.have}
      </button>
    );
  }
  return (
    <div className="pd-promotion">
      <label htmlFor={id}>{say.label}</label>
      <div className="pd-promotion-row">
        <input
          ref={field}
          id={id}
          className="pd-input"
          maxLength={255}
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          disabled={disabled}
          value={code}
          aria-invalid={error !== null || undefined}
          aria-describedby={error !== null || note ? `${id}-note` : undefined}
          data-testid="promotion-code"
          onChange={(event) => onCode(event.target.value)}
        />
        {children}
      </div>
      {error !== null ? (
        <p className="pd-text-danger" role="alert" id={`${id}-note`} data-testid="promotion-error">
          {error}
        </p>
      ) : (
        note && (
          <p className="pd-text-success" role="status" id={`${id}-note`}>
            {note}
          </p>
        )
      )}
    </div>
  );
}
