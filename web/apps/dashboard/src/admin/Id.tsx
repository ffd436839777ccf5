import { useState } from 'react';

import { useSay } from '../language';

/** An id that is copied by a click. */
export function Id({ value }: { value: string }) {
  const say = useSay().admin;
  const [copied, setCopied] = useState(false);
  async function copy() {
    try {
      await navigator.clipboard.writeText(value);
      setCopied(true);
    } catch {
      // the browser does not allow it: the text can be selected
    }
  }
  return (
    <button
      type="button"
      className="max-w-full cursor-pointer truncate rounded font-mono text-xs text-muted hover:text-ink"
      title={copied ? say.copied : `${say.copy}: ${value}`}
      aria-label={`${say.copy}: ${value}`}
      onClick={() => void copy()}
    >
      {value}
      {copied && ' ✓'}
    </button>
  );
}
