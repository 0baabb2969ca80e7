// Somebody with a browser of their own: nothing in it is shared with another visitor's.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { settings } from './settings.mjs';

const { chromium } = createRequire(`${process.env.BROWSER_PACKAGES}/package.json`)('playwright-core');

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

let chrome;

export async function open() {
  chrome = await chromium.launch({ executablePath: settings.chromium, args: FLAGS, timeout: 120_000 });
}

export const close = () => chrome.close();

// What each page shows, for whoever has to find out what went wrong.
export async function whereAll() {
  const pages = chrome.contexts().flatMap((context) => context.pages());
  const shown = (page) => page.locator('body').innerText({ timeout: 1000 }).catch(() => 'nothing');
  return Promise.all(pages.map(async (page) => `${page.url()} shows ${await shown(page)}`));
}

export class Visitor {
  // Every address that anything was asked for at, and whatever the pages complained of.
  addresses = [];
  complaints = [];

  static async arrive(options = {}) {
    const visitor = new Visitor();
    visitor.context = await chrome.newContext({ permissions: ['clipboard-read', 'clipboard-write'], ...options });
    visitor.context.setDefaultTimeout(60_000);
    visitor.context.on('request', (request) => visitor.addresses.push(request.url()));
    visitor.context.on('weberror', (error) => visitor.complaints.push(String(error.error())));
    visitor.context.on('console', (message) => {
      // Chromium reports every refusal of the API as an error; those are asked for.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
        visitor.complaints.push(message.text());
      }
    });
    visitor.page = await visitor.context.newPage();
    return visitor;
  }

  // A request of the page's own script, as any of this origin may make it.
  async api(method, path, members, headers = {}) {
    return this.page.evaluate(async ([method, path, members, headers]) => {
      const options = { method, headers };
      if (members) {
        options.headers = { 'Content-Type': 'application/json', ...headers };
        options.body = JSON.stringify(members);
      }
      const response = await fetch(`/api${path}`, options);
      const text = await response.text();
      return { status: response.status, body: text && JSON.parse(text) };
    }, [method, path, members, headers]);
  }

  // Who the API says is calling, or the code of its refusal.
  async me() {
    const { status, body } = await this.api('GET', '/users/me');
    return status === 200 ? body.user : body.code;
  }

  async cookie(name) {
    const all = await this.context.cookies(settings.base);
    return all.find((cookie) => cookie.name === name);
  }

  // Does something, and holds the browser at the first address that begins like this, also if it was redirected there. It goes on
  // after `meanwhile`; without one it does not, and nobody has been at that address, which is returned.
  async heldAt(start, act, meanwhile) {
    const session = await this.context.newCDPSession(this.page);
    const paused = new Promise((resolve) => session.once('Fetch.requestPaused', resolve));
    await session.send('Fetch.enable', { patterns: [{ urlPattern: `${start}*` }] });
    const acted = act();
    const { requestId, request } = await paused;
    await meanwhile?.();
    const how = meanwhile ? ['Fetch.continueRequest', { requestId }] : ['Fetch.failRequest', { requestId, errorReason: 'Aborted' }];
    await session.send(...how);
    await acted;
    await session.send('Fetch.disable');
    await session.detach();
    return request.url;
  }

  // The addresses that going back would lead to, this page's among them.
  async history() {
    const session = await this.context.newCDPSession(this.page);
    const { entries } = await session.send('Page.getNavigationHistory');
    await session.detach();
    return entries.map((entry) => entry.url);
  }

  // Nothing secret where scripts, the history or another server could find it; and no page did what its policy forbids.
  async mustBeClean(secrets = []) {
    const kept = await this.page.evaluate(() => ({
      cookie: document.cookie, local: { ...localStorage }, session: { ...sessionStorage },
    }));
    assert.deepEqual(kept, { cookie: '', local: {}, session: {} });
    assert.deepEqual(await this.page.evaluate(() => indexedDB.databases()), []);
    const own = (await this.history()).filter((address) => address.startsWith(settings.base));
    assert.ok(own.length > 0);
    for (const address of own) {
      assert.doesNotMatch(address, /[?#]/, 'the history has a page with parameters');
    }
    const cookies = (await this.context.cookies(settings.base)).map((cookie) => cookie.value);
    for (const secret of [...secrets, ...cookies]) {
      for (const address of this.addresses) {
        assert.ok(!address.includes(secret) && !address.includes(encodeURIComponent(secret)), `${address} has a secret`);
      }
    }
    assert.ok(!this.addresses.some((address) => address.includes('eyJ')), 'an address has a token');
    assert.deepEqual(this.complaints, []);
  }
}
