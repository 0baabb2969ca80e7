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
//! | [`refusals`] | what a refused client sees |
//! | [`testing`] | testing an application |
//! | [`operating`] | logs, metrics, more than one node |
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
    refusals,
    testing,
    operating,
    defaults,
}
