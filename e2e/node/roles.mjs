// Uses @clerk/backend, unmodified, for roles, role sets, organization settings and
// logos. Standard input is one JSON object {apiUrl, secretKey, alice, logo}; the
// last line out is what was seen. The Go test says what it should be.

import { createClerkClient } from '@clerk/backend'
import { text } from 'node:stream/consumers'

const { apiUrl, secretKey, alice, logo } = JSON.parse(await text(process.stdin))
const clerk = createClerkClient({ apiUrl, secretKey, telemetry: { disabled: true } })
const { organizations, organizationRoles, organizationPermissions, roleSets, instance } = clerk
const seen = {}
const keys = (list) => list.map((item) => item.key)

const permission = await organizationPermissions.createOrganizationPermission({ name: 'Read invoices', key: 'org:invoices:read' })
await organizationPermissions.updateOrganizationPermission({ permissionId: permission.id, name: 'See invoices' })
seen.permission = (({ name, key }) => ({ name, key }))(await organizationPermissions.getOrganizationPermission(permission.id))
const system = await organizationPermissions.getOrganizationPermissionList({ query: 'sys_memberships', orderBy: '+key' })
seen.system = { total: system.totalCount, keys: keys(system.data) }

const role = await organizationRoles.createOrganizationRole({
  name: 'Billing', key: 'org:billing', description: 'Pays', permissions: [permission.id], includeInInitialRoleSet: true,
})
await organizationRoles.assignPermissionToOrganizationRole({ organizationRoleId: role.id, permissionId: system.data[1].id })
await organizationRoles.removePermissionFromOrganizationRole({ organizationRoleId: role.id, permissionId: permission.id })
await organizationRoles.updateOrganizationRole({ organizationRoleId: role.id, name: 'Accounting' })
const got = await organizationRoles.getOrganizationRole(role.id)
seen.role = { name: got.name, key: got.key, description: got.description, permissions: keys(got.permissions), creator: got.isCreatorEligible }
seen.roles = (await organizationRoles.getOrganizationRoleList({ limit: 2 })).totalCount

const extra = await organizationRoles.createOrganizationRole({ name: 'Extra', key: 'org:extra' })
const made = await roleSets.createRoleSet({ name: 'Small', defaultRoleKey: 'org:admin', creatorRoleKey: 'org:admin', roles: ['org:admin'] })
await roleSets.updateRoleSet({ roleSetKeyOrId: made.id, description: 'of small customers' })
const added = await roleSets.addRolesToRoleSet({ roleSetKeyOrId: made.key, roleKeys: ['org:billing', 'org:member', 'org:extra'], defaultRoleKey: 'org:billing' })
seen.set = { key: made.key, roles: keys(added.roles), byDefault: added.defaultRole?.key, creator: added.creatorRole?.key, type: added.type }
const org = await organizations.createOrganization({ name: 'Initech', slug: 'initech', createdBy: alice, roleSetKey: made.key })
const less = await roleSets.replaceRoleInRoleSet({ roleSetKeyOrId: made.key, roleKey: 'org:billing', toRoleKey: 'org:member' })
seen.less = { roles: keys(less.roles), byDefault: less.defaultRole?.key, administrators: less.roles[0].membersCount }
seen.sets = (await roleSets.getRoleSetList({ query: 'small' })).data.map((s) => s.key)
seen.replaced = (await roleSets.replaceRoleSet({
  roleSetKeyOrId: made.key, destRoleSetKey: 'role_set:default', reassignmentMappings: { 'org:extra': 'org:member' },
})).deleted
seen.members = (await organizations.getOrganizationMembershipList({
  organizationId: org.id, userId: [alice], nameQuery: 'ali', orderBy: '-email_address', createdAtAfter: 1,
})).data.map((m) => m.role)
seen.instanceMembers = (await organizations.getInstanceOrganizationMembershipList({ limit: 100 })).totalCount > 0

const pictured = await organizations.updateOrganizationLogo(org.id, {
  file: new Blob([Buffer.from(logo, 'base64')], { type: 'image/png' }), uploaderUserId: alice,
})
const served = await fetch(pictured.imageUrl)
seen.logo = { has: pictured.hasImage, status: served.status, type: served.headers.get('content-type') }
seen.noLogo = (await organizations.deleteOrganizationLogo(org.id)).hasImage

const changed = await instance.updateOrganizationSettings({ maxAllowedMemberships: 7, domainsEnabled: true, domainsEnrollmentModes: ['automatic_invitation'] })
const settings = await instance.getOrganizationSettings()
seen.settings = { max: changed.maxAllowedMemberships, enabled: settings.enabled, domains: settings.domainsEnabled, creator: settings.creatorRole }
seen.deleted = [
  (await organizationRoles.deleteOrganizationRole(extra.id)).deleted,
  (await organizationRoles.deleteOrganizationRole(role.id)).deleted, (await organizationPermissions.deleteOrganizationPermission(permission.id)).deleted,
]
console.log(JSON.stringify(seen))
