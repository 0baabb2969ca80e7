// node's jose as a peer: reads a job in JSON from stdin, and prints what came of it in JSON.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as jose from 'jose';

async function generate(alg, secret) {
  if (alg.startsWith('HS')) {
    const bytes = secret ? Buffer.from(secret) : randomBytes(64);
    return { privateKey: bytes, publicKey: bytes };
  }
  return jose.generateKeyPair(alg, { extractable: true });
}

// Makes a key, and signs claims with it. The public half is given as a JWK and in PEM; of a secret, the JWK is the secret.
async function make({ alg, kid, secret, claims }) {
  const { privateKey, publicKey } = await generate(alg, secret);
  const jwk = await jose.exportJWK(publicKey);
  const pem = alg.startsWith('HS') ? null : await jose.exportSPKI(publicKey);
  const name = kid ? { kid } : {};
  const sign = (payload) => new jose.SignJWT(payload).setProtectedHeader({ alg, ...name, typ: 'JWT' }).sign(privateKey);
  return { jwk: { ...jwk, ...name, alg, use: 'sig' }, pem, tokens: await Promise.all(claims.map(sign)) };
}

// Verifies a token with a JWK set, by the `kid` of its header, or with a secret.
async function verify({ alg, token, jwks, secret }) {
  const key = secret ? Buffer.from(secret) : jose.createLocalJWKSet(JSON.parse(jwks));
  try {
    return { claims: (await jose.jwtVerify(token, key, { algorithms: [alg] })).payload };
  } catch (error) {
    if (error instanceof jose.errors.JWSSignatureVerificationFailed) {
      return { forged: error.code };
    }
    throw error;
  }
}

const job = JSON.parse(readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(await { make, verify }[job.do](job)));
