"""Writes foreign.json: hashes of other systems, computed without any code of this project.

Needs Python 3 with hashlib.scrypt, and the openssl command for AES. Run in this folder.
"""

import base64
import hashlib
import json
import subprocess


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def unpadded(data: bytes) -> str:
    return b64(data).rstrip("=")


def pbkdf2(password: str, salt: bytes, rounds: int, length: int = 32) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds, length)


def django(password: str, salt: str, rounds: int) -> dict:
    digest = b64(pbkdf2(password, salt.encode(), rounds))
    return {"password": password, "stored": f"pbkdf2_sha256${rounds}${salt}${digest}"}


def phc(password: str, salt: bytes, rounds: int, length: int) -> dict:
    digest = unpadded(pbkdf2(password, salt, rounds, length))
    return {"password": password, "stored": f"$pbkdf2-sha256$i={rounds},l={length}${unpadded(salt)}${digest}"}


def passlib(password: str, salt: bytes, rounds: int) -> dict:
    digest = unpadded(pbkdf2(password, salt, rounds)).replace("+", ".")
    salt_text = unpadded(salt).replace("+", ".")
    return {"password": password, "stored": f"$pbkdf2-sha256${rounds}${salt_text}${digest}"}


def scrypt(password: str, salt: bytes, log_n: int, r: int, p: int) -> dict:
    digest = hashlib.scrypt(password.encode(), salt=salt, n=1 << log_n, r=r, p=p, maxmem=1 << 30, dklen=32)
    return {"password": password, "stored": f"$scrypt$ln={log_n},r={r},p={p}${unpadded(salt)}${unpadded(digest)}"}


SIGNER_KEY = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
SEPARATOR = "Bw=="


def firebase(password: str, salt: str) -> dict:
    whole_salt = base64.b64decode(salt) + base64.b64decode(SEPARATOR)
    derived = hashlib.scrypt(password.encode(), salt=whole_salt, n=1 << 14, r=8, p=1, maxmem=1 << 30, dklen=64)
    command = ["openssl", "enc", "-aes-256-ctr", "-K", derived[:32].hex(), "-iv", "00" * 16]
    cipher = subprocess.run(command, input=base64.b64decode(SIGNER_KEY), capture_output=True, check=True).stdout
    return {"password": password, "salt": salt, "hash": b64(cipher)}


document = {
    "_source": "make_foreign.py",
    "django": [
        django("lètmein", "seasalt", 1000),
        django("correct horse battery staple", "3lXJf0oN7bWy5zAeQkq1Rt", 26000),
        django("\ufb01sh & chips", "ligature", 1000),
        django("", "emptypassword", 1),
    ],
    "pbkdf2_phc": [phc("password", b"NaCl and more", 1000, 32), phc("pässwörd", bytes(range(16)), 4096, 64)],
    "pbkdf2_passlib": [passlib("password", bytes([251, 255, 190] * 5 + [7]), 1000), passlib("x", b"abcdefghijklmnop", 29000)],
    "scrypt": [scrypt("password", bytes(range(16)), 4, 8, 1), scrypt("pässwörd", b"0123456789abcdef", 10, 8, 2)],
    "firebase": {
        "signer_key": SIGNER_KEY,
        "separator": SEPARATOR,
        "rounds": 8,
        "mem_cost": 14,
        "cases": [firebase("user1password", "42xEC+ixf3L2lw=="), firebase("pässwörd", "AAECAwQFBgcICQ==")],
    },
}
with open("foreign.json", "w", encoding="utf-8") as file:
    json.dump(document, file, indent=1, ensure_ascii=False)
    file.write("\n")
