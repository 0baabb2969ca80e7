// By password, with a second factor: register, enrol by the QR code, log in with a code and with a recovery code, log out.

import assert from 'node:assert/strict';
import { Authenticator } from './kit/authenticator.mjs';
import {
  PASSWORD, enrol, goHome, isAskedForCode, isIn, isOut, isTold, logOut, register, typeCode, typePassword, verify,
} from './kit/home.mjs';
import { settings } from './kit/settings.mjs';
import { walk } from './kit/steps.mjs';
import { Visitor } from './kit/visitor.mjs';

const ADA = 'ada@example.com';
const app = new Authenticator();
const secrets = [PASSWORD];
let ada;
let recoveryCodes;

await walk({
  // v5.0.0-6.2.6, v5.0.0-6.2.7
  async 'passwords are masked, and may come from a clipboard or a manager'() {
    ada = await Visitor.arrive();
    await goHome(ada);
    const { page } = ada;
    const fields = page.locator('input[name=password]');
    for (const field of await fields.all()) {
      assert.equal(await field.getAttribute('type'), 'password');
      assert.match(await field.getAttribute('autocomplete'), /^(current|new)-password$/);
    }
    assert.equal(await fields.count(), 3);
    await page.getByText('New here?').click();
    await page.fill('#register-name', 'from the clipboard');
    await page.press('#register-name', 'Control+A');
    await page.press('#register-name', 'Control+C');
    for (const field of ['#register-password', '#log-in-password']) {
      await page.press(field, 'Control+V');
      assert.equal(await page.inputValue(field), 'from the clipboard');
    }
    for (const field of await page.locator('input[name=code]').all()) {
      assert.equal(await field.getAttribute('autocomplete'), 'one-time-code');
    }
  },

  async 'an account is registered, and is logged in by a cookie that no script reads'() {
    await goHome(ada);
    await register(ada, ADA);
    const { body } = await ada.api('GET', '/users/me');
    assert.equal(body.authType, 'session');
    assert.deepEqual([body.user.email, body.user.verified, body.user.mfa], [ADA, false, false]);
    // v5.0.0-3.3.2, v5.0.0-3.3.4; plain http has no `Secure`.
    const { value, httpOnly, secure, sameSite, path, domain, expires } = await ada.cookie('session');
    assert.deepEqual({ httpOnly, secure, sameSite, path, domain, expires }, {
      httpOnly: true, secure: false, sameSite: 'Lax', path: '/', domain: '127.0.0.1', expires: -1,
    });
    assert.ok(value.length >= 22 && value.length < 4096);
    await ada.mustBeClean(secrets);
  },

  // AC-O5
  async 'before the address is confirmed, there is no second factor'() {
    await ada.page.click('#enrol');
    await isTold(ada, 'address');
    assert.ok(!(await ada.page.isVisible('#enrolling')));
    await verify(ada, ADA);
    await goHome(ada);
    assert.equal((await ada.me()).verified, true);
  },

  async 'the authenticator app reads the secret from the screen, and its code turns it on'() {
    const before = await ada.cookie('session');
    recoveryCodes = await enrol(ada, app);
    assert.equal(recoveryCodes.length, 10);
    assert.equal(new Set(recoveryCodes).size, 10);
    assert.equal(decodeURIComponent(app.uri.pathname), `/Portcullis quickstart:${ADA}`);
    secrets.push(app.secret, ...recoveryCodes);
    await ada.page.locator('#factor', { hasText: '10 recovery codes are left' }).waitFor();
    assert.ok(!(await ada.page.isVisible('#enrolling')));
    assert.equal(await ada.page.getAttribute('#qr', 'src'), null);
    assert.equal((await ada.me()).mfa, true);
    assert.deepEqual((await ada.api('GET', '/users/2fa')).body, { totp: true, recoveryCodesLeft: 10 });
    secrets.push(before.value, (await ada.cookie('session')).value);
  },

  // v5.0.0-7.5.1: after ten minutes; here the page is only told so, once for each proof.
  async 'what needs a fresh login asks for the password, and goes on'() {
    const { page } = ada;
    const { value } = await ada.cookie('session');
    const stale = { status: 401, json: { status: 401, code: 'reauthentication_required', title: 'Unauthorized' } };
    await page.route('**/2fa/totp', (route) => route.fulfill(stale), { times: 2 });
    await page.fill('#manage-code', app.wrong());
    await page.click('#manage button[value=off]');
    for (const [password, refusal] of [['not this one', 'wrong'], [PASSWORD, '']]) {
      await page.locator('#proof').waitFor();
      await page.fill('#proof-password', password);
      await page.click('#proof button[type=submit]');
      if (refusal) {
        await page.locator('#proof-refused', { hasText: refusal }).waitFor();
      }
    }
    await isTold(ada, 'the code is wrong');
    assert.ok(!(await page.isVisible('#proof')));
    assert.equal((await ada.me()).mfa, true);
    // v5.0.0-7.2.4
    assert.notEqual((await ada.cookie('session')).value, value);
    secrets.push((await ada.cookie('session')).value);
  },

  // v5.0.0-7.4.1, v5.0.0-7.4.4
  async 'logging out is visible, takes the cookie away and ends the session'() {
    const { value } = await ada.cookie('session');
    await logOut(ada);
    assert.equal(await ada.cookie('session'), undefined);
    assert.equal(await ada.me(), 'unauthenticated');
    assert.ok(!(await ada.page.content()).includes(recoveryCodes[0]));
    const thief = await Visitor.arrive();
    await thief.context.addCookies([{ name: 'session', value, url: settings.base }]);
    await goHome(thief);
    await isOut(thief);
    await thief.context.close();
  },

  // AC-S5
  async 'the right password alone is nobody'() {
    await typePassword(ada, ADA);
    await isAskedForCode(ada);
    assert.equal(await ada.cookie('session'), undefined);
    assert.equal(await ada.me(), 'unauthenticated');
    const login = { email: ADA, password: PASSWORD, mode: 'cookie' };
    const { challenge, methods } = (await ada.api('POST', '/users/login', login)).body;
    assert.deepEqual(methods, ['totp', 'recovery']);
    secrets.push(challenge);
    for (const headers of [{ Authorization: `Bearer ${challenge}` }, { 'X-Api-Key': challenge }]) {
      assert.equal((await ada.api('GET', '/users/me', undefined, headers)).status, 401);
    }
  },

  async 'a wrong code is refused, and the right one lets in'() {
    await typeCode(ada, app.wrong());
    await isTold(ada, 'the code is wrong');
    await isAskedForCode(ada);
    assert.equal(await ada.me(), 'unauthenticated');
    const code = await app.code();
    await typeCode(ada, code);
    await isIn(ada, ADA);
    assert.equal((await ada.me()).email, ADA);
    secrets.push((await ada.cookie('session')).value);
    await logOut(ada);
    // AC-O2: not a second time.
    await typePassword(ada, ADA);
    await isAskedForCode(ada);
    await typeCode(ada, code);
    await isTold(ada, 'the code is wrong');
    assert.equal(await ada.me(), 'unauthenticated');
  },

  async 'a recovery code lets in, once'() {
    await typeCode(ada, recoveryCodes[0]);
    await isIn(ada, ADA);
    assert.match(await ada.page.textContent('#factor'), /9 recovery codes are left/);
    await logOut(ada);
    await typePassword(ada, ADA);
    await isAskedForCode(ada);
    await typeCode(ada, recoveryCodes[0]);
    await isTold(ada, 'the code is wrong');
    assert.equal(await ada.me(), 'unauthenticated');
    await typeCode(ada, recoveryCodes[1]);
    await isIn(ada, ADA);
  },

  async 'it is turned off by a code, and then the password suffices'() {
    await ada.page.fill('#manage-code', app.wrong());
    await ada.page.click('#manage button[value=off]');
    await isTold(ada, 'the code is wrong');
    assert.equal((await ada.me()).mfa, true);
    await ada.page.fill('#manage-code', await app.code());
    await ada.page.click('#manage button[value=off]');
    await ada.page.locator('#factor', { hasText: 'There is none.' }).waitFor();
    assert.equal((await ada.me()).mfa, false);
    await logOut(ada);
    await typePassword(ada, ADA);
    await isIn(ada, ADA);
  },

  // v5.0.0-7.5.2
  async 'another browser is seen, and put out from here'() {
    const other = await Visitor.arrive();
    await goHome(other);
    await typePassword(other, ADA);
    await isIn(other, ADA);
    await goHome(ada);
    const end = ada.page.locator('#sessions button');
    await end.first().click();
    await end.waitFor({ state: 'detached' });
    assert.equal(await other.me(), 'unauthenticated');
    await goHome(other);
    await isOut(other);
    await other.mustBeClean(secrets);
  },

  async 'nothing secret is left in addresses, history or storage'() {
    await logOut(ada);
    assert.ok(ada.addresses.length > 20);
    await ada.mustBeClean(secrets);
  },
});
