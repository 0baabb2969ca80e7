// Ways in: password, provider, and the second factor after either.

import { call, start } from './api.js';
import { element, find, press, say, show, submit } from './dom.js';

// Back from a provider, the address holds a code that is good once, or what went wrong. It leaves the history at once.
const query = new URLSearchParams(location.search);
history.replaceState(null, '', location.pathname);

// Kept in memory alone, for the few minutes that it is good.
let challenge;

// A login went well, or a second factor is asked for.
function entered(answer, whenIn) {
  challenge = answer.challenge;
  if (challenge) {
    show('second');
    find('#code-code').focus();
    return undefined;
  }
  return whenIn();
}

// Only digits are a code of an app; recovery codes have letters.
const path = (code) => (/^[\d\s-]+$/.test(code) ? '/login/totp' : '/login/recovery');

function leave() {
  challenge = undefined;
  show('entry');
}

export function offer(methods) {
  find('#new').hidden = !methods.signup;
  const links = methods.providers.map(({ name, title }) => {
    const link = element('a', `Log in with ${title}`);
    link.href = start(name);
    link.dataset.provider = name;
    return link;
  });
  find('#providers').replaceChildren(...links);
}

export function ways(whenIn) {
  submit('#log-in', async (typed) => entered(await call('POST', '/login', { ...typed, mode: 'cookie' }), whenIn));
  submit('#register', async ({ name, ...typed }) => {
    const answer = await call('POST', '/register', { ...typed, ...(name && { name }), mode: 'cookie' });
    return answer.user ? whenIn() : say('A mail is on its way to you.');
  });
  submit('#forgot', async (typed) => {
    await call('POST', '/forgot-password', typed);
    say('If there is such an account, a mail is on its way.');
  });
  submit('#code', async ({ code }) => {
    try {
      await call('POST', path(code), { challenge, code });
    } catch (refusal) {
      if (refusal.code === 'challenge_expired') {
        leave();
      }
      throw refusal;
    }
    challenge = undefined;
    await whenIn();
  });
  press(find('#give-up'), leave);
}

export async function back(whenIn) {
  const code = query.get('code');
  if (code) {
    await entered(await call('POST', '/oauth/exchange', { code }), whenIn);
  } else if (query.has('error')) {
    say(`That did not work: ${query.get('error')}`);
  }
}
