//! API keys.

use http::Method;

use super::NONE;
use crate::http::handlers::keys as run;
use crate::http::route::{Body, By, Kind, Member, Route, Shape, Who};

/// Seven days, in seconds: the longest that a rotated key goes on.
const LONGEST_GRACE: i64 = 7 * 24 * 3600;

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::POST,
        path: &[":c", "api-keys"],
        name: "createApiKey",
        summary: "Makes an API key. The key is in this answer and in no other.",
        who: Who::User(By::NotKeyUnlessAdmin),
        limit: None,
        query: NONE,
        body: Some(Body::of(&[
            Member::required("name", Kind::Text),
            Member::nullable("scopes", Kind::Texts),
            Member::nullable("expiresAt", Kind::Time),
        ])),
        success: (201, Shape::Schema("NewApiKey")),
        refusals: &[
            (401, &["reauthentication_required"]),
            (403, &["scope_escalation"]),
            (409, &["limit_reached"]),
            (422, &["invalid_scope", "expiry_invalid"]),
            (429, &["rate_limited"]),
        ],
        run: |call| Box::pin(run::create(call)),
    },
    Route {
        method: Method::GET,
        path: &[":c", "api-keys"],
        name: "listApiKeys",
        summary: "The user's API keys, the newest first, without the keys themselves.",
        who: Who::User(By::NotKeyUnlessAdmin),
        limit: None,
        query: NONE,
        body: None,
        success: (200, Shape::Schema("ApiKeys")),
        refusals: &[],
        run: |call| Box::pin(run::list(call)),
    },
    Route {
        method: Method::DELETE,
        path: &[":c", "api-keys", ":id"],
        name: "revokeApiKey",
        summary: "Revokes one of the user's API keys.",
        who: Who::User(By::NotKeyUnlessAdmin),
        limit: None,
        query: NONE,
        body: None,
        success: (204, Shape::Nothing),
        refusals: &[(404, &["not_found"])],
        run: |call| Box::pin(run::revoke(call)),
    },
    Route {
        method: Method::POST,
        path: &[":c", "api-keys", ":id", "rotate"],
        name: "rotateApiKey",
        summary: "Makes a new key with the same name, scopes and end; the old one goes on for as long as is asked.",
        who: Who::User(By::NotKeyUnlessAdmin),
        limit: None,
        query: NONE,
        body: Some(Body::maybe(&[Member::optional(
            "graceSeconds",
            Kind::Integer {
                min: 0,
                max: LONGEST_GRACE,
            },
        )])),
        success: (201, Shape::Schema("NewApiKey")),
        refusals: &[
            (401, &["reauthentication_required"]),
            (404, &["not_found"]),
            (409, &["limit_reached"]),
            (429, &["rate_limited"]),
        ],
        run: |call| Box::pin(run::rotate(call)),
    },
];
