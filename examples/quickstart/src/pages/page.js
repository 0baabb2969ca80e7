'use strict';

const form = document.querySelector('form');
const message = document.querySelector('[role=status]');

// The fragment reaches no server. It leaves the address bar, and with it the history, at once; it is used when the button is
// pressed and not before.
const token = new URLSearchParams(location.hash.slice(1)).get('token');
history.replaceState(null, '', location.pathname);
if (!token) {
  form.hidden = true;
  message.textContent = 'Open this page by the link in the mail.';
}

// Whose link it is, it does not say: the first collection that knows it answers with something else than that it is no good.
async function post(members) {
  let refusal;
  for (const collection of form.dataset.collections.split(' ')) {
    const response = await fetch(`/api/${collection}/${form.dataset.post}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(members),
    });
    if (response.ok) {
      return undefined;
    }
    refusal = await response.json();
    if (refusal.code !== 'invalid_token') {
      break;
    }
  }
  return refusal;
}

function told(refusal) {
  const reasons = refusal.reasons ? ` (${refusal.reasons.join(', ')})` : '';
  return `${refusal.detail ?? refusal.title}${reasons}`;
}

async function submit() {
  const members = { token };
  if (form.elements.password) {
    members.password = form.elements.password.value;
  }
  const refusal = await post(members);
  form.hidden = !refusal;
  message.textContent = refusal ? told(refusal) : 'Done. You can close this page.';
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  submit().catch(() => {
    message.textContent = 'The server cannot be reached. Try again.';
  });
});
