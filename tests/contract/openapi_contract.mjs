// Judges the server's responses by openapi/openapi.yaml.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Ajv from 'ajv/dist/2020.js'
import { parse } from 'yaml'
import { root } from '../support/processes.mjs'

export const contract = parse(readFileSync(join(root, 'openapi/openapi.yaml'), 'utf8'))

// JSON Schema's own formats that the contract uses.
const formats = {
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
  uri: (text) => URL.canParse(text), email: /^[^@\s]+@[^@\s]+$/, int64: true, int32: true, binary: true,
}

export function openContract() {
  const ajv = new Ajv({ strict: false, allErrors: true, formats })
  ajv.addSchema({ $id: 'paydesk', ...contract })
  const compiled = new Map()
  const at = (pointer) => pointer.split('/').slice(1).reduce((value, step) => value?.[step.replaceAll('~1', '/').replaceAll('~0', '~')], contract)
  const follow = (value, pointer) => (value?.$ref ? follow(at(value.$ref.slice(1)), value.$ref.slice(1)) : [value, pointer])
  const escape = (text) => text.replaceAll('~', '~0').replaceAll('/', '~1')

  // What is wrong with one response; [] when nothing is. `route` is the pattern: /api/checkout/{sessionId}.
  function check({ method, route, status, content_type, body }) {
    const path = Object.keys(contract.paths).find((p) => p.replaceAll(/\{[^}]+\}/g, '{}') === route.replaceAll(/\{[^}]+\}/g, '{}'))
    if (!path) return [`${route} is not in openapi.yaml`]
    const verb = method === 'HEAD' ? 'get' : method.toLowerCase()
    const operation = contract.paths[path][verb]
    if (!operation) return status === 405 || method === 'OPTIONS' ? [] : [`${method} ${route} is not in openapi.yaml`]
    const declared = operation.responses[status]
    if (!declared) return [`${method} ${route} answers ${status}, which openapi.yaml does not know`]
    const [response, pointer] = follow(declared, `/paths/${escape(path)}/${verb}/responses/${status}`)
    const type = (content_type ?? '').split(';')[0]
    if (!response.content) return body ? [`${method} ${route} ${status} has a body`] : []
    if (!response.content[type]) return [`${method} ${route} ${status} is ${type}; openapi.yaml says ${Object.keys(response.content)}`]
    if (!/json/.test(type) || method === 'HEAD') return []
    const full = `paydesk#${pointer}/content/${escape(type)}/schema`
    if (!compiled.has(full)) compiled.set(full, ajv.compile({ $ref: encodeURI(full) }))
    const validate = compiled.get(full)
    const value = typeof body === 'string' ? JSON.parse(body) : body
    return validate(value) ? [] : validate.errors.map((e) => `${method} ${route} ${status}${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`)
  }
  return { check }
}

// Every line of a recording of the server. {checked, wrong, seen: ["GET /api/plans 200"]}
export function judgeResponses(file) {
  const { check } = openContract()
  const wrong = new Set()
  const seen = new Set()
  let checked = 0
  for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const record = JSON.parse(line)
    checked += 1
    seen.add(`${record.method} ${record.route} ${record.status}`)
    for (const text of check(record)) wrong.add(text)
  }
  return { checked, wrong: [...wrong], seen: [...seen] }
}
