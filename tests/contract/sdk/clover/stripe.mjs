// The SDK of this folder's package.json: Node resolves it from here.
export { default } from 'stripe'
