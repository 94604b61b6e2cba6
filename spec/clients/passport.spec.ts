import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import OAuth2Strategy from 'passport-oauth2'
import { anApplication, anOwner, type Owner } from '../support/api.js'
import { aBrowser } from '../support/browser.js'
import { type Service, startService } from '../support/service.js'

jest.setTimeout(60_000)

interface Me {
  readonly sub: string
  readonly email: string
  readonly accessToken: string
}

let service: Service
let owner: Owner
let server: Server
let url: string

/** A web application as thousands are written: express, a session, passport. It is told addresses and credentials, and
 *  knows nothing of us. */
function anApp(client: { clientId: string; clientSecret: string }): express.Express {
  const callbackURL = `${url}/callback`
  const options = {
    authorizationURL: `${service.url}/oauth/authorize`,
    tokenURL: `${service.url}/oauth/token`,
    clientID: client.clientId,
    clientSecret: client.clientSecret,
    callbackURL,
    scope: ['openid', 'email', 'roles:read'],
    pkce: true,
    state: true,
  }
  const verify = (accessToken: string, _refreshToken: string, profile: Me, done: OAuth2Strategy.VerifyCallback): void =>
    done(null, { ...profile, accessToken })
  const strategy = new OAuth2Strategy(options, verify)
  strategy.userProfile = (accessToken, done) => {
    const headers = { authorization: `Bearer ${accessToken}` }
    fetch(`${service.url}/oauth/userinfo`, { headers }).then(async (answer) => done(null, await answer.json()), done)
  }
  const app = express()
  app.use(session({ secret: 'of the application', resave: false, saveUninitialized: false }))
  const authenticator = new passport.Passport()
  authenticator.use(strategy)
  authenticator.serializeUser((user, done) => done(null, user))
  authenticator.deserializeUser((user, done) => done(null, user as Express.User))
  app.use(authenticator.initialize(), authenticator.session())
  app.get('/login', authenticator.authenticate('oauth2'))
  app.get('/callback', authenticator.authenticate('oauth2', { successRedirect: '/me', failureRedirect: '/failed' }))
  app.get('/me', (req, res) => void res.json(req.user ?? null))
  return app
}

beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  server = createServer((req, res) => app(req, res)).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const webapp = await anApplication(service, owner, 'webapp', { attributes: { redirect_uri: `${url}/callback` } })
  const app = anApp(webapp)
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await service.stop()
})

/** The application's side of a browser: its one cookie. */
function visitor() {
  let cookie = ''
  return async (address: string): Promise<Response> => {
    const answer = await fetch(address, { redirect: 'manual', headers: { cookie } })
    cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
    return answer
  }
}

test('passport-oauth2 signs a person in, with PKCE and state, and calls the API as them', async () => {
  const visit = visitor()
  const begun = new URL((await visit(`${url}/login`)).headers.get('location') ?? '')
  expect(begun.searchParams.get('code_challenge_method')).toBe('S256')
  const browser = aBrowser(service)
  await browser.signIn(owner.userId)
  const question = await browser.follow(await browser.get(`${begun.pathname}${begun.search}`))
  expect(question.text).toContain('webapp')
  const back = await browser.submit(question, {}, { press: 'allow' })
  expect(back.location).toMatch(`${url}/callback?`)
  const entered = await visit(back.location ?? '')
  expect(entered.headers.get('location')).toBe('/me')
  const me = (await (await visit(`${url}/me`)).json()) as Me
  expect(me).toMatchObject({ sub: owner.userId, email: owner.email })
  const headers = { authorization: `Bearer ${me.accessToken}`, accept: 'application/vnd.api+json' }
  const asThem = async (path: string): Promise<number> => (await fetch(`${service.url}/api${path}`, { headers })).status
  expect([await asThem('/roles'), await asThem('/memberships')]).toEqual([200, 403])
})

test('6749-18 who says no comes back to the application as nobody', async () => {
  const visit = visitor()
  const begun = new URL((await visit(`${url}/login`)).headers.get('location') ?? '')
  begun.searchParams.set('prompt', 'consent')
  const browser = aBrowser(service)
  await browser.signIn(owner.userId)
  const question = await browser.follow(await browser.get(`${begun.pathname}${begun.search}`))
  const back = await browser.submit(question, {}, { press: 'cancel' })
  expect(new URL(back.location ?? '').searchParams.get('error')).toBe('access_denied')
  expect((await visit(back.location ?? '')).headers.get('location')).toBe('/failed')
  expect(await (await visit(`${url}/me`)).json()).toBeNull()
})
