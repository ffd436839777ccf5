// Waits until nothing is under way between the sandbox and the server.
import { sql, until } from './processes.mjs'

// Every event that the sandbox has lately made has come, is applied, and what it set off is done: mails, payments.
export async function calm(up, seconds = 60) {
  const ask = (text) => sql(up.databaseUrl(), text)
  await until('calm', async () => {
    const { data } = await (await fetch(`${up.sandbox}/v1/events?limit=100`, { headers: { authorization: 'Bearer sk_test_dashboard' } })).json()
    const come = new Set((await ask(`select event_id from paydesk.webhook_events where event_id = any ('{${data.map((event) => event.id)}}')`)).map((row) => row.event_id))
    if (data.some((event) => !come.has(event.id))) return false
    const [{ busy }] = await ask("select (select count(*) from paydesk.webhook_events where status in ('received', 'failed', 'waiting')) + (select count(*) from paydesk.jobs where status in ('queued', 'running') and kind in ('pay_invoice', 'send_emails') and run_at <= now()) + (select count(*) from paydesk.emails where status = 'queued') as busy")
    if (busy > 0) return false
    // What was done last may have made events of its own.
    const again = await (await fetch(`${up.sandbox}/v1/events?limit=1`, { headers: { authorization: 'Bearer sk_test_dashboard' } })).json()
    return again.data[0]?.id === data[0]?.id
  }, seconds)
}
