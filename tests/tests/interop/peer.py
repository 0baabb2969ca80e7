"""PyJWT as a peer: reads a job in JSON from stdin, and prints what came of it in JSON."""

import json
import secrets
import sys

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def generate(alg, secret):
    if alg.startswith("HS"):
        return secret.encode() if secret else secrets.token_bytes(64)
    if alg.startswith(("RS", "PS")):
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if alg.startswith("ES"):
        return ec.generate_private_key({"ES256": ec.SECP256R1, "ES384": ec.SECP384R1}[alg]())
    return ed25519.Ed25519PrivateKey.generate()


def make(job):
    """Makes a key, and signs claims with it. The public half is given as a JWK and in PEM; of a secret, the JWK is the secret."""
    alg, kid = job["alg"], job["kid"]
    key = generate(alg, job.get("secret"))
    public = key if isinstance(key, bytes) else key.public_key()
    jwk = jwt.get_algorithm_by_name(alg).to_jwk(public, as_dict=True)
    pem = None
    if not isinstance(key, bytes):
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    name = {"kid": kid} if kid else {}
    tokens = [jwt.encode(claims, key, algorithm=alg, headers=name) for claims in job["claims"]]
    return {"jwk": {**jwk, **name, "alg": alg, "use": "sig"}, "pem": pem, "tokens": tokens}


def verify(job):
    """Verifies a token with a JWK set, by the `kid` of its header, or with a secret."""
    token = job["token"]
    try:
        if "secret" in job:
            key = job["secret"].encode()
        else:
            key = jwt.PyJWKSet.from_json(job["jwks"])[jwt.get_unverified_header(token)["kid"]]
        return {"claims": jwt.decode(token, key, algorithms=[job["alg"]])}
    except jwt.InvalidSignatureError as error:
        return {"forged": repr(error)}


job = json.load(sys.stdin)
json.dump({"make": make, "verify": verify}[job["do"]](job), sys.stdout)
