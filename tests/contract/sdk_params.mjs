// What an official SDK can send: every method of its client, the route it calls and the parameters that its types know.
// Routes are found by calling the methods with a client that sends nothing, parameters by the TypeScript compiler.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { installed } from './schema.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const cache = join(here, '../../build/contract')
const depthMax = 7

function open(folder) {
  const file = join(folder, 'client.generated.ts')
  const source = `import Stripe from 'stripe';\nexport declare const client: Stripe;`
  const options = {
    strict: true, skipLibCheck: true, noEmit: true, types: ['node'], target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
  }
  const host = ts.createCompilerHost(options)
  const read = host.getSourceFile.bind(host)
  const exists = host.fileExists.bind(host)
  host.fileExists = (path) => path === file || exists(path)
  host.getSourceFile = (path, ...rest) => (path === file ? ts.createSourceFile(path, source, ts.ScriptTarget.ES2022, true) : read(path, ...rest))
  const program = ts.createProgram([file], options, host)
  const main = program.getSourceFile(file)
  const statement = main.statements[1]
  const checker = program.getTypeChecker()
  return { checker, main, client: checker.getTypeAtLocation(statement.declarationList.declarations[0].name) }
}

// {kinds: [...], values?, fields?, items?}: kinds among text, enum, number, boolean, list, object, map, empty.
function shapeOf({ checker, main }, types, depth) {
  const shape = { kinds: new Set(), values: new Set() }
  for (const type of types) {
    const F = ts.TypeFlags
    const name = (type.aliasSymbol ?? type.symbol)?.getName()
    if (type.flags & (F.Undefined | F.Never) || name === 'OtherString') continue
    if (type.flags & F.Null) shape.kinds.add('empty')
    else if (name === 'Decimal') shape.kinds.add('text')
    else if (type.isStringLiteral()) (type.value === '' ? shape.kinds : shape.values).add(type.value === '' ? 'empty' : type.value)
    else if (type.flags & F.BooleanLike) shape.kinds.add('boolean')
    else if (type.flags & F.StringLike) shape.kinds.add('text')
    else if (type.flags & F.NumberLike) shape.kinds.add('number')
    else if (checker.isArrayType(type)) {
      shape.kinds.add('list')
      const item = checker.getTypeArguments(type)[0]
      shape.items = shapeOf({ checker, main }, item.isUnion() ? item.types : [item], depth + 1)
    } else if (type.flags & F.Object || type.isIntersection()) {
      if (type.isIntersection() && type.types.some((part) => part.flags & F.StringLike)) continue
      const index = checker.getIndexTypeOfType(type, ts.IndexKind.String)
      if (index) {
        shape.kinds.add('map')
        shape.items = shapeOf({ checker, main }, index.isUnion() ? index.types : [index], depth + 1)
      } else {
        shape.kinds.add('object')
        if (depth < depthMax) shape.fields = { ...shape.fields, ...fieldsOf({ checker, main }, type, depth + 1) }
      }
    }
  }
  if (shape.values.size && !shape.kinds.has('text')) shape.kinds.add('enum')
  return { ...shape, kinds: [...shape.kinds].sort(), values: [...shape.values] }
}

function fieldsOf(sdk, type, depth = 0) {
  const fields = {}
  for (const property of sdk.checker.getPropertiesOfType(type)) {
    if (depth === 0 && property.getName() === 'expand') continue
    const declared = sdk.checker.getTypeOfSymbolAtLocation(property, sdk.main)
    const shape = shapeOf(sdk, declared.isUnion() ? declared.types : [declared], depth)
    fields[property.getName()] = { ...shape, required: !(property.flags & ts.SymbolFlags.Optional) }
  }
  return fields
}

async function convert(folder) {
  const sdk = open(folder)
  const { default: Stripe } = await import(join(folder, 'stripe.mjs'))
  let sent
  const client = new Stripe('sk_test_0123456789abcdefghij', { telemetry: false, maxNetworkRetries: 0, httpClient: {
    getClientName: () => 'none',
    makeRequest: async (host, port, path, method) => { sent = { method, path: path.split('?')[0] }; throw new Error('nothing is sent') },
  } })
  const routes = {}
  const walk = async (type, it, names) => {
    for (const property of sdk.checker.getPropertiesOfType(type)) {
      const name = property.getName()
      if (name.startsWith('_') || ['v2', 'rawRequest', 'oauth', 'webhooks', 'errors', 'files'].includes(name) || names.length > 3) continue
      const declared = sdk.checker.getTypeOfSymbolAtLocation(property, sdk.main)
      const signatures = declared.getCallSignatures()
      const value = it?.[name]
      if (!signatures.length) {
        const resource = typeof value === 'object' && value !== null && (value.constructor?.name !== 'Object' || /Resource|Stripe/.test(sdk.checker.typeToString(declared)))
        if (resource) await walk(declared, value, [...names, name])
        continue
      }
      if (typeof value !== 'function' || !names.length) continue
      const signature = signatures.reduce((best, one) => (one.parameters.length > best.parameters.length ? one : best))
      const parameters = signature.parameters.map((parameter) => parameter.getName())
      const ids = parameters.filter((one) => one !== 'params' && one !== 'options')
      sent = undefined
      try { await value.apply(it, ids.map(() => '{}')) } catch { /* nothing is sent */ }
      if (!sent) continue
      const at = signature.parameters.find((parameter) => parameter.getName() === 'params')
      const params = at ? sdk.checker.getNonNullableType(sdk.checker.getTypeOfSymbolAtLocation(at, sdk.main)) : undefined
      const route = `${sent.method} ${decodeURIComponent(sent.path)}`
      const fields = params ? (params.isUnion() ? Object.assign({}, ...params.types.map((one) => fieldsOf(sdk, one))) : fieldsOf(sdk, params)) : {}
      routes[route] = { ...routes[route], ...fields }
    }
  }
  await walk(sdk.client, client, [])
  return routes
}

// {'POST /v1/customers/{}': {email: {kinds, values, fields?, items?, required}}} of the SDK installed in sdk/<name>.
export async function sdkParams(name) {
  const folder = join(here, 'sdk', name)
  const version = installed(folder)
  const key = createHash('sha256').update(JSON.stringify([version, readFileSync(fileURLToPath(import.meta.url), 'utf8')])).digest('hex').slice(0, 16)
  const file = join(cache, `params-${name}-${key}.json`)
  if (!existsSync(file)) {
    mkdirSync(cache, { recursive: true })
    const whole = `${file}.${process.pid}`
    writeFileSync(whole, JSON.stringify(await convert(folder)))
    renameSync(whole, file)
  }
  return JSON.parse(readFileSync(file))
}
