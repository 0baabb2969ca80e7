// The second factor: set up, renewed, turned off.

import { call } from './api.js';
import { element, fill, find, press, submit } from './dom.js';
import { proved } from './proof.js';

let changed;

export function showFactor(factor, whenChanged) {
  changed = whenChanged;
  const left = factor.recoveryCodesLeft === undefined ? '' : ` ${factor.recoveryCodesLeft} recovery codes are left.`;
  find('#factor').textContent = factor.totp ? `The authenticator app is on.${left}` : 'There is none.';
  find('#enrol').hidden = factor.totp;
  find('#manage').hidden = !factor.totp;
}

function showCodes(codes) {
  fill('#recovery-codes', codes.map((code) => element('li', element('code', code))));
  find('#recovery').hidden = codes.length === 0;
}

// What was shown once is gone with it.
export function forget() {
  find('#enrolling').hidden = true;
  find('#qr').removeAttribute('src');
  find('#secret').textContent = '';
  showCodes([]);
}

async function enrol() {
  const enrolment = await proved(() => call('POST', '/2fa/totp/enroll'));
  if (!enrolment) {
    return;
  }
  // As a picture, it can run nothing.
  find('#qr').src = `data:image/svg+xml,${encodeURIComponent(enrolment.qrSvg)}`;
  find('#secret').textContent = enrolment.secret;
  find('#enrolling').hidden = false;
}

const changes = {
  renew: (code) => call('POST', '/2fa/recovery-codes', { code }),
  off: (code) => call('DELETE', '/2fa/totp', { code }),
};

export function factorActions() {
  press(find('#enrol'), enrol);
  submit('#activate', async ({ code }) => {
    const activated = await proved(() => call('POST', '/2fa/totp/activate', { code }));
    if (activated) {
      forget();
      showCodes(activated.recoveryCodes);
      await changed();
    }
  });
  submit('#manage', async ({ code }, what) => {
    const answer = await proved(() => changes[what](code));
    showCodes(answer?.recoveryCodes ?? []);
    await changed();
  });
}
