// The account of whoever is logged in.

import { call } from './api.js';
import { button, element, fill, find, press, say, show } from './dom.js';
import { showFactor } from './factor.js';
import { proved } from './proof.js';

// Where whoever is nobody any more goes.
let leave;

const when = (time) => new Date(time).toLocaleString();

function facts(me) {
  const { user } = me;
  find('#who').textContent = user.email;
  find('#verify').hidden = user.verified;
  const all = {
    Name: user.name ?? '',
    Roles: user.roles.join(', '),
    Address: user.verified ? 'confirmed' : 'not confirmed',
    'Logged in by': me.authType,
  };
  fill('#facts', Object.entries(all).flatMap(([name, value]) => [element('dt', name), element('dd', value)]));
}

function sessions(all) {
  fill('#sessions', all.map((session) => {
    const text = `${session.userAgent ?? 'unknown'}, ${session.ip ?? 'unknown'}, since ${when(session.createdAt)} `;
    const end = () => call('DELETE', `/sessions/${session.id}`).then(showAccount);
    return element('li', text, session.current ? '(here)' : button('End', end));
  }));
}

function identities(all, providers) {
  const title = (name) => providers.find((one) => one.name === name)?.title ?? name;
  fill('#identities', all.map((identity) => {
    const unlink = () => proved(() => call('DELETE', `/identities/${identity.id}`)).then(showWhoIsLeft);
    return element('li', `${title(identity.provider)} ${identity.email ?? ''} `, button('Unlink', unlink));
  }));
  const linked = new Set(all.map((identity) => identity.provider));
  fill('#links', providers.filter(({ name }) => !linked.has(name)).map(({ name, title }) => {
    const link = async () => {
      const answer = await proved(() => call('POST', `/oauth/${name}/link`, { redirectTo: '/' }));
      if (answer) {
        location.assign(answer.url);
      }
    };
    const made = button(`Link ${title}`, link);
    made.dataset.provider = name;
    return made;
  }));
}

// How many recovery codes are left is told to who has just proved who they are; to others, that there is a factor.
function factorOf({ user }) {
  return user.mfa ? call('GET', '/2fa').catch(() => ({ totp: true })) : { totp: false };
}

export async function showAccount() {
  const me = await call('GET', '/me');
  facts(me);
  const paths = ['/sessions', '/identities', '/auth-methods'];
  const [logins, linked, methods] = await Promise.all(paths.map((path) => call('GET', path)));
  sessions(logins.sessions);
  identities(linked.identities, methods.providers);
  showFactor(await factorOf(me), showAccount);
  show('account');
}

// Who came by the provider that is unlinked is logged out with it.
export async function showWhoIsLeft() {
  try {
    await showAccount();
  } catch (refusal) {
    if (refusal.code !== 'unauthenticated') {
      throw refusal;
    }
    await leave();
  }
}

export function actions(whenOut) {
  leave = whenOut;
  press(find('#log-out'), async () => {
    await call('POST', '/logout');
    await whenOut();
  });
  press(find('#verify'), async () => {
    await call('POST', '/verify-email/request', { email: find('#who').textContent });
    say('A mail is on its way to you.');
  });
}
