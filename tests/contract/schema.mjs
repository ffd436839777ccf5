// JSON Schema from the types of Stripe's official SDK: the contract that we did not write.
//
// Walks the declarations with the TypeScript compiler. Objects are closed (an unknown key is an error), enums are
// closed (the SDK's "any other string" is left out), decimals are text as on the wire.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const here = dirname(fileURLToPath(import.meta.url))
const cache = join(here, '../../build/contract')

function convert(folder, roots) {
  const file = join(folder, 'roots.generated.ts')
  const source = `import Stripe from 'stripe';\n` + roots.map((name, i) => `export declare const v${i}: Stripe.${name};`).join('\n')
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
  const checker = program.getTypeChecker()
  const main = program.getSourceFile(file)
  // A root that this SDK does not have gets no schema; anything else that does not compile is a mistake.
  const lines = source.split('\n')
  const absent = new Set()
  for (const wrong of program.getSemanticDiagnostics(main)) {
    const line = main.getLineAndCharacterOfPosition(wrong.start).line
    if (![2339, 2694, 2724].includes(wrong.code) || !line) throw new Error(`${lines[line]}: ${ts.flattenDiagnosticMessageText(wrong.messageText, '\n')}`)
    absent.add(roots[line - 1])
  }

  const F = ts.TypeFlags
  const $defs = {}
  const names = new Map()
  const symbolName = (type) => (type.aliasSymbol ?? type.symbol)?.getName()

  function reference(type) {
    if (!names.has(type)) {
      const name = `${symbolName(type) ?? 'T'}_${names.size}`
      names.set(type, name)
      $defs[name] = {}
      Object.assign($defs[name], object(type))
    }
    return { $ref: `#/$defs/${names.get(type)}` }
  }

  function object(type) {
    const properties = {}
    const required = []
    for (const property of checker.getPropertiesOfType(type)) {
      const key = property.getName()
      if (key === 'lastResponse') continue // the SDK's own, not on the wire
      const declared = checker.getTypeOfSymbolAtLocation(property, main)
      const types = (declared.isUnion() ? declared.types : [declared]).filter((t) => !(t.flags & F.Undefined))
      if (types.length === 1 && types[0].flags & F.VoidLike) properties[key] = false // `deleted?: void`
      else {
        properties[key] = oneOf(types)
        if (!(property.flags & ts.SymbolFlags.Optional)) required.push(key)
      }
    }
    const index = checker.getIndexTypeOfType(type, ts.IndexKind.String)
    return { type: 'object', properties, required, additionalProperties: index ? oneOf(index.isUnion() ? index.types : [index]) : false }
  }

  function oneOf(types) {
    const branches = []
    const literals = new Set()
    for (const type of types) {
      if (type.flags & (F.Never | F.Undefined) || symbolName(type) === 'OtherString') continue
      if (type.flags & (F.Any | F.Unknown)) return {}
      if (symbolName(type) === 'Decimal') branches.push({ type: 'string' })
      else if (type.flags & F.Null) literals.add(null)
      else if (type.isStringLiteral() || type.isNumberLiteral()) literals.add(type.value)
      else if (type.flags & F.BooleanLiteral) literals.add(checker.typeToString(type) === 'true')
      else if (type.flags & F.StringLike) branches.push({ type: 'string' })
      else if (type.flags & F.NumberLike) branches.push({ type: 'number' })
      else if (type.flags & F.BooleanLike) branches.push({ type: 'boolean' })
      else if (checker.isArrayType(type)) {
        const item = checker.getTypeArguments(type)[0]
        branches.push({ type: 'array', items: oneOf(item.isUnion() ? item.types : [item]) })
      } else if (type.isIntersection() && type.types.some((t) => t.flags & F.StringLike)) {
        if (!types.some((t) => t.isStringLiteral())) branches.push({ type: 'string' })
      } else if (type.flags & F.Object || type.isIntersection()) branches.push(reference(type))
      else branches.push({})
    }
    if (literals.has(true) && literals.has(false)) {
      literals.delete(true)
      literals.delete(false)
      branches.push({ type: 'boolean' })
    }
    if (literals.size) branches.push({ enum: [...literals] })
    return branches.length === 1 ? branches[0] : { anyOf: branches }
  }

  const schemas = {}
  main.forEachChild((node) => {
    if (!ts.isVariableStatement(node)) return
    const [declaration] = node.declarationList.declarations
    if (absent.has(roots[Number(declaration.name.text.slice(1))])) return
    const type = checker.getTypeAtLocation(declaration.name)
    schemas[roots[Number(declaration.name.text.slice(1))]] = oneOf(type.isUnion() ? type.types : [type])
  })
  return { $defs, schemas }
}

// The SDK's version that is installed, which a range in package.json does not tell. npm puts one of them a folder higher.
export function installed(folder) {
  const places = [folder, join(here, '..')].map((place) => join(place, 'node_modules/stripe/package.json'))
  return JSON.parse(readFileSync(places.find(existsSync))).version
}

// {$defs, schemas: {root: schema}} of the roots that exist in the SDK installed in sdk/<name>. Kept under build/, keyed by all it depends on.
export function sdkSchema(name, roots) {
  const folder = join(here, 'sdk', name)
  const version = installed(folder)
  const key = createHash('sha256').update(JSON.stringify([version, roots, readFileSync(fileURLToPath(import.meta.url), 'utf8')])).digest('hex').slice(0, 16)
  const file = join(cache, `${name}-${key}.json`)
  if (!existsSync(file)) {
    mkdirSync(cache, { recursive: true })
    // Test files run side by side: what is there is whole.
    const whole = `${file}.${process.pid}`
    writeFileSync(whole, JSON.stringify(convert(folder, roots)))
    renameSync(whole, file)
  }
  return JSON.parse(readFileSync(file))
}
