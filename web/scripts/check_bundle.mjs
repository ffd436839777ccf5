// Holds the built dashboard to its promises: the billing page's JavaScript stays small, and index.html
// has nothing inline that the content security policy would block.

import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const javascript_bytes_max = 200_000;
const dist = new URL('../apps/dashboard/dist/', import.meta.url);
const read = (path) => readFileSync(new URL(path, dist));
const manifest = JSON.parse(read('.vite/manifest.json'));

function filesOf(name, files = new Set()) {
  const chunk = manifest[name];
  if (!chunk || files.has(chunk.file)) return files;
  files.add(chunk.file);
  for (const next of chunk.imports ?? []) filesOf(next, files);
  return files;
}

const entry = filesOf('index.html');
const failures = [];
for (const [name, chunk] of Object.entries(manifest)) {
  if (!name.startsWith('src/pages/')) continue;
  const files = filesOf(name, new Set(entry));
  const bytes = [...files]
    .filter((file) => file.endsWith('.js'))
    .reduce((sum, file) => sum + gzipSync(read(file)).length, 0);
  console.log(`${name.padEnd(28)} ${(bytes / 1000).toFixed(1).padStart(6)} kB of JavaScript, gzip`);
  if (bytes > javascript_bytes_max)
    failures.push(`${name} loads ${bytes} bytes of JavaScript, more than ${javascript_bytes_max}`);
}
const page = read('index.html').toString();
if (/<script(?![^>]*\bsrc=)[^>]*>/i.test(page)) failures.push('index.html has an inline script');
if (/<style|\sstyle=|\son[a-z]+=/i.test(page))
  failures.push('index.html has an inline style or handler');
if (/(?:src|href)="(?:https?:)?\/\//i.test(page))
  failures.push('index.html loads something from another host');
for (const failure of failures) console.error(`error: ${failure}`);
process.exit(failures.length === 0 ? 0 : 1);
