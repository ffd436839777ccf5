import type { Job, JobState } from '@paydesk/client';
import { Badge, Button, Notice, formatDateTime, usePaydesk, ListCard } from '@paydesk/react';
import { useState } from 'react';

import { Confirmed } from '../../admin/Confirmed';
import { Json } from '../../admin/Facts';
import { Choice } from '../../admin/fields';
import { useFilter } from '../../admin/Filters';
import { useAdminPages, useReadAgain } from '../../admin/List';
import { jobTones } from '../../admin/tones';
import { useSay } from '../../language';

interface Queue {
  jobs: Job[];
  has_more: boolean;
  counts: {
    due: number;
    scheduled: number;
    running: number;
    dead: number;
    oldest_due_at: string | null;
  };
}
type Filter = '' | JobState;

export default function Jobs() {
  const { locale } = usePaydesk();
  const words = useSay().console;
  const say = words.jobs;
  const [state, setState] = useFilter('state');
  const jobs = useAdminPages<Queue, Job>(
    `jobs/${state}`,
    (client, page, signal) =>
      client.admin.getJobs(
        { ...page, ...(state !== '' && { state: state as JobState }) },
        { signal },
      ),
    (page) => page.jobs,
  );
  const counts = jobs.pages?.[0]?.counts;
  const states: Record<Filter, string> = { '': words.all, ...say.states } as Record<Filter, string>;
  for (const key of ['due', 'scheduled', 'running', 'dead'] as const) {
    if (counts) states[key] = `${say.states[key]} (${counts[key]})`;
  }
  return (
    <div className="grid grid-cols-1 gap-5">
      {counts && counts.dead > 0 && <Dead count={counts.dead} />}
      <div className="flex flex-wrap items-end gap-x-4 gap-y-2">
        <div className="w-56">
          <Choice label={say.state} value={state as Filter} options={states} onChoose={setState} />
        </div>
        {counts?.oldest_due_at && (
          <p className="pb-2 text-sm text-muted">
            {say.dueSince(formatDateTime(counts.oldest_due_at, locale))}
          </p>
        )}
      </div>
      <ListCard {...say} list={jobs}>
        {(job) => <JobRow key={job.id} job={job} />}
      </ListCard>
    </div>
  );
}

function Dead({ count }: { count: number }) {
  const { client } = usePaydesk();
  const say = useSay().console.jobs;
  const readAgain = useReadAgain();
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Notice
        tone="danger"
        title={`${say.states['dead']}: ${count}`}
        action={
          <Button size="small" data-testid="retry-all" onClick={() => setAsking(true)}>
            {say.retryAll}
          </Button>
        }
      />
      {asking && (
        <Confirmed
          title={say.retryAllTitle}
          confirmLabel={say.retry}
          done={say.done}
          run={(idempotencyKey) => client.admin.retryDeadJobs({}, { idempotencyKey })}
          onDone={() => {
            setAsking(false);
            readAgain();
          }}
          onClose={() => setAsking(false)}
        >
          <p>{say.retryAllText(count)}</p>
        </Confirmed>
      )}
    </>
  );
}

function JobRow({ job }: { job: Job }) {
  const { client, locale } = usePaydesk();
  const say = useSay().console.jobs;
  const readAgain = useReadAgain();
  const [asking, setAsking] = useState(false);
  const label = job.state === 'dead' ? say.retry : say.runNow;
  return (
    <li className="pd-row pd-row-top" data-testid="admin-job" data-state={job.state}>
      <div className="pd-row-main">
        <p className="pd-row-title font-mono text-sm">{job.kind}</p>
        <p className="pd-row-text">
          <time dateTime={job.run_at}>{say.runsAt(formatDateTime(job.run_at, locale))}</time>
          {job.attempts > 0 && ` · ${say.of(job.attempts, job.max_attempts)}`}
        </p>
        {job.last_error && <p className="pd-row-text pd-text-danger">{job.last_error}</p>}
        {Object.keys(job.payload).length > 0 && (
          <details className="mt-2 text-sm">
            <summary className="cursor-pointer text-link">{say.payload}</summary>
            <div className="mt-2">
              <Json value={job.payload} label={say.payload} />
            </div>
          </details>
        )}
      </div>
      <div className="pd-row-side">
        <Badge tone={jobTones[job.state]}>{say.states[job.state]}</Badge>
        {(job.state === 'dead' || job.state === 'scheduled') && (
          <Button size="small" data-testid="retry-job" onClick={() => setAsking(true)}>
            {label}
          </Button>
        )}
      </div>
      {asking && (
        <Confirmed
          title={say.retryTitle}
          confirmLabel={label}
          done={say.done}
          run={(idempotencyKey) => client.admin.retryJob(job.id, { idempotencyKey })}
          onDone={() => {
            setAsking(false);
            readAgain();
          }}
          onClose={() => setAsking(false)}
        >
          <p>{say.retryText(job.kind)}</p>
        </Confirmed>
      )}
    </li>
  );
}
