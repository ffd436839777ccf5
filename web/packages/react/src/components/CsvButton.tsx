import type { Paydesk } from '@paydesk/client';

import { useWords } from '../context';
import type { CsvCell } from '../csv';
import { useDownload } from '../hooks/useDownload';
import { Button } from '../ui/basics';

/** All pages of a list as one file. */
export function CsvButton(props: {
  name: string;
  columns: readonly string[];
  read: (client: Paydesk) => Promise<CsvCell[][]>;
}) {
  const words = useWords();
  const { busy, csv } = useDownload();
  return (
    <Button
      size="small"
      variant="ghost"
      busy={busy === 'csv'}
      data-testid={`${props.name}-csv`}
      onClick={() => void csv(props.name, props.columns, props.read)}
    >
      {words.common.downloadCsv}
    </Button>
  );
}
