// What needs a login that is fresh asks for a proof, and then goes on.

import { call } from './api.js';
import { find } from './dom.js';

const dialog = find('#proof');
const form = find('#proof form');

// What was typed, or nothing if it was left.
function asked(refusal) {
  find('#proof-refused').textContent = refusal;
  form.reset();
  dialog.showModal();
  return new Promise((resolve) => {
    const end = (typed) => {
      dialog.close();
      resolve(typed);
    };
    form.onsubmit = (event) => {
      event.preventDefault();
      end(Object.fromEntries([...new FormData(form)].filter(([, value]) => value)));
    };
    form.elements.cancel.onclick = () => end(undefined);
    dialog.oncancel = () => resolve(undefined);
  });
}

export async function proved(run) {
  for (let refused = ''; ; ) {
    try {
      return await run();
    } catch (refusal) {
      if (refusal.code !== 'reauthentication_required') {
        throw refusal;
      }
    }
    const typed = await asked(refused);
    if (!typed) {
      return undefined;
    }
    refused = await call('POST', '/reauthenticate', typed).then(() => '', (refusal) => refusal.message);
  }
}
