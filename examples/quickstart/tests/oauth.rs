//! Logins with providers, by curl: what is offered, where one is sent, and the whole way there and back.

mod client;
mod printed;
mod providers;

use std::collections::BTreeMap;

use portcullis_testkit::oauth::{Endpoint, OidcPerson, OidcSettings, Person};
use serde_json::{Value, json};

use self::client::{Answer, Client};
use self::printed::Directory;
use self::providers::{ID, Providers, SECRET, callback};

const GRACE: &str = "grace@example.com";

fn offered(client: &Client) -> Value {
    client.curl("", "/api/users/auth-methods").json()["providers"].clone()
}

/// Where a login with a provider begins, which sends it back to `/`.
fn start(client: &Client, provider: &str) -> String {
    let base = client.example.base();
    format!("'/api/users/oauth/{provider}/start?redirectTo={base}/'")
}

/// Where an answer sends to: without its query, and the query.
fn sent_to(answer: &Answer) -> (String, BTreeMap<String, String>) {
    assert_eq!(answer.status(), 303, "{answer:?}");
    let location = answer.header("location").unwrap();
    let (place, query) = location.split_once('?').unwrap();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(name, value)| (name.to_owned(), decoded(value)));
    (place.to_owned(), pairs.collect())
}

fn decoded(text: &str) -> String {
    let mut bytes = text.replace('+', " ").into_bytes();
    while let Some(at) = bytes.iter().position(|byte| *byte == b'%') {
        let hex = std::str::from_utf8(&bytes[at + 1..at + 3]).unwrap();
        let byte = u8::from_str_radix(hex, 16).unwrap();
        bytes.splice(at..at + 3, [byte]);
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn without_settings_nothing_is_offered() {
    let Some(client) = Client::start(&[]) else {
        return;
    };
    assert_eq!(offered(&client), json!([]));
    assert!(!client.example.printed.contains("oauth"));
    for provider in ["google", "github", "discord", "oidc", "nobody"] {
        let answer = client.curl("", &start(&client, provider));
        answer.must_be_problem(404, "not_found");
    }
}

/// AC-A1, AC-A2, v5.0.0-10.2.1, v5.0.0-10.2.3: to the provider's real endpoint, with what binds the answer to this browser, and no
/// more asked for than a login needs.
#[test]
fn each_pair_of_settings_offers_a_provider_at_its_own_place() {
    for (name, title, place, scope, has_nonce) in [
        (
            "google",
            "Google",
            "https://accounts.google.com/o/oauth2/v2/auth",
            "openid email profile",
            true,
        ),
        (
            "github",
            "GitHub",
            "https://github.com/login/oauth/authorize",
            "read:user user:email",
            false,
        ),
        (
            "discord",
            "Discord",
            "https://discord.com/oauth2/authorize",
            "identify email",
            false,
        ),
    ] {
        let upper = name.to_uppercase();
        let (id, secret) = (
            format!("{upper}_CLIENT_ID"),
            format!("{upper}_CLIENT_SECRET"),
        );
        let Some(client) = Client::start(&[(&id, ID), (&secret, SECRET)]) else {
            return;
        };
        assert_eq!(offered(&client), json!([{ "name": name, "title": title }]));
        let registered = callback(&client, name);
        assert!(
            client
                .example
                .printed
                .contains(&format!("  {name}: {registered}\n"))
        );
        let mut all = Vec::new();
        for _ in 0..2 {
            let answer = client.curl("", &start(&client, name));
            answer.must_be_marked();
            let (sent, asked) = sent_to(&answer);
            assert_eq!(sent, place);
            for (parameter, value) in [
                ("response_type", "code"),
                ("client_id", ID),
                ("redirect_uri", &registered),
                ("scope", scope),
                ("code_challenge_method", "S256"),
            ] {
                assert_eq!(asked[parameter], value, "{name}");
            }
            assert_eq!(asked["code_challenge"].len(), 43);
            assert_eq!(asked.contains_key("nonce"), has_nonce, "{name}");
            let cookie = answer.header("set-cookie").unwrap();
            for part in ["oauth=", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
                assert!(cookie.contains(part), "{cookie}");
            }
            assert!(asked["state"].len() >= 43 && !cookie.contains(&asked["state"]));
            let secrets = ["state", "code_challenge", "nonce"].map(|name| asked.get(name).cloned());
            all.extend(secrets.into_iter().flatten());
        }
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count, "each is new each time");
    }
}

#[test]
fn providers_are_offered_together_in_each_collection() {
    let settings = [
        ("GITHUB_CLIENT_ID", ID),
        ("GITHUB_CLIENT_SECRET", SECRET),
        ("DISCORD_CLIENT_ID", ID),
        ("DISCORD_CLIENT_SECRET", SECRET),
        ("PORTCULLIS_COLLECTIONS", "users,customers"),
    ];
    let Some(client) = Client::start(&settings) else {
        return;
    };
    for collection in ["users", "customers"] {
        let methods = client
            .curl("", &format!("/api/{collection}/auth-methods"))
            .json();
        let names: Vec<_> = methods["providers"].as_array().unwrap().iter().collect();
        assert_eq!(names.len(), 2, "{methods}");
        for provider in ["github", "discord"] {
            let path = format!("/api/{collection}/oauth/{provider}/callback\n");
            assert!(client.example.printed.contains(&path));
        }
    }
    let (_, complaints) = client.example.end_by("-TERM");
    assert!(
        !complaints.contains("CLIENT") && !complaints.contains(SECRET),
        "{complaints}"
    );
}

/// Where curl ends when it follows every redirect from the start on, with a jar of cookies.
fn walk(client: &Client, provider: &str, more: &str) -> String {
    let base = client.example.base();
    let to = start(client, provider).replace("?redirectTo", &format!("?{more}redirectTo"));
    let curl = "curl -s -L --max-redirs 20 -o /dev/null -w '%{url_effective}' -b walk -c walk";
    client.directory.paste(&format!(
        "{curl} {base}{}",
        to.trim_matches('\'').replace('&', "'&'")
    ))
}

fn exchange(client: &Client, end: &str) -> Answer {
    let (_, code) = end.split_once("?code=").unwrap_or_else(|| panic!("{end}"));
    let body = json!({ "code": decoded(code) });
    client.post_with("-b walk", "/api/users/oauth/exchange", &body)
}

/// AC-A12: the tokens are in no address; what is there instead is good once.
#[test]
fn there_and_back_again() {
    let Some(providers) = Providers::start() else {
        return;
    };
    let discord = providers.discord.url();
    let more = [
        ("DISCORD_URL", discord.as_str()),
        ("DISCORD_CLIENT_ID", ID),
        ("DISCORD_CLIENT_SECRET", SECRET),
    ];
    let Some(client) = providers.offered_by_a_server(&more) else {
        return;
    };
    providers.add_to_oidc(OidcPerson::new("grace").with_address(GRACE, true));
    let person = |id: u64, name: &str| {
        Person::new(id, name).with_address(format!("{name}@example.com"), true)
    };
    providers.github.add_person(person(1, "octocat"));
    providers
        .discord
        .add_person(person(80_351_110_224_678_912, "wumpus"));
    for (provider, email) in [
        ("oidc", GRACE),
        ("github", "octocat@example.com"),
        ("discord", "wumpus@example.com"),
    ] {
        let end = walk(&client, provider, "");
        assert!(
            end.starts_with(&format!("{}/?code=", client.example.base())),
            "{end}"
        );
        let user = exchange(&client, &end).logged_in(200);
        assert_eq!(
            (&user.user["email"], &user.user["verified"]),
            (&json!(email), &json!(true))
        );
        let linked = client.get_by(&user.token, "/api/users/identities").json();
        assert_eq!(linked["identities"][0]["provider"], provider, "{linked}");
        let again = exchange(&client, &end);
        again.must_be_problem(400, "invalid_state");
        // v5.0.0-10.1.1
        let shown = format!("{linked}{:?}", user.user);
        let of_provider = providers
            .github
            .secrets()
            .into_iter()
            .chain(providers.discord.secrets());
        for secret in of_provider {
            assert!(!shown.contains(&secret) && !end.contains(&secret));
        }
    }
    // The secret goes to the provider alone; its own callback came with it.
    let asked = providers.github.requests_to(Endpoint::Token);
    assert_eq!(asked.len(), 1);
    assert_eq!(
        asked[0].field("redirect_uri"),
        Some(callback(&client, "github"))
    );
    let printed = client.example.printed_later();
    let (_, complaints) = client.example.end_by("-TERM");
    for said in [printed, complaints] {
        assert!(!said.contains(SECRET), "{said}");
    }
}

/// With Google's paths and claims, by a provider that poses as it.
#[test]
fn google_may_be_stood_in_for() {
    let Some(providers) = Providers::start() else {
        return;
    };
    let google = providers.another(OidcSettings::posing_as_google);
    let settings = [
        ("GOOGLE_ISSUER", google.url()),
        ("GOOGLE_CLIENT_ID", ID),
        ("GOOGLE_CLIENT_SECRET", SECRET),
    ];
    let Some(client) = providers.offered_by_a_server(&settings) else {
        return;
    };
    let grace = OidcPerson::new("117").with_address(GRACE, true);
    providers.block_on(google.add_person(grace));
    providers.block_on(google.allow_redirect(&callback(&client, "google")));
    assert_eq!(
        offered(&client)[0],
        json!({ "name": "google", "title": "Google" })
    );
    let end = walk(&client, "google", "");
    let user = exchange(&client, &end).logged_in(200);
    assert_eq!(user.user["email"], GRACE);
    let asked = providers.block_on(google.requests());
    assert!(
        asked.contains(&"GET /o/oauth2/v2/auth".to_owned()),
        "{asked:?}"
    );
}

/// By cookie, one is logged in on arrival.
#[test]
fn by_cookie_no_code_comes_back() {
    let Some(providers) = Providers::start() else {
        return;
    };
    let Some(client) = providers.offered_by_a_server(&[]) else {
        return;
    };
    providers.add_to_oidc(OidcPerson::new("grace").with_address(GRACE, true));
    let end = walk(&client, "oidc", "mode=cookie&");
    assert_eq!(end, format!("{}/", client.example.base()));
    let me = client.curl("-b walk", "/api/users/me").json();
    assert_eq!(
        (&me["authType"], &me["user"]["email"]),
        (&json!("session"), &json!(GRACE))
    );
}

/// AC-A9
#[test]
fn only_this_server_is_returned_to() {
    let settings = [("GITHUB_CLIENT_ID", ID), ("GITHUB_CLIENT_SECRET", SECRET)];
    let Some(client) = Client::start(&settings) else {
        return;
    };
    for to in [
        "https://evil.example/",
        "//evil.example",
        "javascript:alert(1)",
        "http://127.0.0.1:1/",
    ] {
        let path = format!("'/api/users/oauth/github/start?redirectTo={to}'");
        let answer = client.curl("", &path);
        answer.must_be_problem(422, "redirect_not_allowed");
    }
}

/// A provider that does not answer sends nobody anywhere, and ends nothing.
#[test]
fn a_provider_that_is_down_is_said_to_be() {
    let directory = Directory::new();
    let settings = [
        ("OIDC_ISSUER", "http://127.0.0.1:1"),
        ("OIDC_CLIENT_ID", ID),
        ("OIDC_CLIENT_SECRET", SECRET),
    ];
    let client = Client::start_in(directory, |command| command.envs(settings));
    let answer = client.curl("", &start(&client, "oidc"));
    assert!(answer.status() >= 400, "{answer:?}");
    assert!(!answer.body.contains("127.0.0.1:1"), "{answer:?}");
    assert_eq!(client.curl("", "/api/health").status(), 200);
    let (_, complaints) = client.example.end_by("-TERM");
    let warned = complaints
        .lines()
        .any(|line| line.contains("OIDC_ISSUER begins with http://"));
    assert!(warned, "{complaints}");
}
