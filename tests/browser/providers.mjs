// By other people's logins: a certified OpenID Connect provider, and a stand-in of GitHub on another site.

import assert from 'node:assert/strict';
import { Authenticator } from './kit/authenticator.mjs';
import {
  enrol, goHome, isAskedForCode, isIn, isOut, isTold, logOut, register, typeCode, verify,
} from './kit/home.mjs';
import { settings } from './kit/settings.mjs';
import { walk } from './kit/steps.mjs';
import { Visitor } from './kit/visitor.mjs';

const { base, oidc, github } = settings;
const GRACE = 'grace@example.com';
const ALAN = 'alan@example.com';
const app = new Authenticator();
const states = new Set();
let grace;
let alan;
let id;

const callback = (provider) => `${base}/api/users/oauth/${provider}/callback`;
const tell = (change) => fetch(`${oidc}/control`, { method: 'POST', body: JSON.stringify(change) });
const logIn = ({ page }, provider) => page.click(`#providers [data-provider=${provider}]`);
const link = ({ page }, provider) => page.click(`#links [data-provider=${provider}]`);
const linked = async (visitor) => (await visitor.api('GET', '/users/identities')).body.identities;

// Goes to the provider, and stops where it sends the browser back to.
const stopAtCallback = (visitor, provider) => visitor.heldAt(callback(provider), () => logIn(visitor, provider));

// What the last visit to a provider was asked with.
function lastAuthorization(visitor, path) {
  const all = visitor.addresses.filter((address) => address.startsWith(path));
  return new URL(all.at(-1)).searchParams;
}

await walk({
  async 'what is configured is offered'() {
    grace = await Visitor.arrive();
    await goHome(grace);
    const { body } = await grace.api('GET', '/users/auth-methods');
    assert.deepEqual(body.providers.map(({ name }) => name).sort(), ['github', 'oidc']);
    assert.deepEqual(await grace.page.locator('#providers a').allTextContents(), ['Log in with GitHub', 'Log in with OpenID Connect']);
  },

  // AC-A1, AC-A2
  async 'start, the provider, callback, logged in'() {
    await logIn(grace, 'oidc');
    await isIn(grace, GRACE);
    assert.equal(grace.page.url(), `${base}/`);
    const { body } = await grace.api('GET', '/users/me');
    assert.deepEqual([body.authType, body.user.email, body.user.verified], ['session', GRACE, true]);
    id = body.user.id;
    const asked = lastAuthorization(grace, `${oidc}/auth?`);
    assert.equal(asked.get('redirect_uri'), callback('oidc'));
    assert.equal(asked.get('code_challenge_method'), 'S256');
    assert.match(asked.get('nonce'), /^[\w-]{22,}$/);
    states.add(asked.get('state'));
    assert.ok(grace.addresses.some((address) => address.startsWith(`${oidc}/interaction/`)));
    const { httpOnly, sameSite } = await grace.cookie('session');
    assert.deepEqual([httpOnly, sameSite], [true, 'Lax']);
    await grace.mustBeClean();
  },

  async 'logged out there is nobody, and back again it is the same account'() {
    await logOut(grace);
    assert.equal(await grace.me(), 'unauthenticated');
    await logIn(grace, 'oidc');
    await isIn(grace, GRACE);
    assert.equal((await grace.me()).id, id);
    states.add(lastAuthorization(grace, `${oidc}/auth?`).get('state'));
    assert.equal(states.size, 2);
  },

  // AC-A7; the stand-in is on `localhost`, which is another site than `127.0.0.1`: the way back is a cross-site one.
  async 'another provider is linked, and leads to the same account'() {
    await link(grace, 'github');
    await grace.page.locator('#identities', { hasText: 'GitHub' }).waitFor();
    assert.deepEqual((await linked(grace)).map(({ provider }) => provider).sort(), ['github', 'oidc']);
    assert.ok(grace.addresses.some((address) => address.startsWith(`${github}/login/oauth/authorize?`)));
    assert.equal(await grace.page.locator('#links button').count(), 0);
    await logOut(grace);
    await logIn(grace, 'github');
    await isIn(grace, GRACE);
    assert.equal((await grace.me()).id, id);
  },

  // AC-A8
  async 'it is unlinked, which logs out, but the last way in is not'() {
    await logOut(grace);
    await logIn(grace, 'oidc');
    await isIn(grace, GRACE);
    await grace.page.locator('#identities li', { hasText: 'GitHub' }).getByText('Unlink').click();
    await isOut(grace);
    await logIn(grace, 'oidc');
    await isIn(grace, GRACE);
    assert.deepEqual((await linked(grace)).map(({ provider }) => provider), ['oidc']);
    await grace.page.getByText('Unlink').click();
    await grace.page.locator('[role=status]:not(:empty)').waitFor();
    assert.equal((await linked(grace)).length, 1);
    const [{ id: last }] = await linked(grace);
    const refused = await grace.api('DELETE', `/users/identities/${last}`);
    assert.deepEqual([refused.status, refused.body.code], [409, 'last_credential']);
  },

  // AC-A13
  async 'after the provider, a second factor is asked for like after a password'() {
    assert.equal((await enrol(grace, app)).length, 10);
    await logOut(grace);
    await logIn(grace, 'oidc');
    await isAskedForCode(grace);
    assert.equal(grace.page.url(), `${base}/`);
    assert.equal(await grace.cookie('session'), undefined);
    assert.equal(await grace.me(), 'unauthenticated');
    await typeCode(grace, app.wrong());
    await isTold(grace, 'the code is wrong');
    await typeCode(grace, await app.code());
    await isIn(grace, GRACE);
    assert.equal((await grace.me()).id, id);
    await grace.mustBeClean([app.secret]);
    await logOut(grace);
  },

  // AC-A1, v5.0.0-10.1.2, v5.0.0-7.6.2
  async 'a callback in another browser is refused, and so is one that was used'() {
    await tell({ people: [{ sub: 'mallory', email: 'mallory@example.com', email_verified: true }], logIn: 'mallory' });
    const mallory = await Visitor.arrive();
    await goHome(mallory);
    const address = await stopAtCallback(mallory, 'oidc');
    const victim = await Visitor.arrive();
    const refused = await victim.page.goto(address);
    assert.equal(refused.status(), 400);
    assert.equal((await refused.json()).code, 'invalid_state');
    await goHome(victim);
    await isOut(victim);
    assert.equal(await victim.me(), 'unauthenticated');

    await mallory.page.goto(address);
    await isIn(mallory, 'mallory@example.com');
    const again = await mallory.page.goto(address);
    assert.equal((await again.json()).code, 'invalid_state');
    // AC-A1: of the other provider, no more.
    await goHome(mallory);
    await logOut(mallory);
    const other = (await stopAtCallback(mallory, 'github')).replace(callback('github'), callback('oidc'));
    assert.equal((await (await mallory.page.goto(other)).json()).code, 'invalid_state');
    await goHome(mallory);
    await isOut(mallory);
    await mallory.context.close();
    await victim.context.close();
  },

  // AC-A12: nobody is logged in as somebody else by an address that was sent to them.
  async 'the code of a login that waits is good in its own browser alone'() {
    await tell({ logIn: 'grace' });
    const address = await grace.heldAt(`${base}/\\?`, () => logIn(grace, 'oidc'));
    assert.match(new URL(address).searchParams.get('code'), /./);
    const victim = await Visitor.arrive();
    await victim.page.goto(address);
    await victim.page.locator('[role=status]:not(:empty)').waitFor();
    await isOut(victim);
    assert.equal(await victim.me(), 'unauthenticated');
    assert.deepEqual(await victim.history(), ['about:blank', `${base}/`]);
    await victim.context.close();
  },

  // AC-A11
  async 'who says no at the provider comes back as nobody'() {
    await tell({ deny: 'access_denied' });
    const visitor = await Visitor.arrive();
    await goHome(visitor);
    await logIn(visitor, 'oidc');
    await isTold(visitor, 'access_denied');
    await isOut(visitor);
    assert.ok(!(await visitor.page.content()).includes('was not let in'));
    assert.equal(visitor.page.url(), `${base}/`);
    await visitor.mustBeClean();
    await tell({ deny: null });
    await visitor.context.close();
  },

  // AC-A6: an address that is somebody's already links nothing by itself.
  async 'the address of another account does not open it'() {
    alan = await Visitor.arrive();
    await goHome(alan);
    await register(alan, ALAN);
    const stranger = await Visitor.arrive();
    for (const [sub, isVerified, code] of [['alan-1', false, 'email_not_verified_by_provider'], ['alan-2', true, 'account_exists']]) {
      if (isVerified) {
        await verify(alan, ALAN);
      }
      await tell({ people: [{ sub, email: ALAN, email_verified: isVerified }], logIn: sub });
      await goHome(stranger);
      await logIn(stranger, 'oidc');
      await isTold(stranger, code);
      await isOut(stranger);
      assert.equal(await stranger.me(), 'unauthenticated');
    }
    assert.deepEqual(await linked(alan), []);
    await stranger.mustBeClean();
  },

  // AC-E2: GitHub does not say when its user logged in there.
  async 'a login by GitHub is no proof for what is delicate'() {
    await goHome(alan);
    await link(alan, 'github');
    const unlink = alan.page.locator('#identities li', { hasText: 'GitHub' }).getByText('Unlink');
    await unlink.waitFor();
    await logOut(alan);
    await logIn(alan, 'github');
    await isIn(alan, ALAN);
    await unlink.click();
    await alan.page.locator('#proof[open]').waitFor();
    await alan.page.click('#proof [name=cancel]');
    assert.equal((await linked(alan)).length, 1);
  },
});
