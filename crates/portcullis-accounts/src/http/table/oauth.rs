//! Logging in by providers. Start and callback are navigations of a browser, and answer with redirects; the callback does
//! something by `GET`, as RFC 6749 has it, but only with a state of this service and the cookie of the browser that it was made for
//! (v5.0.0-7.6.2).

use http::Method;

use super::{MODE, NONE};
use crate::http::handlers::oauth as run;
use crate::http::route::{Body, By, Kind, Member, Route, Shape, Who};

const REDIRECT_TO: Member = Member::optional("redirectTo", Kind::Text);

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: &[":c", "oauth", ":provider", "start"],
        name: "oauthStart",
        summary: "Sends the browser to a provider, to log in or sign up.",
        who: Who::Anyone,
        limit: Some(|limits| &limits.oauth_start),
        query: &[
            REDIRECT_TO,
            MODE,
            Member::optional("remember", Kind::Boolean),
            Member::optional("codeChallenge", Kind::Text),
            Member::optional("fresh", Kind::Boolean),
        ],
        body: None,
        success: (303, Shape::Redirect),
        refusals: &[
            (400, &["provider_error"]),
            (404, &["not_found"]),
            (422, &["redirect_not_allowed", "mode_not_allowed"]),
        ],
        run: |call| Box::pin(run::start(call)),
    },
    Route {
        method: Method::GET,
        path: &[":c", "oauth", ":provider", "callback"],
        name: "oauthCallback",
        summary: "Takes the browser back from a provider and sends it where the login was to lead: with a one-time code, with the session's cookie, or with an error.",
        who: Who::Anyone,
        limit: Some(|limits| &limits.oauth_callback),
        query: &[Member::optional("*", Kind::Further)],
        body: None,
        success: (303, Shape::Redirect),
        refusals: &[(400, &["invalid_state"]), (404, &["not_found"])],
        run: |call| Box::pin(run::callback(call)),
    },
    Route {
        method: Method::POST,
        path: &[":c", "oauth", "exchange"],
        name: "oauthExchange",
        summary: "Exchanges the one-time code of a login by a provider.",
        who: Who::Anyone,
        limit: Some(|limits| &limits.oauth_exchange),
        query: NONE,
        body: Some(Body::of(&[
            Member::required("code", Kind::Secret),
            Member::optional("codeVerifier", Kind::Secret),
        ])),
        success: (200, Shape::Schema("LoggedIn")),
        refusals: &[
            (400, &["invalid_state"]),
            (401, &["invalid_credentials"]),
            (403, &["email_not_verified", "account_banned"]),
        ],
        run: |call| Box::pin(run::exchange(call)),
    },
    Route {
        method: Method::POST,
        path: &[":c", "oauth", ":provider", "link"],
        name: "oauthLink",
        summary: "Begins to link a provider to the user's account: the browser goes to the address in the answer.",
        who: Who::User(By::Fresh),
        limit: None,
        query: NONE,
        body: Some(Body::maybe(&[REDIRECT_TO])),
        success: (200, Shape::Schema("OauthStarted")),
        refusals: &[
            (400, &["provider_error"]),
            (403, &["forbidden"]),
            (404, &["not_found"]),
            (422, &["redirect_not_allowed"]),
            (429, &["rate_limited"]),
        ],
        run: |call| Box::pin(run::link(call)),
    },
    Route {
        method: Method::GET,
        path: &[":c", "identities"],
        name: "listIdentities",
        summary: "The providers by which the user can log in.",
        who: Who::User(By::Any),
        limit: None,
        query: NONE,
        body: None,
        success: (200, Shape::Schema("Identities")),
        refusals: &[],
        run: |call| Box::pin(run::identities(call)),
    },
    Route {
        method: Method::DELETE,
        path: &[":c", "identities", ":id"],
        name: "unlinkIdentity",
        summary: "Takes a provider off the user's account.",
        who: Who::User(By::Fresh),
        limit: None,
        query: NONE,
        body: None,
        success: (204, Shape::Nothing),
        refusals: &[
            (404, &["not_found"]),
            (409, &["last_credential", "conflict"]),
            (429, &["rate_limited"]),
        ],
        run: |call| Box::pin(run::unlink(call)),
    },
];
