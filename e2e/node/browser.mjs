// Drives Chromium for the Go tests: one JSON object a line in, one out.
//
//   → {"id":1,"op":"open","visitor":"alice","url":"http://…"}
//   ← {"id":1,"result":{"status":200}}   or   {"id":1,"error":"…"}
//
// A visitor is a browser context: cookies and storage of its own. Requests of
// one visitor are made one after another by whoever sends them; those of several
// may overlap. At the end of its input the browser is closed. The first line
// out, {"id":0,…}, says that the browser runs.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

// A page of a server under the race detector, on a busy machine, answers in this time or is broken.
const timeout = 30_000 // milliseconds

const visitors = new Map() // name → {context, page, problems, hosts, hold}

const browser = await chromium.launch({
  executablePath: process.env.USHER_TEST_CHROMIUM || '/usr/bin/chromium',
  headless: true,
  chromiumSandbox: false, // Chromium's sandbox refuses root
  args: [
    '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
})

// locate finds an element by role and name, by its label, by CSS or by text.
function locate(page, { role, name, label, css, text }) {
  if (role) return page.getByRole(role, name ? { name, exact: true } : {})
  if (label) return page.getByLabel(label, { exact: true })
  if (text) return page.getByText(text, { exact: true })
  return page.locator(css)
}

async function newVisitor({ visitor, javaScript = true, colorScheme = 'light', locale = 'en-US', width = 1280, height = 800 }) {
  if (visitors.has(visitor)) throw new Error(`there is a visitor ${visitor} already`)
  const context = await browser.newContext({
    javaScriptEnabled: javaScript, colorScheme, locale, viewport: { width, height }, reducedMotion: 'reduce',
  })
  context.setDefaultTimeout(timeout)
  const v = { context, page: null, problems: [], hosts: new Set() }
  context.on('page', (page) => {
    page.on('pageerror', (err) => v.problems.push(`script: ${err.message}`))
    page.on('console', (m) => {
      // A refusal's status is what the test asks about; the rest is a fault of the page.
      if (m.type() === 'error' && !m.text().startsWith('Failed to load resource')) v.problems.push(`console: ${m.text()}`)
    })
    page.on('request', (r) => { if (!r.url().startsWith('data:')) v.hosts.add(new URL(r.url()).host) })
  })
  v.page = await context.newPage()
  visitors.set(visitor, v)
}

// axe returns what is wrong for people with disabilities: WCAG 2.2 A and AA.
async function axe(page) {
  await page.evaluate(axeSource)
  const found = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    resultTypes: ['violations'],
  }))
  return found.violations.map((v) => ({
    rule: v.id, impact: v.impact ?? '', help: v.help, nodes: v.nodes.map((n) => `${n.html}: ${n.failureSummary}`),
  }))
}

// focused describes the element that has the keyboard.
const focused = () => {
  const e = document.activeElement
  if (!e || e === document.body) return ''
  return (e.getAttribute('aria-label') || e.labels?.[0]?.innerText || e.innerText || e.name || e.id || e.tagName).trim()
}

// withLimit is a promise that fails when it takes too long.
async function withLimit(promise) {
  let timer
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error('nothing came to hold')), timeout) })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

const ops = {
  open: async ({ page }, { url }) => {
    const answer = await page.goto(url)
    return { status: answer ? answer.status() : 0 }
  },
  reload: async ({ page }) => ({ status: (await page.reload())?.status() ?? 0 }),
  back: async ({ page }) => { await page.goBack() },
  fill: ({ page }, r) => locate(page, r).fill(r.value),
  select: async ({ page }, r) => { await locate(page, r).selectOption({ label: r.value }) },
  check: ({ page }, r) => locate(page, r).check(),
  upload: ({ page }, r) => locate(page, r).setInputFiles(r.value),
  click: ({ page, hold }, r) => locate(page, r).click({ noWaitAfter: Boolean(hold) }), // held, it leads nowhere yet
  press: ({ page }, { value }) => page.keyboard.press(value),
  type: ({ page }, { value }) => page.keyboard.type(value),
  focused: ({ page }) => page.evaluate(focused),
  text: ({ page }, r) => locate(page, r.css || r.role || r.label ? r : { css: 'body' }).innerText(),
  count: ({ page }, r) => locate(page, r).count(),
  attribute: async ({ page }, r) => (await locate(page, r).getAttribute(r.value)) ?? '',
  waitFor: ({ page }, r) => locate(page, r).first().waitFor(),
  waitURL: async ({ page }, { value }) => { await page.waitForURL(new RegExp(value)) },
  html: ({ page }) => page.content(),
  title: ({ page }) => page.title(),
  url: ({ page }) => page.url(),
  evaluate: ({ page }, { value }) => page.evaluate(value),
  screenshot: async ({ page }, { path, fullPage = true }) => { await page.screenshot({ path, fullPage }) },
  axe: ({ page }) => axe(page),
  cookies: ({ context }) => context.cookies(),
  addCookie: ({ context }, { cookie }) => context.addCookies([cookie]),
  clearCookies: ({ context }) => context.clearCookies(),
  setColorScheme: ({ page }, { value }) => page.emulateMedia({ colorScheme: value }),
  setViewport: ({ page }, { width, height }) => page.setViewportSize({ width, height }),
  problems: (v) => v.problems.splice(0),
  hosts: (v) => [...v.hosts].sort(),
  // newTab goes on in another page of the same visitor; the old one stays open.
  newTab: async (v) => { v.page = await v.context.newPage() },
  firstTab: (v) => { [v.page] = v.context.pages() },
  // hold stops the page's requests to addresses of a pattern, also those that
  // another site redirects to; held waits for one and tells its address.
  hold: async (v, { value }) => {
    const cdp = await v.context.newCDPSession(v.page)
    const request = new Promise((resolve) => { cdp.once('Fetch.requestPaused', resolve) })
    await cdp.send('Fetch.enable', { patterns: [{ urlPattern: value }] })
    v.hold = { cdp, request }
  },
  held: async ({ hold }) => (await withLimit(hold.request)).request.url,
  release: async (v) => {
    const { cdp, request } = v.hold
    v.hold = null
    await cdp.send('Fetch.continueRequest', { requestId: (await request).requestId })
    await cdp.send('Fetch.disable')
  },
  close: async (v, { visitor }) => {
    visitors.delete(visitor)
    await v.context.close()
  },
}

async function handle(request) {
  if (request.op === 'newVisitor') return newVisitor(request)
  const v = visitors.get(request.visitor)
  if (!v) throw new Error(`no visitor ${request.visitor}`)
  if (!Object.hasOwn(ops, request.op)) throw new Error(`no operation ${request.op}`)
  return ops[request.op](v, request)
}

const send = (answer) => process.stdout.write(JSON.stringify(answer) + '\n')

send({ id: 0, result: browser.version() })
const running = new Set()
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  const work = handle(request).then(
    (result) => send({ id: request.id, result: result ?? null }),
    (err) => send({ id: request.id, error: String(err.message ?? err).replace(/\x1b\[\d+m/g, '') }),
  ).finally(() => running.delete(work))
  running.add(work)
}
await Promise.allSettled(running)
await browser.close()
