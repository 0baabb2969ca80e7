// A hostile OpenID Connect provider: `oauth2-mock-server`, which takes whatever it is sent, with tricks played on its answers.
//
// Settings come as JSON in the variable PROVIDER. It prints a line of JSON when it listens, and ends when its input does.
// `POST /control` says which tricks it plays from now on, and has it change its key.

import { createHash, createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import { Events, JWKStore, OAuth2Issuer, OAuth2Service } from 'oauth2-mock-server';

const settings = JSON.parse(process.env.PROVIDER);
const state = { tricks: {}, requests: [], keys: await freshKeys('first') };
const endpoints = { '/.well-known/openid-configuration': 'discovery', '/authorize': 'authorization', '/jwks': 'keys', '/token': 'token', '/userinfo': 'userinfo' };

async function freshKeys(kid) {
  const keys = new JWKStore();
  await keys.generate('RS256', { kid });
  return keys;
}

// What is null in the change is taken away.
function merged(original, change) {
  const all = Object.entries({ ...original, ...change });
  return Object.fromEntries(all.filter(([, value]) => value !== null));
}

const base64url = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const readPart = (token, part) => JSON.parse(Buffer.from(token.split('.')[part], 'base64url'));
const halfHash = (token) => createHash('sha256').update(token).digest().subarray(0, 16).toString('base64url');
const rs256 = (key) => (text) => sign('sha256', Buffer.from(text), key).toString('base64url');
const hs256 = (secret) => (text) => createHmac('sha256', secret).update(text).digest('base64url');

// How an id token is signed: what its header says of it, and what makes the signature.
function signature(how) {
  const own = createPrivateKey({ key: state.keys.toJSON(true)[0], format: 'jwk' });
  if (how === 'none') return [{ alg: 'none', kid: undefined }, () => ''];
  if (how === 'missing') return [{}, () => ''];
  if (how === 'changed') return [{}, (text) => rs256(own)(`${text}.`)];
  if (how === 'public-key-as-secret') return [{ alg: 'HS256' }, hs256(createPublicKey(own).export({ type: 'spki', format: 'pem' }))];
  if (how === 'client-secret') return [{ alg: 'HS256' }, hs256(settings.clientSecret)];
  if (how !== 'other-key' && how !== 'embedded-key') return [{}, rs256(own)];
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const shown = how === 'embedded-key' ? { jwk: publicKey.export({ format: 'jwk' }) } : {};
  return [shown, rs256(privateKey)];
}

function forge(token, accessToken) {
  const [shown, signed] = signature(state.tricks.signature);
  const claims = { ...readPart(token, 1), at_hash: halfHash(accessToken), email: 'johndoe@example.com', email_verified: true };
  const head = base64url(merged({ ...readPart(token, 0), ...shown }, state.tricks.header));
  const text = `${head}.${base64url(merged(claims, state.tricks.claims))}`;
  return `${text}.${signed(text)}`;
}

function playTricks(service) {
  service.on(Events.BeforeResponse, (answer) => {
    answer.body.id_token = forge(answer.body.id_token, answer.body.access_token);
    answer.body.scope = 'openid email';
    answer.body = merged(answer.body, state.tricks.tokenResponse);
  });
  service.on(Events.BeforeUserinfo, (answer) => {
    answer.body = merged({ ...answer.body, email: 'johndoe@example.com', email_verified: true }, state.tricks.userinfo);
  });
  service.on(Events.BeforeAuthorizeRedirect, ({ url }) => {
    for (const [name, value] of Object.entries(state.tricks.callback ?? {})) {
      value === null ? url.searchParams.delete(name) : url.searchParams.set(name, value);
    }
  });
}

// Sends without end: as fast as it is taken, or a byte at a time.
function sendOn(response, chunk, pause) {
  const send = () => {
    if (response.destroyed) return;
    const isTaken = response.write(chunk);
    pause ? setTimeout(send, pause) : isTaken ? setImmediate(send) : response.once('drain', send);
  };
  send();
}

const JSON_TYPE = { 'content-type': 'application/json' };
const behaviours = {
  answer: (response, { status, contentType, body }) => response.writeHead(status, { 'content-type': contentType }).end(body),
  redirect: (response, { status, to }) => response.writeHead(status, { location: to }).end(),
  silence: () => {},
  'hang-up': (response) => response.destroy(),
  giant: (response, { bytes }) => response.writeHead(200, JSON_TYPE).end(`{"padding":"${'x'.repeat(bytes)}"}`),
  endless: (response) => sendOn(response.writeHead(200, JSON_TYPE), ' '.repeat(16384), 0),
  drip: (response) => sendOn(response.writeHead(200, JSON_TYPE), ' ', 20),
};

async function body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

async function control({ tricks, rotate, reset }) {
  if (reset) Object.assign(state, { tricks: {}, requests: [] });
  if (tricks) state.tricks = tricks;
  if (rotate) state.keys = await freshKeys(rotate);
  return { requests: state.requests };
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = new OAuth2Issuer();
  issuer.url = `http://127.0.0.1:${server.address().port}`;
  // So that the key may change: the issuer itself only ever adds one.
  Object.defineProperty(issuer, 'keys', { get: () => state.keys });
  const service = new OAuth2Service(issuer);
  playTricks(service);
  server.on('request', async (request, response) => {
    const path = request.url.split('?')[0];
    if (request.method === 'POST' && path === '/control') {
      return response.end(JSON.stringify(await control(JSON.parse(await body(request)))));
    }
    state.requests.push(`${request.method} ${path}`);
    const behaviour = state.tricks.behaviours?.[endpoints[path]];
    if (behaviour) return behaviours[behaviour.kind](response, behaviour);
    if (endpoints[path] === 'discovery') {
      // It says that it knows of no secrets, and takes any.
      const usual = { token_endpoint_auth_methods_supported: ['client_secret_basic'] };
      const told = (document) => JSON.stringify(merged({ ...document, ...usual }, state.tricks.discovery));
      response.json = (document) => response.writeHead(200, JSON_TYPE).end(told(document));
      return service.openidConfigurationHandler(request, response);
    }
    return service.requestHandler(request, response);
  });
  console.log(JSON.stringify({ url: issuer.url }));
});
process.stdin.on('end', () => process.exit(0)).resume();
