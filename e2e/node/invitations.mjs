// Uses @clerk/backend, unmodified, for domains of organizations and invitations.
// Standard input is one JSON object {apiUrl, secretKey}; the last line out is what
// was seen. The Go test says what it should be.

import { createClerkClient } from '@clerk/backend'
import { text } from 'node:stream/consumers'

const { apiUrl, secretKey } = JSON.parse(await text(process.stdin))
const clerk = createClerkClient({ apiUrl, secretKey, telemetry: { disabled: true } })
const { organizations, invitations, instance } = clerk
const seen = {}

await instance.updateOrganizationSettings({ domainsEnabled: true, domainsEnrollmentModes: ['automatic_invitation'] })
const organizationId = (await organizations.createOrganization({ name: 'Initech' })).id

const domain = await organizations.createOrganizationDomain({ organizationId, name: 'initech.test', enrollmentMode: 'automatic_invitation' })
seen.domain = { name: domain.name, mode: domain.enrollmentMode ?? domain.enrollment_mode, status: domain.verification?.status }
const changed = await organizations.updateOrganizationDomain({ organizationId, domainId: domain.id, enrollmentMode: 'manual_invitation' })
seen.changed = changed.enrollmentMode ?? changed.enrollment_mode
seen.domains = (await organizations.getOrganizationDomainList({ organizationId })).totalCount
seen.deleted = (await organizations.deleteOrganizationDomain({ organizationId, domainId: domain.id })).deleted

const one = await organizations.createOrganizationInvitation({
  organizationId, emailAddress: 'dora@initech.test', role: 'org:member', publicMetadata: { desk: 4 }, expiresInDays: 3,
})
seen.invitation = { email: one.emailAddress, role: one.role, status: one.status, link: !!one.url, meta: one.publicMetadata }
const bulk = await organizations.createOrganizationInvitationBulk(organizationId, [
  { emailAddress: 'eve@initech.test', role: 'org:member' }, { emailAddress: 'fay@initech.test', role: 'org:admin' },
])
seen.bulk = bulk.data.map((i) => i.emailAddress)
seen.pending = (await organizations.getOrganizationInvitationList({ organizationId, status: ['pending'] })).totalCount
seen.read = (await organizations.getOrganizationInvitation({ organizationId, invitationId: one.id })).emailAddress
seen.revoked = (await organizations.revokeOrganizationInvitation({ organizationId, invitationId: one.id })).status

const app = await invitations.createInvitation({ emailAddress: 'gil@initech.test', ignoreExisting: false })
seen.app = { email: app.emailAddress, status: app.status, link: !!app.url }
const several = await invitations.createInvitationBulk([{ emailAddress: 'hal@initech.test' }, { emailAddress: 'ida@initech.test' }])
seen.appBulk = (several.data ?? several).length
seen.appList = (await invitations.getInvitationList({ status: 'pending' })).totalCount
seen.appRevoked = (await invitations.revokeInvitation(app.id)).status
seen.twice = await invitations.createInvitation({ emailAddress: 'hal@initech.test' }).catch((e) => e.errors[0].code)
console.log(JSON.stringify(seen))
