// Uses @clerk/backend, unmodified, as a customer's server would. Standard input is
// one JSON object {apiUrl, secretKey, metadata, alice, session}; the last line out
// is what was seen. The Go test says what it should be.

import { createClerkClient, verifyToken } from '@clerk/backend'
import { isClerkAPIResponseError } from '@clerk/backend/errors'
import { text } from 'node:stream/consumers'

const { apiUrl, secretKey, metadata, alice, session } = JSON.parse(await text(process.stdin))
const clerk = createClerkClient({ apiUrl, secretKey, telemetry: { disabled: true } })
const seen = {}

// failure is what the SDK makes of an answer that says no.
async function failure(call) {
  try {
    await call()
    return 'no failure'
  } catch (err) {
    return {
      known: isClerkAPIResponseError(err), status: err.status, traced: Boolean(err.clerkTraceId),
      codes: err.errors?.map((e) => e.code), params: err.errors?.map((e) => e.meta?.paramName ?? ''), words: err.errors?.every((e) => e.message && e.longMessage),
    }
  }
}

const user = await clerk.users.createUser({
  emailAddress: ['dora@initech.test'], firstName: 'Dora', externalId: 'crm-7', password: 'correct horse battery', publicMetadata: { plan: 'pro' },
})
await clerk.users.updateUser(user.id, { lastName: 'Explorer' })
await clerk.users.updateUserMetadata(user.id, { publicMetadata: { plan: null, seats: 3 } })
const read = await clerk.users.getUser(user.id)
seen.user = {
  name: read.fullName, address: read.primaryEmailAddress?.emailAddress, externalId: read.externalId, metadata: read.publicMetadata,
  password: read.passwordEnabled,
}
const listed = await clerk.users.getUserList({ emailAddress: ['dora@initech.test'], orderBy: '-created_at', limit: 5 })
seen.users = { total: listed.totalCount, first: listed.data[0]?.id === user.id, count: await clerk.users.getCount({ query: 'explorer' }) }
seen.banned = (await clerk.users.banUser(user.id)).banned
seen.unbanned = (await clerk.users.unbanUser(user.id)).banned
seen.locked = (await clerk.users.lockUser(user.id)).locked
seen.unlocked = (await clerk.users.unlockUser(user.id)).locked

const org = await clerk.organizations.createOrganization({ name: 'Initech', slug: 'initech', createdBy: user.id, publicMetadata: { tier: 1 } })
await clerk.organizations.updateOrganization(org.id, { name: 'Initech Ltd', maxAllowedMemberships: 5 })
await clerk.organizations.updateOrganizationMetadata(org.id, { privateMetadata: { crm: 1 } })
const bySlug = await clerk.organizations.getOrganization({ slug: 'initech', includeMembersCount: true })
seen.organization = { name: bySlug.name, members: bySlug.membersCount, publicMetadata: bySlug.publicMetadata, privateMetadata: bySlug.privateMetadata }
seen.organizations = (await clerk.organizations.getOrganizationList({ query: 'nitech' })).totalCount
const membership = await clerk.organizations.createOrganizationMembership({ organizationId: org.id, userId: alice, role: 'org:member' })
await clerk.organizations.updateOrganizationMembership({ organizationId: org.id, userId: alice, role: 'org:admin' })
await clerk.organizations.updateOrganizationMembershipMetadata({ organizationId: org.id, userId: alice, publicMetadata: { desk: 4 } })
const members = await clerk.organizations.getOrganizationMembershipList({ organizationId: org.id, role: ['org:admin'] })
seen.members = {
  added: membership.publicUserData?.identifier, total: members.totalCount,
  metadata: members.data.find((m) => m.publicUserData?.userId === alice)?.publicMetadata,
}
seen.removed = (await clerk.organizations.deleteOrganizationMembership({ organizationId: org.id, userId: alice })).publicUserData?.userId === alice
seen.memberships = (await clerk.users.getOrganizationMembershipList({ userId: user.id })).data.map((m) => m.organization.slug)

const connections = clerk.enterpriseConnections
const made = await connections.createEnterpriseConnection({
  name: 'Initech SSO', provider: 'saml_custom', domains: ['initech.test'], organizationId: org.id, saml: { idpMetadata: metadata },
})
const changed = await connections.updateEnterpriseConnection(made.id, {
  active: true, provider: 'saml_custom', saml: { forceAuthn: true, loginHint: { mode: 'off' }, attributeMapping: { firstName: 'givenName' } },
  customAttributes: [{ name: 'Team', key: 'team', ssoPath: 'team' }],
})
const got = await connections.getEnterpriseConnection(made.id)
seen.connection = {
  activeAtFirst: made.active, active: changed.active, domains: got.domains, provider: got.provider, organization: got.organizationId === org.id,
  forceAuthn: got.samlConnection?.forceAuthn, loginHint: got.samlConnection?.loginHint.mode, acs: got.samlConnection?.acsUrl,
  certificates: got.samlConnection?.idpCertificates.map((c) => c.certificate === got.samlConnection.idpCertificate),
  custom: got.customAttributes?.map((a) => a.key), authenticatable: got.authenticatable, jitOff: got.disableJitProvisioning,
}
const all = await connections.getEnterpriseConnectionList({ organizationId: org.id, active: true })
seen.connections = { total: all.totalCount, first: all.data[0]?.id === made.id }
seen.deletedConnection = (await connections.deleteEnterpriseConnection(made.id)).id === made.id

const { jwt } = await clerk.sessions.getToken(session)
const claims = await verifyToken(jwt, { secretKey, apiUrl })
seen.token = { sub: claims.sub === alice, sid: claims.sid === session, v: claims.v, organization: claims.o?.slg, role: claims.o?.rol, iss: claims.iss }
const short = await clerk.sessions.getToken(session, undefined, 30)
seen.short = (await verifyToken(short.jwt, { secretKey, apiUrl })).exp > 0
const sessions = await clerk.sessions.getSessionList({ userId: alice, status: 'active' })
seen.sessions = { total: sessions.totalCount, first: sessions.data[0]?.id === session }
seen.revoked = (await clerk.sessions.revokeSession(session)).status
const request = new Request('http://localhost:3000/', { headers: { authorization: `Bearer ${jwt}` } })

seen.failures = {
  afterRevocation: await failure(() => clerk.sessions.getToken(session)),
  notFound: await failure(() => clerk.users.getUser('user_none')),
  taken: await failure(() => clerk.users.createUser({ emailAddress: ['dora@initech.test'] })),
  two: await failure(() => clerk.organizations.createOrganization({ name: '<b>', slug: 'NO' })),
  key: await failure(() => createClerkClient({ apiUrl, secretKey: 'sk_test_wrong', telemetry: { disabled: true } }).users.getCount()),
}
seen.authenticated = (await clerk.authenticateRequest(request, { publishableKey: process.env.PUBLISHABLE_KEY, acceptsToken: 'session_token' })).isAuthenticated
seen.deletedOrganization = (await clerk.organizations.deleteOrganization(org.id)).id === org.id
seen.deletedUser = (await clerk.users.deleteUser(user.id)).id === user.id
console.log(JSON.stringify(seen))
