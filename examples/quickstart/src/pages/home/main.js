// The page at `/`: a way in for whoever is nobody yet, and the account of whoever is somebody.

import { actions, showAccount, showWhoIsLeft } from './account.js';
import { call } from './api.js';
import { show, tell } from './dom.js';
import { back, offer, ways } from './enter.js';
import { factorActions, forget } from './factor.js';

async function showEntry() {
  forget();
  offer(await call('GET', '/auth-methods'));
  show('entry');
}

ways(showAccount);
actions(showEntry);
factorActions();
showWhoIsLeft()
  .then(() => back(showAccount))
  .catch(tell);
