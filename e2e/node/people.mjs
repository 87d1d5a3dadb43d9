// Uses @clerk/backend, unmodified, for people, sessions, tokens and settings.
// Standard input is one JSON object {apiUrl, secretKey, session}; the last line
// out is what was seen. The Go test says what it should be.

import { createClerkClient } from '@clerk/backend'
import { text } from 'node:stream/consumers'

const { apiUrl, secretKey, session } = JSON.parse(await text(process.stdin))
const clerk = createClerkClient({ apiUrl, secretKey, telemetry: { disabled: true } })
const seen = {}

async function code(call) {
  try {
    await call()
    return 'no failure'
  } catch (err) {
    return err.errors?.[0]?.code ?? String(err)
  }
}

const user = await clerk.users.createUser({
  emailAddress: ['dora@initech.test'], firstName: 'Dora', password: 'correct horse battery', createdAt: new Date('2020-01-02T03:04:05Z'),
})
const email = await clerk.emailAddresses.createEmailAddress({ userId: user.id, emailAddress: 'd@home.test', verified: true })
await clerk.emailAddresses.updateEmailAddress(email.id, { primary: true })
const read = await clerk.users.getUser(user.id)
seen.user = { created: new Date(read.createdAt).toISOString(), primary: read.primaryEmailAddress?.emailAddress, addresses: read.emailAddresses.length }
seen.deletedEmail = (await clerk.emailAddresses.deleteEmailAddress(email.id)).id === email.id
seen.password = (await clerk.users.verifyPassword({ userId: user.id, password: 'correct horse battery' })).verified
seen.wrongPassword = await code(() => clerk.users.verifyPassword({ userId: user.id, password: 'wrong horse' }))
seen.reserved = await code(() => clerk.emailAddresses.createEmailAddress({ userId: user.id, emailAddress: 'dora@acme.test' }))
seen.found = (await clerk.users.getUserList({ userId: ['+' + user.id], organizationId: ['-org_none'], createdAtBefore: Date.parse('2020-02-01') })).totalCount

const template = await clerk.jwtTemplates.create({ name: 'app', claims: { mail: '{{user.primary_email_address}}' } })
const minted = await clerk.sessions.getToken(session, 'app')
seen.template = { name: template.name, mail: JSON.parse(Buffer.from(minted.jwt.split('.')[1], 'base64url').toString()).mail }
const client = await clerk.clients.getClient((await clerk.sessions.getSession(session)).clientId)
seen.client = client.sessionIds.includes(session)
seen.made = (await clerk.sessions.createSession({ userId: user.id })).status // a development server

const ticket = await clerk.signInTokens.createSignInToken({ userId: user.id, expiresInSeconds: 60 })
seen.ticket = { token: Boolean(ticket.token), revoked: (await clerk.signInTokens.revokeSignInToken(ticket.id)).status }
const actor = await clerk.actorTokens.create({ userId: user.id, actor: { sub: 'user_support' } })
seen.actor = { sub: actor.actor.sub, revoked: (await clerk.actorTokens.revoke(actor.id)).status }
seen.testing = Boolean((await clerk.testingTokens.createTestingToken()).token)

seen.instance = (await clerk.instance.get()).environmentType
seen.restrictions = (await clerk.instance.updateRestrictions({ blocklist: true })).blocklist
await clerk.blocklistIdentifiers.createBlocklistIdentifier({ identifier: 'eve@evil.test' })
seen.blocked = (await clerk.blocklistIdentifiers.getBlocklistIdentifierList()).totalCount
await clerk.allowlistIdentifiers.createAllowlistIdentifier({ identifier: '*@initech.test', notify: false })
seen.allowed = (await clerk.allowlistIdentifiers.getAllowlistIdentifierList()).totalCount
const redirect = await clerk.redirectUrls.createRedirectUrl({ url: 'myapp://callback' })
seen.redirect = (await clerk.redirectUrls.getRedirectUrl(redirect.id)).url
const flat = await clerk.samlConnections.createSamlConnection({ name: 'Initech', provider: 'saml_okta', domain: 'initech.test' })
seen.flat = { prefix: flat.id.split('_')[0], total: (await clerk.samlConnections.getSamlConnectionList({ query: 'init' })).totalCount }

console.log(JSON.stringify(seen))
