//! Each setting does what it says.

mod client;
mod printed;

use std::fs;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use self::client::{Client, PASSWORD, bearer, credentials};

const ALICE: &str = "alice@example.com";

/// A part of a token: 0 is its header, 1 its claims.
fn part(token: &str, number: usize) -> Value {
    let text = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

#[test]
fn tokens_live_as_long_and_say_what_is_set() {
    let set = [
        ("JWT_EXPIRY", "2h"),
        ("JWT_ISSUER", "https://id.example"),
        ("JWT_AUDIENCE", "notes"),
    ];
    let (Some(client), Some(plain)) = (Client::start(&set), Client::start(&[])) else {
        return;
    };
    for (client, life) in [(&client, 7200), (&plain, 900)] {
        let answer = client.post("/api/users/register", &credentials(ALICE));
        assert_eq!(answer.json()["expiresIn"], life, "{answer:?}");
        let token = answer.logged_in(201).token;
        let claims = part(&token, 1);
        let lives = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert_eq!(lives, life);
        assert_eq!(client.get_by(&token, "/api/posts").status(), 200);
    }
    let token = client.log_in(ALICE).logged_in(200).token;
    let claims = part(&token, 1);
    assert_eq!(claims["iss"], "https://id.example");
    let audience = claims["aud"].to_string();
    assert!(audience.contains("notes"), "{audience}");
    let plain = part(&plain.log_in(ALICE).logged_in(200).token, 1);
    assert_eq!((&plain["iss"], &plain["aud"]), (&Value::Null, &Value::Null));
}

/// The name tells the kind; the public half is published, and nothing else.
#[test]
fn a_private_key_signs_and_its_public_half_is_published() {
    for (algorithm, name, members) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, "ES256", 7),
        (&rcgen::PKCS_ED25519, "EdDSA", 6),
        (&rcgen::PKCS_RSA_SHA256, "RS256", 6),
    ] {
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        let directory = printed::Directory::new();
        let path = directory.0.join("key.pem");
        fs::write(&path, key.serialize_pem()).unwrap();
        let Some(client) = Client::start(&[("JWT_PRIVATE_KEY", path.to_str().unwrap())]) else {
            return;
        };
        let alice = client.register(ALICE);
        let header = part(&alice.token, 0);
        assert_eq!(header["alg"], name);
        let set = client.curl("", "/api/.well-known/jwks.json").json();
        assert_eq!(set["keys"].as_array().unwrap().len(), 1);
        let published = set["keys"][0].as_object().unwrap();
        assert_eq!(published["kid"], header["kid"]);
        assert_eq!(published.len(), members, "{published:?}");
        assert!(!published.contains_key("d"));
        assert_eq!(client.get_by(&alice.token, "/api/posts").status(), 200);

        // The secret in the file protects refresh tokens, so it is needed all the same; and both outlive a restart.
        assert!(client.directory.0.join("portcullis.secret").exists());
        let client = client.restart("-TERM", |command| command.env("JWT_PRIVATE_KEY", &path));
        assert_eq!(client.get_by(&alice.token, "/api/posts").status(), 200);
        let body = json!({ "refreshToken": alice.refresh_token });
        client
            .post("/api/users/refresh-token", &body)
            .logged_in(200);
    }
}

/// Keys in the database, which outlive a restart and are of no use without the secret.
#[test]
fn keys_are_made_and_kept_in_the_database() {
    let Some(client) = Client::start(&[("JWT_ROTATE", "90d")]) else {
        return;
    };
    let alice = client.register(ALICE);
    let header = part(&alice.token, 0);
    assert_eq!(header["alg"], "EdDSA");
    let set = client.curl("", "/api/.well-known/jwks.json").json();
    assert_eq!(set["keys"].as_array().unwrap().len(), 1);
    assert_eq!(set["keys"][0]["kid"], header["kid"]);
    assert!(set["keys"][0].get("d").is_none());
    let client = client.restart("-TERM", |command| command.env("JWT_ROTATE", "90d"));
    assert_eq!(client.get_by(&alice.token, "/api/posts").status(), 200);
    let again = client.curl("", "/api/.well-known/jwks.json").json();
    assert_eq!(again, set, "the same key");
    // Without the variable the secret signs, as ever.
    let client = client.restart("-TERM", |command| command);
    assert_eq!(client.get_by(&alice.token, "/api/posts").status(), 401);
}

#[test]
fn a_secret_that_is_given_is_used_and_no_file_is_made() {
    const SECRET: &str = "b7f3c1d95e2a4860917c3d5f8e6a2b4c";
    let Some(client) = Client::start(&[("JWT_SECRET", SECRET)]) else {
        return;
    };
    assert!(!client.directory.0.join("portcullis.secret").exists());
    assert!(!client.example.printed.contains(SECRET));
    let alice = client.register(ALICE);
    let client = client.restart("-TERM", |command| command.env("JWT_SECRET", SECRET));
    assert_eq!(client.get_by(&alice.token, "/api/posts").status(), 200);
    // Under another secret, nothing that was given out is good.
    let client = client.restart("-TERM", |command| command);
    assert_eq!(client.get_by(&alice.token, "/api/posts").status(), 401);
    let body = json!({ "refreshToken": alice.refresh_token });
    let refused = client.post("/api/users/refresh-token", &body);
    refused.must_be_problem(401, "refresh_invalid");
}

#[test]
fn collections_live_side_by_side() {
    let Some(client) = Client::start_with(|command| {
        command
            .env("PORTCULLIS_COLLECTIONS", "users, customers")
            .env("PORTCULLIS_LIMITS", "off")
            .arg("--first-admin")
    }) else {
        return;
    };
    let customer = client.post("/api/customers/register", &credentials(ALICE));
    let customer = customer.logged_in(201);
    let user = client.register(ALICE);
    // `--first-admin` is about the first collection alone.
    assert_eq!(customer.user["roles"], json!(["user"]));
    assert_eq!(user.user["roles"], json!(["user", "admin"]));
    assert_ne!(customer.user["id"], user.user["id"]);
    for (token, own, other) in [
        (&user.token, "users", "customers"),
        (&customer.token, "customers", "users"),
    ] {
        assert_eq!(
            client.get_by(token, &format!("/api/{own}/me")).status(),
            200
        );
        let elsewhere = client.get_by(token, &format!("/api/{other}/me"));
        elsewhere.must_be_problem(401, "unauthenticated");
        assert_eq!(client.get_by(token, "/api/posts").status(), 200);
    }
    let body = json!({ "refreshToken": user.refresh_token });
    let elsewhere = client.post("/api/customers/refresh-token", &body);
    elsewhere.must_be_problem(401, "refresh_invalid");
    let unknown = client.post("/api/admins/login", &credentials(ALICE));
    unknown.must_be_problem(404, "not_found");
}

#[test]
fn the_profile_says_what_passwords_and_keys_look_like() {
    let compat = [("PORTCULLIS_PROFILE", "compat")];
    let (Some(strict), Some(compat)) = (Client::start(&[]), Client::start(&compat)) else {
        return;
    };
    let reasons = |client: &Client, password: &str| {
        let body = json!({ "email": "bob@example.com", "password": password });
        let answer = client.post("/api/users/register", &body);
        match answer.status() {
            201 => json!([]),
            _ => answer.json()["reasons"].clone(),
        }
    };
    assert_eq!(
        reasons(&compat, "abc"),
        json!(["length", "uppercase", "number", "symbol"])
    );
    assert_eq!(reasons(&strict, "password"), json!(["common"]));
    assert_eq!(reasons(&compat, "Password-1"), json!([]));
    assert_eq!(reasons(&strict, "correct horse battery"), json!([]));

    let key = |client: &Client| {
        let alice = client.register(ALICE);
        client.key(&alice, &["read"])
    };
    let (classic, checked) = (key(&compat), key(&strict));
    let is_hex =
        |key: &str| key.len() == 67 && key[3..].bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(is_hex(&classic) && !is_hex(&checked), "{classic} {checked}");
    // As one of the older systems writes it, with the collection in front.
    let header = format!("-H 'Authorization: users API-Key {classic}'");
    assert_eq!(compat.curl(&header, "/api/posts").status(), 200);
}

/// What is in the database's file, after a clean end.
fn holds(client: &Client, text: &str) -> bool {
    let file = fs::read(client.directory.0.join("portcullis.db")).unwrap();
    file.windows(text.len())
        .any(|window| window == text.as_bytes())
}

/// AC-H4: what was hashed otherwise is verified, and hashed anew at the next login.
#[test]
fn the_hash_is_the_one_that_is_set() {
    const ALL: [(&str, &str); 3] = [
        ("argon2id", "$argon2id$"),
        ("bcrypt", "$2b$"),
        ("scrypt", "$scrypt$"),
    ];
    let set = |name| {
        [
            ("PORTCULLIS_PASSWORD_HASH", name),
            ("PORTCULLIS_LIMITS", "off"),
        ]
    };
    let Some(mut client) = Client::start(&[]) else {
        return;
    };
    client.register(ALICE);
    for (name, start) in ALL {
        client = client.restart("-TERM", |command| command.envs(set(name)));
        client.log_in(ALICE).logged_in(200);
        client = client.restart("-TERM", |command| command.envs(set(name)));
        for (_, other) in ALL {
            assert_eq!(holds(&client, other), other == start, "{name} {other}");
        }
    }
}

#[test]
fn where_proof_of_the_address_is_asked_for_nobody_learns_who_is_here() {
    let Some(client) = Client::start(&[("PORTCULLIS_REQUIRE_VERIFIED", "on")]) else {
        return;
    };
    let sent = json!({ "status": "verification_sent" });
    for _ in 0..2 {
        let answer = client.post("/api/users/register", &credentials(ALICE));
        assert_eq!((answer.status(), answer.json()), (202, sent.clone()));
    }
    client
        .log_in(ALICE)
        .must_be_problem(403, "email_not_verified");
    let wrong = json!({ "email": ALICE, "password": "a wrong guess" });
    let wrong = client.post("/api/users/login", &wrong);
    wrong.must_be_problem(401, "invalid_credentials");
    let body = json!({ "token": client.link(ALICE, "/verify-email") });
    assert_eq!(client.post("/api/users/verify-email", &body).status(), 200);
    client.log_in(ALICE).logged_in(200);
}

/// Whoever is not behind a proxy of ours may say what they like about where they come from.
#[test]
fn only_trusted_proxies_say_where_a_client_is() {
    for (proxies, expected) in [("127.0.0.0/8", "203.0.113.9"), ("10.0.0.0/8", "127.0.0.1")] {
        let Some(client) = Client::start(&[("PORTCULLIS_TRUSTED_PROXIES", proxies)]) else {
            return;
        };
        client.register(ALICE);
        let forwarded = "-H 'X-Forwarded-For: 203.0.113.9'";
        let login = client.post_with(forwarded, "/api/users/login", &credentials(ALICE));
        let token = login.logged_in(200).token;
        let sessions = client.curl(&bearer(&token), "/api/users/sessions").json();
        let all = sessions["sessions"].as_array().unwrap();
        let current = all.iter().find(|session| session["current"] == true);
        assert_eq!(current.unwrap()["ip"], expected, "{sessions}");
    }
}

/// Neither by how often one asks, nor by how often one is wrong.
#[test]
fn without_limits_nobody_is_locked_out() {
    let Some(client) = Client::start(&[]) else {
        return;
    };
    client.register(ALICE);
    let wrong = json!({ "email": ALICE, "password": format!("{PASSWORD}!") });
    for _ in 0..8 {
        let answer = client.post("/api/users/login", &wrong);
        answer.must_be_problem(401, "invalid_credentials");
        assert_eq!(answer.header("ratelimit"), None);
    }
    client.log_in(ALICE).logged_in(200);
}

/// Behind a proxy that speaks https, all that is told is the proxy's address, and cookies are as in production (v5.0.0-3.3.1).
#[test]
fn behind_a_proxy_its_address_is_what_is_told() {
    const BASE: &str = "https://app.example:8443";
    let set = [
        ("PORTCULLIS_BASE_URL", "https://App.Example:8443/"),
        ("GITHUB_CLIENT_ID", "an-application"),
        ("GITHUB_CLIENT_SECRET", "and its secret"),
    ];
    let Some(client) = Client::start(&set) else {
        return;
    };
    let callback = format!("{BASE}/api/users/oauth/github/callback");
    let printed = &client.example.printed;
    assert!(printed.contains(&format!("  github: {callback}\n")));
    let claims = part(&client.register(ALICE).token, 1);
    assert_eq!(claims["iss"], BASE);
    client.mail(ALICE, &format!("{BASE}/verify-email#token="));

    let start = |to: &str| {
        client.curl(
            "",
            &format!("'/api/users/oauth/github/start?redirectTo={to}/'"),
        )
    };
    let sent = start(BASE);
    let encoded = callback.replace(':', "%3A").replace('/', "%2F");
    let location = sent.header("location").unwrap();
    assert!(
        location.contains(&format!("redirect_uri={encoded}&")),
        "{location}"
    );
    start(client.example.base()).must_be_problem(422, "redirect_not_allowed");

    let answer = client.log_in_by_cookie(ALICE);
    for (cookie, name) in [(&answer, "__Host-session="), (&sent, "__Host-oauth=")] {
        let cookie = cookie.header("set-cookie").unwrap();
        assert!(
            cookie.starts_with(name) && cookie.contains("; Secure"),
            "{cookie}"
        );
    }
    let cookie = answer
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    // As from a browser without `Sec-Fetch-Site`, through a proxy that does not tell which host was asked.
    for (origin, status) in [
        (BASE, 200),
        ("https://app.example", 403),
        ("http://app.example:8443", 403),
    ] {
        let headers = format!("-X PATCH -H 'Cookie: {cookie}' -H 'Origin: {origin}'");
        let changed = client.post_with(&headers, "/api/users/me", &json!({ "name": "Ada" }));
        assert_eq!(changed.status(), status, "{origin}: {changed:?}");
    }
    let (_, complaints) = client.example.end_by("-TERM");
    assert!(!complaints.contains("not marked Secure"), "{complaints}");
}

/// On this machine a proxy may speak plain http; an issuer that is set stands.
#[test]
fn behind_a_plain_proxy_cookies_are_plain_and_a_warning_says_so() {
    let set = [
        ("PORTCULLIS_BASE_URL", "http://[::1]:8080"),
        ("JWT_ISSUER", "https://id.example"),
    ];
    let Some(client) = Client::start(&set) else {
        return;
    };
    let claims = part(&client.register(ALICE).token, 1);
    assert_eq!(claims["iss"], "https://id.example");
    client.mail(ALICE, "http://[::1]:8080/verify-email#token=");
    let answer = client.log_in_by_cookie(ALICE);
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("session=") && !cookie.contains("Secure"),
        "{cookie}"
    );
    let (_, complaints) = client.example.end_by("-TERM");
    assert!(complaints.contains("not marked Secure"), "{complaints}");
}
