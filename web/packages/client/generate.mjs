// openapi.yaml -> src/schema.gen.ts. Leaves the file alone when nothing has changed, so that builds
// which look at times do not start again.

import { readFileSync, writeFileSync } from 'node:fs';

import openapiTS, { astToString } from 'openapi-typescript';

const contract = new URL('../../../openapi/openapi.yaml', import.meta.url);
const target = new URL('src/schema.gen.ts', import.meta.url);

const types =
  '// Generated from openapi/openapi.yaml by generate.mjs. Do not edit.\n\n' +
  astToString(await openapiTS(contract, { defaultNonNullable: false }));

let before = '';
try {
  before = readFileSync(target, 'utf8');
} catch {
  // the first time
}
if (types !== before) writeFileSync(target, types);
