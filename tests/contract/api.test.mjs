// Every response that the API's own tests provoke (refusals, conflicts, replays) is what openapi.yaml says.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { program, temporaryFolder } from '../support/processes.mjs'
import { judgeResponses } from './openapi_contract.mjs'

test('the responses of api_test', { timeout: 400_000 }, () => {
  // `./dev test` has just run api_test and kept what it was answered.
  const recorded = process.env.PAYDESK_API_RECORDED
  const record = recorded ?? join(temporaryFolder('api'), 'responses.jsonl')
  if (!recorded) execFileSync(join(dirname(program), 'api_test'), ['--gtest_brief=1'], { env: { ...process.env, PAYDESK_API_RECORD: record }, stdio: 'pipe' })
  const { checked, wrong, seen } = judgeResponses(record)
  assert.ok(checked > 300, `only ${checked} responses`)
  for (const status of [400, 401, 404, 409, 422]) assert.ok(seen.some((s) => s.endsWith(` ${status}`)), `no ${status} among them`)
  assert.deepEqual(wrong, [])
})
