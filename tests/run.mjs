// node run.mjs CONCURRENCY FILE...: runs test files, each in a process of its own, and says what each said, whole.
//
// Not by `node --test`: its parent never ends where a child's last message was cut short (Node 20 to 22 wait for the
// rest of it in a loop), and then neither does a build.
import { spawn } from 'node:child_process'

const file_seconds_max = 400
const [concurrency, ...files] = process.argv.slice(2)
const node = ['--test-force-exit', '--test-timeout=180000', '--test-reporter=spec']
const running = new Set()
const end = (child, signal) => { try { process.kill(-child.pid, signal) } catch { /* it has ended */ } }
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { for (const child of running) end(child, signal); process.exit(1) })

// {code, output}; in a process group of its own, so that what it leaves behind ends with it.
const run = (file) => new Promise((resolve) => {
  const child = spawn(process.execPath, [...node, file], { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  running.add(child)
  let output = '', late = false
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { output += data })
  const timer = setTimeout(() => { late = true; end(child, 'SIGKILL') }, file_seconds_max * 1000)
  // Its last words are read to their end, unless something that it left behind holds the pipe open.
  const done = (code, signal) => {
    clearTimeout(timer)
    running.delete(child)
    if (late) output += `\n✖ ${file} took longer than ${file_seconds_max} s\n`
    resolve({ code: code ?? signal, output })
  }
  child.on('exit', (code, signal) => { end(child, 'SIGKILL'); setTimeout(done, 2000, code, signal).unref() })
  child.on('close', done)
})

let passed = 0
const failed = []
const waiting = [...files]
await Promise.all(Array.from({ length: Number(concurrency) }, async () => {
  for (let file = waiting.shift(); file; file = waiting.shift()) {
    const began = Date.now()
    const { code, output } = await run(file)
    console.log(`\n${code === 0 ? '▶' : '✖'} ${file} (${((Date.now() - began) / 1000).toFixed(1)} s)\n${output.trim()}`)
    passed += Number(/^(?:ℹ|#) pass (\d+)/m.exec(output.replaceAll(/\x1b\[\d+m/g, ''))?.[1] ?? 0)
    if (code !== 0) failed.push({ file, output })
  }
}))
// Last, where who reads the end of a log finds it.
for (const { file, output } of failed) {
  const summary = output.lastIndexOf('✖ failing tests')
  console.log(`\n✖ failed: ${file}\n${output.slice(summary < 0 ? -2000 : summary).trim()}`)
}
console.log(`\nℹ pass ${passed}\nℹ fail ${failed.length} of ${files.length} files`)
process.exit(failed.length > 0 || passed === 0 ? 1 : 0)
