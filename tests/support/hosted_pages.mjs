// Pays on the sandbox's hosted page as its form does, for tests that need no browser.

// Returns where the customer is sent afterwards.
export async function payCheckout(url, number, { exp = '12/34', cvc = '123', name = 'Ada Lovelace' } = {}) {
  const response = await fetch(url, {
    method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ card_number: number, card_exp: exp, card_cvc: cvc, card_name: name, email: 'ada@example.com' }),
  })
  const location = response.headers.get('location')
  if (!location) throw new Error(`the hosted page answered ${response.status}: ${(await response.text()).replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ').slice(0, 600)}`)
  return location
}

// The same from a bank account: `method` is sepa_debit, us_bank_account or bacs_debit.
export async function payCheckoutByBank(url, method, number, { routing = '' } = {}) {
  const response = await fetch(url, {
    method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ method, bank_number: number, bank_routing: routing, bank_name: 'Ada Lovelace', email: 'ada@example.com' }),
  })
  const location = response.headers.get('location')
  if (!location) throw new Error(`the hosted page answered ${response.status}: ${(await response.text()).replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ').slice(0, 600)}`)
  return location
}
