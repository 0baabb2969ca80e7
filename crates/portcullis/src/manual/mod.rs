//! The manual: one page for each scheme, layer and chore. What each does, where it stands, how it fails, what to mind when it
//! is deployed, and an example that runs.
//!
//! | page | about |
//! | --- | --- |
//! | [`layers`] | which layers there are, their order, and axum, hyper and tonic |
//! | [`bearer`] | JSON Web Tokens: accepting them, issuing them, rotating keys, taking tokens back |
//! | [`remote_keys`] | somebody else's keys: JWKS and OpenID Connect discovery |
//! | [`api_keys`] | API keys |
//! | [`sessions`] | sessions and cookies |
//! | [`custom_schemes`] | a scheme of one's own |
//! | [`guards`] | what callers may do: scopes, roles, permissions, tenants, freshness |
//! | [`rate_limits`] | rate limits, client addresses, proxies |
//! | [`lockout`] | guessing passwords and codes |
//! | [`accounts`] | the account system, and where it is mounted |
//! | [`registering`] | registering, proving an address |
//! | [`logging_in`] | logging in, locks, known devices; how malicious lockout is prevented |
//! | [`second_factors`] | codes of an authenticator app, recovery codes, who must have them |
//! | [`oauth_login`] | logging in by Google, GitHub, Discord, any OpenID Connect issuer; linking |
//! | [`providers`] | what to register at each provider |
//! | [`staying_logged_in`] | refresh tokens, sessions, logout |
//! | [`passwords`] | rules, change, reset, import |
//! | [`keys_of_users`] | API keys that users make |
//! | [`mail`] | the outbox, SMTP, words of one's own |
//! | [`administration`] | administrators, the application itself, the audit trail |
//! | [`account_stores`] | SQLite, PostgreSQL, migrations, backups, a store of one's own |
//! | [`account_limits`] | how often what may be done |
//! | [`two_systems`] | compatibility with two older systems, and what they got wrong |
//! | [`refusals`] | what a refused client sees |
//! | [`testing`] | testing an application |
//! | [`operating`] | logs, metrics, more than one node |
//! | [`more_than_one_node`] | PostgreSQL and Redis: what to set, what happens when one is gone, what it costs |
//! | [`defaults`] | every number that Portcullis chooses unless told otherwise |

macro_rules! pages {
    ($($(#[$attribute:meta])* $page:ident),* $(,)?) => {
        $(
            $(#[$attribute])*
            #[doc = include_str!(concat!(stringify!($page), ".md"))]
            pub mod $page {}
        )*
    };
}

pages! {
    layers,
    bearer,
    remote_keys,
    api_keys,
    sessions,
    custom_schemes,
    guards,
    rate_limits,
    lockout,
    accounts,
    registering,
    logging_in,
    second_factors,
    oauth_login,
    providers,
    staying_logged_in,
    passwords,
    keys_of_users,
    mail,
    administration,
    account_stores,
    account_limits,
    two_systems,
    refusals,
    testing,
    operating,
    more_than_one_node,
    defaults,
}
