// Runs oidc-provider, unmodified, as the OpenID provider of a company:
//
//   node openid.mjs FOLDER PORT
//
// FOLDER/config.json is {issuer, client, people: [{login, password, claims}],
// idTokenClaims}. Client, in the words of OpenID registration, and people are
// read each time they are asked for. Keys, sessions, codes and sign-ins under way
// are kept in FOLDER, so that a provider that is stopped and started again goes
// on. The first line out says that it answers; SIGTERM ends it.

import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import Provider from 'oidc-provider'

const [folder, port] = process.argv.slice(2)
const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'))
const write = (name, value) => writeFileSync(join(folder, name), JSON.stringify(value), { mode: 0o600 })
const config = () => read('config.json')

if (!existsSync(join(folder, 'keys.json'))) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  write('keys.json', { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }] })
}

// Store is what oidc-provider calls an adapter. It keeps everything in one file.
const kept = new Map(existsSync(join(folder, 'state.json')) ? read('state.json') : [])
const keep = () => write('state.json', [...kept])

class Store {
  constructor(kind) { this.kind = kind }

  key(id) { return `${this.kind} ${id}` }

  async upsert(id, payload, expiresIn) {
    kept.set(this.key(id), { payload, expires: expiresIn ? Date.now() + expiresIn * 1000 : null })
    keep()
  }

  async find(id) {
    if (this.kind === 'Client') {
      const { client } = config()
      return id === client.client_id ? client : undefined
    }
    const found = kept.get(this.key(id))
    return found && (!found.expires || found.expires > Date.now()) ? found.payload : undefined
  }

  async findByUid(uid) {
    for (const [key, { payload }] of kept) {
      if (key.startsWith(this.key('')) && payload.uid === uid) return this.find(key.slice(this.key('').length))
    }
  }

  async consume(id) {
    kept.get(this.key(id)).payload.consumed = Math.floor(Date.now() / 1000) // seconds
    keep()
  }

  async destroy(id) {
    kept.delete(this.key(id))
    keep()
  }

  async revokeByGrantId(grantId) {
    for (const [key, { payload }] of kept) if (payload.grantId === grantId) kept.delete(key)
    keep()
  }
}

const person = (login) => config().people.find((p) => p.login === login)
const { issuer, idTokenClaims } = config()

const provider = new Provider(issuer, {
  adapter: Store,
  jwks: read('keys.json'),
  cookies: { keys: ['for this test alone'] },
  claims: {
    openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'given_name', 'family_name'], groups: ['groups'],
  },
  scopes: ['openid', 'email', 'profile', 'groups'],
  conformIdTokenClaims: !idTokenClaims, // conforming, they are in the answer of the userinfo endpoint only
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, sub) => person(sub) && { accountId: sub, claims: () => ({ sub, ...person(sub).claims }) },
  // Who signs in has consented.
  loadExistingGrant: async ({ oidc }) => {
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId })
    grant.addOIDCScope('openid email profile groups')
    await grant.save()
    return grant
  },
  renderError: (ctx, out) => {
    ctx.type = 'html'
    ctx.body = page(`<h1>Something went wrong</h1><p id="error">${escape(out.error)}</p><p>${escape(out.error_description ?? '')}</p>`)
  },
})
provider.on('server_error', (_, err) => console.error(err))

const escape = (s) => String(s).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
const page = (body) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sign in</title></head><body><main>${body}</main></body></html>`

const loginPage = ({ uid, params }, trouble) => page(`<h1>Sign in</h1><p role="alert">${escape(trouble)}</p>
<form method="post" action="/interaction/${uid}">
<p><label for="login">Login</label> <input id="login" name="login" value="${escape(params.login_hint ?? '')}"></p>
<p><label for="password">Password</label> <input id="password" name="password" type="password"></p>
<p><button>Sign in</button> <a href="/interaction/${uid}/abort">Cancel</a></p></form>`)

const allowPage = ({ uid }) => page(`<h1>Sign in</h1><form method="post" action="/interaction/${uid}">
<p><button>Allow</button> <a href="/interaction/${uid}/abort">Cancel</a></p></form>`)

// interact asks whoever signs in what oidc-provider wants to know.
async function interact(req, res) {
  const details = await provider.interactionDetails(req, res)
  const finish = (result) => provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false })
  const show = (html) => res.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'no-store' }).end(html)

  if (req.url.endsWith('/abort')) {
    return finish({ error: 'access_denied', error_description: 'End-User aborted interaction' })
  }
  const login = details.prompt.name === 'login'
  if (req.method !== 'POST') return show(login ? loginPage(details, '') : allowPage(details))
  if (!login) return finish({ consent: {} })
  const form = new URLSearchParams(await text(req))
  const found = person(form.get('login'))
  if (!found || found.password !== form.get('password')) return show(loginPage(details, 'Wrong login or password'))
  return finish({ login: { accountId: found.login } })
}

const answer = provider.callback()
const server = createServer((req, res) => {
  if (!req.url.startsWith('/interaction/')) return answer(req, res)
  interact(req, res).catch((err) => res.writeHead(400, { 'content-type': 'text/html' }).end(page(`<h1>Something went wrong</h1><p id="error">${escape(err.message)}</p>`)))
})
process.on('SIGTERM', () => {
  server.close(() => process.exit(0))
  server.closeAllConnections()
})
server.listen(Number(port), '127.0.0.1', () => console.log('ready'))
