// The page at `/`: a way in for whoever is nobody yet, and the account of whoever is somebody.

import { actions, showAccount } from './account.js';
import { call } from './api.js';
import { show, tell } from './dom.js';
import { back, offer, ways } from './enter.js';
import { factorActions, forget } from './factor.js';

async function showEntry() {
  forget();
  offer(await call('GET', '/auth-methods'));
  show('entry');
}

async function showWhoever() {
  try {
    await showAccount();
  } catch (refusal) {
    if (refusal.code !== 'unauthenticated') {
      throw refusal;
    }
    await showEntry();
  }
}

ways(showAccount);
actions(showEntry);
factorActions();
showWhoever()
  .then(() => back(showAccount))
  .catch(tell);
