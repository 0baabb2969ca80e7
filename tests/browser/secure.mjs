// With the cookies of an application in production: Chromium takes them on loopback as if it were https.

import assert from 'node:assert/strict';
import { settings } from './kit/settings.mjs';
import { PASSWORD } from './kit/home.mjs';
import { walk } from './kit/steps.mjs';
import { Visitor } from './kit/visitor.mjs';

const { base, github } = settings;
const SECURE = { httpOnly: true, secure: true, sameSite: 'Lax', path: '/', domain: '127.0.0.1' };
let visitor;

// v5.0.0-3.3.1 to v5.0.0-3.3.4
async function mustBeSecure(name) {
  const { httpOnly, secure, sameSite, path, domain, value } = await visitor.cookie(name);
  assert.deepEqual({ httpOnly, secure, sameSite, path, domain }, SECURE, name);
  assert.ok(name.length + value.length <= 4096);
  return value;
}

await walk({
  async 'the session is in a cookie with the prefix __Host-'() {
    visitor = await Visitor.arrive();
    await visitor.page.goto(`${base}/`);
    const members = { email: 'ada@example.com', password: PASSWORD, mode: 'cookie' };
    const registered = await visitor.api('POST', '/users/register', members);
    assert.deepEqual([registered.status, Object.keys(registered.body)], [201, ['user']]);
    await mustBeSecure('__Host-session');
    assert.equal((await visitor.me()).email, 'ada@example.com');
    assert.equal(await visitor.page.evaluate(() => document.cookie), '');
  },

  async 'and is cleared by a logout'() {
    const value = await mustBeSecure('__Host-session');
    assert.equal((await visitor.api('POST', '/users/logout')).status, 204);
    assert.equal(await visitor.cookie('__Host-session'), undefined);
    assert.equal(await visitor.me(), 'unauthenticated');
    const replayed = await fetch(`${base}/api/users/me`, { headers: { cookie: `__Host-session=${value}` } });
    assert.equal(replayed.status, 401);
  },

  // AC-A1
  async 'what binds a login with a provider to its browser is in such a cookie, too'() {
    const { page } = visitor;
    let kept;
    const begin = () => page.evaluate(() => location.assign('/api/users/oauth/github/start?mode=cookie&redirectTo=/'));
    await visitor.heldAt(`${base}/api/users/oauth/github/callback`, begin, async () => {
      kept = await mustBeSecure('__Host-oauth');
    });
    await page.waitForURL(`${base}/`);
    assert.ok(kept.length >= 22);
    await mustBeSecure('__Host-session');
    assert.equal((await visitor.me()).email, 'octocat@example.com');
    assert.ok(visitor.addresses.some((address) => address.startsWith(`${github}/login/oauth/authorize?`)));
    await visitor.mustBeClean([kept]);
  },
});
