// What other sites may try with the browser of somebody who is logged in here.

import assert from 'node:assert/strict';
import { elsewhere } from './kit/elsewhere.mjs';
import { PASSWORD, goHome, isIn, isOut, logOut, register, typePassword } from './kit/home.mjs';
import { settings } from './kit/settings.mjs';
import { walk } from './kit/steps.mjs';
import { Visitor } from './kit/visitor.mjs';

const { base } = settings;
const ADA = 'ada@example.com';

const form = (path, type, name, value) =>
  `<form method="post" action="${base}${path}" enctype="${type}"><input name='${name}' value='${value}'><button>Win</button></form>`;

// As text, a form can look like JSON.
const POSTS = {
  '/log-out': form('/api/users/logout', 'application/x-www-form-urlencoded', 'a', 'b'),
  '/log-out-all': form('/api/users/logout-all', 'text/plain', '{"keepCurrent":false,"a":"', '"}'),
  '/post': form('/api/posts', 'text/plain', '{"title":"hacked","body":"', '"}'),
  '/enrol': form('/api/users/2fa/totp/enroll', 'text/plain', '{"a":"', '"}'),
  '/log-in': form('/api/users/login', 'text/plain', `{"email":"mallory@example.com","password":"${PASSWORD}","mode":"cookie","a":"`, '"}'),
};

let attacker;
let ada;

// Opens a page elsewhere and presses its button: what the server here answers.
async function win(path, site) {
  const page = await ada.context.newPage();
  await page.goto(`${site}${path}`);
  const [answer] = await Promise.all([page.waitForResponse((one) => one.url().startsWith(base)), page.click('button')]);
  const { code } = await answer.json();
  await page.close();
  return { status: answer.status(), code };
}

const titles = async () => (await ada.api('GET', '/posts')).body.posts?.map(({ title }) => title) ?? [];

await walk({
  async 'somebody is logged in'() {
    attacker = await elsewhere({ ...POSTS, '/': '<h1>Elsewhere</h1>', '/frame': `<iframe src="${base}/"></iframe>` });
    ada = await Visitor.arrive();
    await goHome(ada);
    await register(ada, ADA);
  },

  // v5.0.0-3.5.1, v5.0.0-3.5.2
  async 'a form of another site does nothing'() {
    const before = await titles();
    for (const path of Object.keys(POSTS)) {
      const { status, code } = await win(path, attacker.otherSite);
      // Those that need somebody find nobody: SameSite keeps the cookie here. The others do not take what a form can send.
      const isForAnyone = ['/log-in', '/log-out'].includes(path);
      assert.deepEqual([status, code], isForAnyone ? [415, 'unsupported_media_type'] : [401, 'unauthenticated'], path);
    }
    assert.equal((await ada.me()).email, ADA);
    assert.deepEqual(await titles(), before);
  },

  // The cookie goes with these: what keeps them from working is the server's own check.
  async 'nor does a form of another origin of this site'() {
    const before = await titles();
    for (const path of Object.keys(POSTS).filter((path) => path !== '/log-in')) {
      assert.deepEqual(await win(path, attacker.sameSite), { status: 403, code: 'cross_site' }, path);
    }
    assert.ok((await win('/log-in', attacker.sameSite)).status >= 400);
    assert.equal((await ada.me()).email, ADA);
    assert.deepEqual(await titles(), before);
  },

  async 'scripts elsewhere read nothing and change nothing'() {
    const page = await ada.context.newPage();
    for (const site of [attacker.otherSite, attacker.sameSite]) {
      await page.goto(`${site}/`);
      const attempts = await page.evaluate(async (base) => {
        const outcome = async (path, options) => {
          try {
            const answer = await fetch(base + path, { credentials: 'include', ...options });
            return answer.type === 'opaque' ? 'opaque' : await answer.text();
          } catch {
            return 'blocked';
          }
        };
        const json = { method: 'DELETE', headers: { 'Content-Type': 'application/json' } };
        return [
          await outcome('/api/users/me'),
          await outcome('/api/users/me', json),
          await outcome('/api/users/logout', { method: 'POST', mode: 'no-cors' }),
          await outcome('/api/users/2fa/totp/enroll', { method: 'POST', mode: 'no-cors' }),
        ];
      }, base);
      assert.deepEqual(attempts, ['blocked', 'blocked', 'opaque', 'opaque'], site);
    }
    await page.close();
    assert.equal((await ada.me()).email, ADA);
  },

  // v5.0.0-3.5.3
  async 'no link changes anything'() {
    for (const path of ['/api/users/logout', '/api/users/logout-all', '/api/users/login', '/api/users/2fa/totp/enroll']) {
      const page = await ada.context.newPage();
      await page.goto(`${attacker.otherSite}/`);
      const [answer] = await Promise.all([
        page.waitForResponse(`${base}${path}`),
        // The page may be gone before it has said that it goes.
        page.evaluate((address) => location.assign(address), `${base}${path}`).catch(() => {}),
      ]);
      assert.equal(answer.status(), 405, path);
      await page.close();
    }
    assert.equal((await ada.me()).email, ADA);
  },

  async 'no page is shown in a frame'() {
    const page = await ada.context.newPage();
    await page.goto(`${attacker.sameSite}/frame`);
    const frame = page.frames().find((one) => one !== page.mainFrame());
    await frame.waitForLoadState();
    assert.equal(await frame.locator('form').count(), 0);
    await page.close();
  },

  // AC-S1, v5.0.0-7.2.4
  async 'a session id that was planted is not the one that is logged in'() {
    const { value: before } = await ada.cookie('session');
    await logOut(ada);
    for (const planted of [before, 'A'.repeat(before.length)]) {
      await ada.context.addCookies([{ name: 'session', value: planted, url: base }]);
      await goHome(ada);
      await isOut(ada);
      await typePassword(ada, ADA);
      await isIn(ada, ADA);
      const { value, httpOnly } = await ada.cookie('session');
      assert.notEqual(value, planted);
      assert.ok(httpOnly);
      await logOut(ada);
    }
    attacker.close();
  },
});
