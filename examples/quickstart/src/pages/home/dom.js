// What the parts of the page have in common.

import { Refusal } from './api.js';

export const find = (selector) => document.querySelector(selector);

export function say(text) {
  find('[role=status]').textContent = text;
}

export function show(section) {
  for (const one of document.querySelectorAll('section')) {
    one.hidden = one.id !== section;
  }
}

export function fill(list, items) {
  find(list).replaceChildren(...items);
}

export function element(name, text, ...inside) {
  const made = document.createElement(name);
  made.append(text, ...inside);
  return made;
}

export function tell(error) {
  say(error instanceof Refusal ? error.message : 'The server cannot be reached. Try again.');
}

// Runs what was asked for, one at a time, and says why if it was refused.
async function attempt(run, button) {
  button.disabled = true;
  try {
    say('');
    await run();
  } catch (error) {
    tell(error);
  } finally {
    button.disabled = false;
  }
}

export function press(button, run) {
  button.addEventListener('click', () => attempt(run, button));
  return button;
}

export function button(text, run) {
  const made = element('button', text);
  made.type = 'button';
  return press(made, run);
}

// What was typed is given to `run`, with the value of the button that was pressed, and is gone from the page once it was taken.
export function submit(selector, run) {
  const form = find(selector);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const members = Object.fromEntries(new FormData(form));
    const taken = async () => {
      await run(members, event.submitter.value);
      form.reset();
    };
    attempt(taken, event.submitter);
  });
}
