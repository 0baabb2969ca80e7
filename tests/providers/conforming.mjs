// A conforming OpenID Connect provider: a login and a consent that need nobody to click, and otherwise `oidc-provider` as it is.
//
// Settings come as JSON in the variable PROVIDER. It prints a line of JSON when it listens, and ends when its input does.
// `POST /control` changes who logs in, who there is, and where it may redirect to.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider, { interactionPolicy } from 'oidc-provider';

const settings = JSON.parse(process.env.PROVIDER);
const state = {};
forget();

// Google's own places, so that whoever has them built in finds them.
const GOOGLE = { authorization: '/o/oauth2/v2/auth', token: '/token', userinfo: '/v1/userinfo', jwks: '/oauth2/v3/certs' };

function signingKey(alg, kid) {
  const made = {
    RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    EdDSA: () => generateKeyPairSync('ed25519'),
  };
  return { ...made[alg]().privateKey.export({ format: 'jwk' }), alg, kid, use: 'sig' };
}

// Nobody is remembered: who logs in is asked each time, and `prompt=none` is refused.
function askEachTime() {
  const { Check, base } = interactionPolicy;
  const policy = base();
  const ask = ({ oidc }) => (oidc.result?.login || oidc.result?.error ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT);
  policy.get('login').checks.add(new Check('each_time', 'who it is has to be asked', ask));
  return policy;
}

function account(ctx, id) {
  const claims = state.people.get(id);
  return claims && { accountId: id, claims: () => ({ ...claims, sub: id }) };
}

const configuration = {
  claims: { openid: ['sub', 'hd'], email: ['email', 'email_verified'], profile: ['name', 'picture', 'given_name', 'family_name', 'locale'] },
  clients: [{
    client_id: settings.clientId,
    client_secret: settings.clientSecret,
    redirect_uris: ['https://client.invalid/never'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: settings.algorithm,
    require_auth_time: true,
  }],
  clientAuthMethods: ['client_secret_basic', 'client_secret_post'],
  conformIdTokenClaims: !settings.google,
  cookies: { keys: ['only of a test'] },
  enabledJWA: { idTokenSigningAlgValues: [settings.algorithm] },
  features: { devInteractions: { enabled: false } },
  findAccount: account,
  interactions: { policy: askEachTime(), url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  issueRefreshToken: async () => true,
  jwks: { keys: [signingKey(settings.algorithm, `key-${settings.algorithm}`)] },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  routes: settings.google ? GOOGLE : undefined,
  scopes: ['openid', 'offline_access'],
  ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 86400, IdToken: 3600, Interaction: 600, RefreshToken: 86400, Session: 86400 },
};

async function interact(provider, request, response) {
  const { params, grantId } = await provider.interactionDetails(request, response);
  if (state.deny) {
    const refusal = { error: state.deny, error_description: '<script>alert(1)</script> was not let in' };
    return provider.interactionFinished(request, response, refusal);
  }
  const hinted = [...state.people].find(([id, claims]) => [id, claims.email].includes(params.login_hint));
  const accountId = hinted?.[0] ?? state.logIn ?? state.people.keys().next().value;
  const grant = (grantId && (await provider.Grant.find(grantId))) || new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const result = { login: { accountId }, consent: { grantId: await grant.save() } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

async function body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function forget() {
  Object.assign(state, { people: new Map(), logIn: null, deny: null, redirects: new Set(), requests: [] });
}

function control(change) {
  if (change.reset) forget();
  for (const { sub, ...claims } of change.people ?? []) state.people.set(sub, claims);
  for (const uri of change.redirects ?? []) state.redirects.add(uri);
  if ('logIn' in change) state.logIn = change.logIn;
  if ('deny' in change) state.deny = change.deny;
  return { requests: state.requests };
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(url, configuration);
  // Where a client listens is known only when it runs.
  provider.Client.prototype.redirectUriAllowed = (uri) => state.redirects.has(uri);
  if (process.env.PROVIDER_DEBUG) {
    for (const event of ['server_error', 'authorization.error', 'grant.error', 'userinfo.error']) {
      provider.on(event, (ctx, error) => console.error(event, error));
    }
  }
  const protocol = provider.callback();
  server.on('request', (request, response) => {
    const path = request.url.split('?')[0];
    const answered = async () => {
      if (request.method === 'POST' && path === '/control') {
        return response.end(JSON.stringify(control(JSON.parse(await body(request)))));
      }
      state.requests.push(`${request.method} ${path}`);
      return path.startsWith('/interaction/') ? interact(provider, request, response) : protocol(request, response);
    };
    answered().catch((error) => {
      console.error(error);
      response.writeHead(500).end(String(error));
    });
  });
  console.log(JSON.stringify({ url }));
});
process.stdin.on('end', () => process.exit(0)).resume();
