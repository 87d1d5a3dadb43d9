// Uses @clerk/backend, unmodified: every method that it has for an operation which is
// served. Standard input is one JSON object {apiUrl, secretKey, session, cookie, user,
// account, signUp, discovery, logo}; the last line out is what was seen. The Go test
// records which operations were called, and says what should be seen.

import { createClerkClient } from '@clerk/backend'
import { text } from 'node:stream/consumers'

const given = JSON.parse(await text(process.stdin))
const clerk = createClerkClient({ apiUrl: given.apiUrl, secretKey: given.secretKey, telemetry: { disabled: true } })
const seen = {}
const tag = 'js'

async function code(call) {
  try {
    await call()
    return 'no failure'
  } catch (err) {
    return err.errors?.[0]?.code ?? String(err)
  }
}

// people
const { users, emailAddresses } = clerk
const user = await users.createUser({ emailAddress: [`dora@${tag}.test`], password: 'correct horse battery' })
seen.users = [
  (await users.getUserList({ userId: [user.id] })).data.map((u) => u.id)[0] === user.id, await users.getCount({ userId: [user.id] }),
  (await users.getUser(user.id)).primaryEmailAddress.emailAddress, (await users.updateUser(user.id, { firstName: 'Dora' })).firstName,
  (await users.updateUserMetadata(user.id, { publicMetadata: { a: 1 } })).publicMetadata, (await users.replaceUserMetadata(user.id, { publicMetadata: { b: 2 } })).publicMetadata,
  (await users.banUser(user.id)).banned, (await users.unbanUser(user.id)).banned, (await users.lockUser(user.id)).locked, (await users.unlockUser(user.id)).locked,
  (await users.verifyPassword({ userId: user.id, password: 'correct horse battery' })).verified, (await users.removePassword(user.id, {})).passwordEnabled,
]
const email = await emailAddresses.createEmailAddress({ userId: user.id, emailAddress: `second@${tag}.test`, verified: true })
seen.emails = [
  (await emailAddresses.getEmailAddress(email.id)).emailAddress, (await emailAddresses.updateEmailAddress(email.id, { primary: true })).id === email.id,
  (await emailAddresses.deleteEmailAddress(email.id)).deleted,
  (await users.replaceUserEmailAddress(user.id, { emailAddress: `only@${tag}.test` })).emailAddress,
]

// organizations
const { organizations } = clerk
const organization = await organizations.createOrganization({ name: 'Everything', slug: `everything-${tag}`, createdBy: user.id })
const organizationId = organization.id
const other = await users.createUser({ emailAddress: [`eve@${tag}.test`] })
seen.organizations = [
  (await organizations.getOrganizationList({ query: organizationId })).totalCount, (await organizations.getOrganization({ organizationId })).slug,
  (await organizations.updateOrganization(organizationId, { name: 'All' })).name,
  (await organizations.updateOrganizationMetadata(organizationId, { publicMetadata: { a: 1 } })).publicMetadata,
  (await organizations.replaceOrganizationMetadata(organizationId, { publicMetadata: { b: 2 } })).publicMetadata,
  (await organizations.updateOrganizationLogo(organizationId, { file: new Blob([Buffer.from(given.logo, 'base64')], { type: 'image/png' }), uploaderUserId: user.id })).hasImage,
  (await organizations.deleteOrganizationLogo(organizationId)).hasImage,
]
seen.memberships = [
  (await organizations.createOrganizationMembership({ organizationId, userId: other.id, role: 'org:member' })).role,
  (await organizations.updateOrganizationMembership({ organizationId, userId: other.id, role: 'org:admin' })).role,
  (await organizations.updateOrganizationMembershipMetadata({ organizationId, userId: other.id, publicMetadata: { desk: 4 } })).publicMetadata,
  (await organizations.getOrganizationMembershipList({ organizationId })).totalCount, (await organizations.getInstanceOrganizationMembershipList({ limit: 1 })).data.length,
  (await users.getOrganizationMembershipList({ userId: other.id })).totalCount,
  (await organizations.deleteOrganizationMembership({ organizationId, userId: other.id })).publicUserData.userId === other.id,
]
const invitation = await organizations.createOrganizationInvitation({ organizationId, emailAddress: `eve@${tag}.test`, role: 'org:member', inviterUserId: user.id })
seen.invitations = [
  (await organizations.createOrganizationInvitationBulk(organizationId, [{ emailAddress: `fay@${tag}.test`, role: 'org:member' }])).data.length,
  (await organizations.getOrganizationInvitationList({ organizationId, status: ['pending'] })).totalCount,
  (await organizations.getOrganizationInvitation({ organizationId, invitationId: invitation.id })).emailAddress,
  (await users.getOrganizationInvitationList({ userId: other.id, status: 'pending' })).totalCount,
  (await organizations.revokeOrganizationInvitation({ organizationId, invitationId: invitation.id, requestingUserId: user.id })).status,
]
await clerk.instance.updateOrganizationSettings({ domainsEnabled: true })
const domain = await organizations.createOrganizationDomain({ organizationId, name: `domain-${tag}.test`, enrollmentMode: 'manual_invitation', verified: false })
seen.domains = [
  (await organizations.getOrganizationDomainList({ organizationId })).totalCount,
  (await organizations.updateOrganizationDomain({ organizationId, domainId: domain.id, verified: true })).verification?.status,
  (await organizations.deleteOrganizationDomain({ organizationId, domainId: domain.id })).deleted,
]

// invitations to the application
const { invitations } = clerk
const invited = await invitations.createInvitation({ emailAddress: `gil@${tag}.test` })
const many = await invitations.createInvitationBulk([{ emailAddress: `hal@${tag}.test` }, { emailAddress: `ida@${tag}.test` }])
seen.appInvitations = [(many.data ?? many).length, (await invitations.getInvitationList({ query: `${tag}.test` })).totalCount, (await invitations.revokeInvitation(invited.id)).status]

// roles
const { organizationPermissions, organizationRoles, roleSets } = clerk
const permission = await organizationPermissions.createOrganizationPermission({ name: 'Read', key: `org:${tag}:read` })
const role = await organizationRoles.createOrganizationRole({ name: 'Extra', key: `org:extra_${tag}` })
const ids = { organizationRoleId: role.id, permissionId: permission.id }
seen.roles = [
  (await organizationPermissions.getOrganizationPermissionList({ query: tag })).totalCount, (await organizationPermissions.getOrganizationPermission(permission.id)).key,
  (await organizationPermissions.updateOrganizationPermission({ permissionId: permission.id, name: 'See' })).name,
  (await organizationRoles.getOrganizationRoleList({ query: 'extra' })).totalCount, (await organizationRoles.getOrganizationRole(role.id)).key,
  (await organizationRoles.updateOrganizationRole({ organizationRoleId: role.id, name: 'More' })).name,
  (await organizationRoles.assignPermissionToOrganizationRole(ids)).permissions.length, (await organizationRoles.removePermissionFromOrganizationRole(ids)).permissions.length,
]
const set = await roleSets.createRoleSet({ name: 'Set', key: `role_set:${tag}`, defaultRoleKey: 'org:admin', creatorRoleKey: 'org:admin', roles: ['org:admin'] })
const key = { roleSetKeyOrId: set.id }
seen.sets = [
  (await roleSets.getRoleSetList({ query: tag })).totalCount, (await roleSets.getRoleSet(set.key)).id === set.id, (await roleSets.updateRoleSet({ ...key, name: 'Sets' })).name,
  (await roleSets.addRolesToRoleSet({ ...key, roleKeys: [role.key] })).roles.length,
  (await roleSets.replaceRoleInRoleSet({ ...key, roleKey: role.key, toRoleKey: 'org:admin' })).roles.length,
  (await roleSets.replaceRoleSet({ ...key, destRoleSetKey: 'role_set:default' })).deleted,
  (await organizationRoles.deleteOrganizationRole(role.id)).deleted, (await organizationPermissions.deleteOrganizationPermission(permission.id)).deleted,
]

// connections: OpenID Connect, SAML, and SAML in the older, flat form
const { enterpriseConnections, samlConnections } = clerk
const openid = await enterpriseConnections.createEnterpriseConnection({
  name: 'OpenID', provider: 'oidc_custom', domains: [`openid-${tag}.test`], organizationId,
  oidc: { clientId: 'usher', clientSecret: 'secret', discoveryUrl: given.discovery, requiresPkce: true },
})
const changed = await enterpriseConnections.updateEnterpriseConnection(openid.id, { active: true, provider: 'oidc_custom', oidc: { clientId: 'usher-2' } })
const read = await enterpriseConnections.getEnterpriseConnection(openid.id)
seen.openid = {
  active: [openid.active, changed.active], client: read.oauthConfig?.clientId, discovery: read.oauthConfig?.discoveryUrl === given.discovery, pkce: read.oauthConfig?.requiresPkce,
  provider: read.provider, key: read.oauthConfig?.providerKey, saml: read.samlConnection ?? null,
  listed: (await enterpriseConnections.getEnterpriseConnectionList({ organizationId })).totalCount,
  deleted: (await enterpriseConnections.deleteEnterpriseConnection(openid.id)).id === openid.id,
}
const flat = await samlConnections.createSamlConnection({ name: 'Flat', provider: 'saml_okta', domain: `flat-${tag}.test` })
seen.flat = [
  (await samlConnections.getSamlConnectionList({ query: 'flat' })).totalCount, (await samlConnections.getSamlConnection(flat.id)).domain,
  (await samlConnections.updateSamlConnection(flat.id, { name: 'Flatter' })).name, (await samlConnections.deleteSamlConnection(flat.id)).id === flat.id,
]

// sessions, browsers, tokens
const { sessions, clients, jwtTemplates, signInTokens, actorTokens, testingTokens } = clerk
const template = await jwtTemplates.create({ name: `app_${tag}`, claims: { mail: '{{user.primary_email_address}}' } })
const made = await sessions.createSession({ userId: user.id })
seen.sessions = [
  (await sessions.getSessionList({ userId: given.user, status: 'active' })).totalCount, (await sessions.getSession(given.session)).userId === given.user,
  Boolean((await sessions.getToken(given.session)).jwt), Boolean((await sessions.getToken(given.session, template.name)).jwt),
  await code(() => sessions.refreshSession(given.session, { expiredToken: 'x', refreshToken: 'y', requestOrigin: 'https://app.test', format: 'token' })),
  (await sessions.revokeSession(made.id)).status,
]
seen.clients = [
  (await clients.getClientList({ limit: 100 })).totalCount > 0, (await clients.verifyClient(given.cookie)).sessionIds.includes(given.session),
  (await clients.getClient((await sessions.getSession(given.session)).clientId)).lastActiveSessionId === given.session,
]
seen.templates = [
  (await jwtTemplates.list()).totalCount, (await jwtTemplates.get(template.id)).name, (await jwtTemplates.update({ templateId: template.id, name: `app_${tag}`, claims: {}, lifetime: 90 })).lifetime,
  (await jwtTemplates.delete(template.id)).deleted,
]
const ticket = await signInTokens.createSignInToken({ userId: user.id, expiresInSeconds: 60 })
const actor = await actorTokens.create({ userId: user.id, actor: { sub: 'support' } })
seen.tokens = [
  (await signInTokens.revokeSignInToken(ticket.id)).status, (await actorTokens.revoke(actor.id)).status, Boolean((await testingTokens.createTestingToken()).token),
  (await clerk.jwks.getJwks()).keys.length,
]
seen.signUp = [
  (await clerk.signUps.get(given.signUp)).status, (await clerk.signUps.update({ signUpAttemptId: given.signUp, externalId: 'crm-7', customAction: true })).externalId,
  (await clerk.signUps.get(given.signUp)).emailAddress,
]

// the instance
const { instance, allowlistIdentifiers, blocklistIdentifiers, redirectUrls, domains } = clerk
const allowed = await allowlistIdentifiers.createAllowlistIdentifier({ identifier: `*@allowed-${tag}.test`, notify: false })
const blocked = await blocklistIdentifiers.createBlocklistIdentifier({ identifier: `evil@blocked-${tag}.test` })
const redirect = await redirectUrls.createRedirectUrl({ url: `${tag}app://callback` })
await instance.update({ supportEmail: 'help@acme.test' })
seen.instance = [
  (await instance.get()).environmentType, (await instance.updateRestrictions({ blocklist: false })).blocklist, (await instance.getOrganizationSettings()).domainsEnabled,
  (await allowlistIdentifiers.getAllowlistIdentifierList()).totalCount, (await allowlistIdentifiers.deleteAllowlistIdentifier(allowed.id)).deleted,
  (await blocklistIdentifiers.getBlocklistIdentifierList()).totalCount, (await blocklistIdentifiers.deleteBlocklistIdentifier(blocked.id)).deleted,
  (await redirectUrls.getRedirectUrlList()).totalCount, (await redirectUrls.getRedirectUrl(redirect.id)).url, (await redirectUrls.deleteRedirectUrl(redirect.id)).deleted,
  (await domains.list()).totalCount,
]

// what ends
seen.ends = [
  (await users.deleteUserExternalAccount({ userId: given.user, externalAccountId: given.account })).deleted,
  (await organizations.deleteOrganization(organizationId)).id === organizationId, (await users.deleteUser(user.id)).id === user.id,
]
console.log(JSON.stringify(seen))
