import { useWords } from '../context';
import { useConnection } from '../query';
import { Notice } from '../ui/basics';

/** One line for the whole page while the service does not answer. It goes when the service is back. */
export function ConnectionNotice() {
  const words = useWords();
  const connection = useConnection();
  return (
    <div className="pd-connection" aria-live="polite">
      {connection !== 'ok' && (
        <Notice tone="warning" title={words.connection[connection].title}>
          {words.connection[connection].text}
        </Notice>
      )}
    </div>
  );
}
