// Approves on the sandbox's PayPal pages as their forms do, for tests that need no browser.

// Returns where the buyer is sent afterwards; throws with what the page says when they are not.
export async function approve(url, { email = 'ada@example.com', funding = 'balance', answer = 'approve' } = {}) {
  const response = await fetch(url, {
    method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ email, funding, answer }),
  })
  const location = response.headers.get('location')
  if (!location) throw new Error(`the approval page answered ${response.status}: ${(await response.text()).replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ').slice(0, 600)}`)
  return location
}

export const linkOf = (object, ...rels) => object.links.find((link) => rels.includes(link.rel))?.href
