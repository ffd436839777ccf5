// bench/paypal_verify: what it costs to verify a PayPal webhook once its certificate is kept. Prints a table.
import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = join(dirname(fileURLToPath(import.meta.url)), '../../build/release/bench_paypal_verify')
const seconds = process.env.BENCH_SECONDS ?? '3'
console.log('| body, bytes | deliveries verified | calls to PayPal | us for each |\n| --- | --- | --- | --- |')
for (const bytes of [1_000, 10_000, 500_000]) {
  const measured = JSON.parse(execFileSync(program, [seconds, String(bytes)], { encoding: 'utf8' }))
  console.log(`| ${bytes} | ${measured.verified} | ${measured.calls} | ${measured.microseconds} |`)
}
