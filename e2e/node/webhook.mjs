// Checks a delivery with the verifiers that customers use: svix's own, and the
// helper of Clerk's SDK. Standard input is one JSON object {secret, headers, body};
// the last line out is what they say of it, and of it with a byte changed.

import { verifyWebhook } from '@clerk/backend/webhooks'
import { text } from 'node:stream/consumers'
import { Webhook } from 'svix'

const { secret, headers, body } = JSON.parse(await text(process.stdin))

function svix(payload) {
  try {
    new Webhook(secret).verify(payload, headers) // throws, or says nothing
    return 'accepted'
  } catch (err) {
    return err.name
  }
}

async function clerk(payload) {
  const request = new Request('https://customer.test/hook', { method: 'POST', headers, body: payload })
  try {
    const event = await verifyWebhook(request, { signingSecret: secret })
    return `${event.type} ${event.data.object} ${event.instance_id.slice(0, 4)}`
  } catch {
    return 'refused'
  }
}

const tampered = body.replace('"object":"event"', '"object":"evenT"')
console.log(JSON.stringify({ svix: svix(body), clerk: await clerk(body), svixTampered: svix(tampered), clerkTampered: await clerk(tampered) }))
