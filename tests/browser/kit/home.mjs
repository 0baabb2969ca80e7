// What people do on the page at `/`.

import assert from 'node:assert/strict';
import { settings } from './settings.mjs';

export const PASSWORD = 'Correct-Horse-7-Battery';

export async function goHome({ page }) {
  await page.goto(`${settings.base}/`);
  await page.locator('section:visible').waitFor();
}

export async function register({ page }, email) {
  await page.getByText('New here?').click();
  await page.fill('#register-name', 'Ada');
  await page.fill('#register-email', email);
  await page.fill('#register-password', PASSWORD);
  await page.click('#register button');
  await isIn({ page }, email);
}

export async function typePassword({ page }, email, password = PASSWORD) {
  await page.fill('#log-in-email', email);
  await page.fill('#log-in-password', password);
  await page.click('#log-in button');
}

export async function typeCode({ page }, code) {
  await page.fill('#code-code', code);
  await page.click('#code button');
}

export async function isIn({ page }, email) {
  await page.locator('#who', { hasText: email }).waitFor();
  assert.equal(await page.textContent('#who'), email);
  assert.ok(await page.isVisible('#log-out'));
}

export async function isAskedForCode({ page }) {
  await page.locator('#second').waitFor();
  assert.ok(!(await page.isVisible('#account')) && !(await page.isVisible('#entry')));
}

export async function isOut({ page }) {
  await page.locator('#entry').waitFor();
  assert.ok(!(await page.isVisible('#account')) && !(await page.isVisible('#second')));
}

export async function logOut(visitor) {
  await visitor.page.click('#log-out');
  await isOut(visitor);
}

export async function isTold({ page }, text) {
  await page.locator('[role=status]', { hasText: text }).waitFor();
}

export async function enrol({ page }, authenticator) {
  await page.click('#enrol');
  await page.locator('#enrolling').waitFor();
  authenticator.scan(await page.locator('#qr').screenshot());
  assert.equal(await page.textContent('#secret'), authenticator.secret);
  await page.fill('#activate-code', await authenticator.code());
  await page.click('#activate button');
  await page.locator('#recovery').waitFor();
  return page.locator('#recovery-codes code').allTextContents();
}

// The link in the newest mail to somebody that leads to this page.
export async function mailedLink(to, page) {
  const start = `${settings.base}${page}#token=`;
  for (let left = 1200; left > 0; left -= 1) {
    const mails = await (await fetch(`${settings.base}/dev/mail`)).json();
    const mail = mails.findLast((one) => one.to === to && one.text.includes(start));
    if (mail) {
      return mail.text.slice(mail.text.indexOf(start)).split(/\s/)[0];
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no mail to ${to} with ${start}`);
}

// Opens the link that confirms an address, and presses its button.
export async function verify({ context }, email) {
  const link = await mailedLink(email, '/verify-email');
  const page = await context.newPage();
  await page.goto(link);
  assert.equal(page.url(), `${settings.base}/verify-email`);
  await page.click('button');
  await isTold({ page }, 'Done');
  await page.close();
}
