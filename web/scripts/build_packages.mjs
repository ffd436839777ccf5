// packages/*/src -> packages/*/dist: ESM for browsers and Node, one file per module so that bundlers drop
// what an app does not use, with types. Inside this folder the sources themselves are used instead
// (the condition `paydesk-source`).

import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const packages = {
  client: { entries: ['index'], copies: [] },
  react: { entries: ['index', 'words/de'], copies: ['paydesk.css'] },
};

/** './client' -> './client.js': Node and TypeScript's own resolution of ESM want the file's name. */
function nameFiles(declarations) {
  const text = readFileSync(declarations, 'utf8');
  const named = text.replace(
    /(from |import\()(['"])(\.{1,2}\/[^'"]+)\2/g,
    (all, before, quote, path) => {
      const target = resolve(dirname(declarations), path);
      const isFolder = statSync(target, { throwIfNoEntry: false })?.isDirectory() ?? false;
      return `${before}${quote}${path}${isFolder ? '/index' : ''}.js${quote}`;
    },
  );
  writeFileSync(declarations, named);
}

for (const [name, { entries, copies }] of Object.entries(packages)) {
  const folder = join(root, 'packages', name);
  const dist = join(folder, 'dist');
  rmSync(dist, { recursive: true, force: true });
  await build({
    root: folder,
    configFile: false,
    logLevel: 'warn',
    build: {
      target: 'es2023',
      minify: false,
      lib: {
        entry: Object.fromEntries(
          entries.map((entry) => [entry, join(folder, 'src', `${entry}.ts`)]),
        ),
        formats: ['es'],
      },
      rollupOptions: {
        external: (id) => !id.startsWith('.') && !id.startsWith('/'),
        output: {
          preserveModules: true,
          preserveModulesRoot: join(folder, 'src'),
          entryFileNames: '[name].js',
        },
      },
    },
  });
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(folder, 'tsconfig.build.json')], {
    stdio: 'inherit',
  });
  for (const file of readdirSync(dist, { recursive: true })) {
    if (file.endsWith('.d.ts')) nameFiles(join(dist, file));
  }
  for (const file of copies) copyFileSync(join(folder, 'src', file), join(dist, file));
}
