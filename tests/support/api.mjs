// The server's API as a signed-in user calls it.

// {get, post, patch, delete, token, raw}; all but raw throw what is not 2xx, raw gives the response.
export function userOf(base, token) {
  const raw = (method, path, body, headers = {}) => fetch(`${base}${path}`, {
    method, headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const call = async (method, path, body) => {
    const response = await raw(method, path, body)
    const answer = await response.json()
    if (!response.ok) throw Object.assign(new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`), { status: response.status, problem: answer })
    return answer
  }
  return { token, raw, get: (path) => call('GET', path), post: (path, body = {}) => call('POST', path, body), patch: (path, body) => call('PATCH', path, body), delete: (path) => call('DELETE', path) }
}

export async function signIn(up, email) {
  const answer = await userOf(up.url).post('/api/local/sign-in', { user: email })
  return Object.assign(userOf(up.url, answer.access_token), { session: answer })
}
