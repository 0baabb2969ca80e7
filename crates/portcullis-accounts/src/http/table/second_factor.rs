//! The second factor of who is logged in.

use http::Method;

use super::NONE;
use crate::http::handlers::second_factor as run;
use crate::http::route::{Body, By, Handler, Kind, Member, Route, Shape, Who};

/// Of the app; where it is lost, a recovery code, but not for more of those.
const CODE: Member = Member::required("code", Kind::Secret);

const TOTP: &[&str] = &[":c", "2fa", "totp"];

/// Something that is done with a code.
const fn by_code(
    method: Method,
    path: &'static [&'static str],
    name: &'static str,
    summary: &'static str,
    success: (u16, Shape),
    run: Handler,
) -> Route {
    Route {
        method,
        path,
        name,
        summary,
        who: Who::User(By::Fresh),
        limit: None,
        query: NONE,
        body: Some(Body::of(&[CODE])),
        success,
        refusals: &[
            (401, &["invalid_code"]),
            (409, &["conflict"]),
            (429, &["rate_limited"]),
        ],
        run,
    }
}

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: &[":c", "2fa"],
        name: "secondFactor",
        summary: "What the user has for a second factor.",
        who: Who::User(By::Fresh),
        limit: None,
        query: NONE,
        body: None,
        success: (200, Shape::Schema("SecondFactor")),
        refusals: &[],
        run: |call| Box::pin(run::status(call)),
    },
    Route {
        method: Method::POST,
        path: &[":c", "2fa", "totp", "enroll"],
        name: "enrollTotp",
        summary: "Makes a second factor, shown once: it is asked for after a first code of it.",
        who: Who::User(By::Fresh),
        limit: None,
        query: NONE,
        body: Some(Body::maybe(NONE)),
        success: (200, Shape::Schema("Enrolment")),
        refusals: &[
            (403, &["email_not_verified"]),
            (409, &["already_enabled"]),
            (429, &["rate_limited"]),
        ],
        run: |call| Box::pin(run::enroll(call)),
    },
    Route {
        method: Method::POST,
        path: &[":c", "2fa", "totp", "activate"],
        name: "activateTotp",
        summary: "Turns the second factor on by a first code. The user's other sessions end.",
        who: Who::User(By::Fresh),
        limit: None,
        query: NONE,
        body: Some(Body::of(&[CODE])),
        success: (200, Shape::Schema("Activated")),
        refusals: &[
            (401, &["invalid_code"]),
            (409, &["already_enabled"]),
            (429, &["rate_limited"]),
        ],
        run: |call| Box::pin(run::activate(call)),
    },
    by_code(
        Method::DELETE,
        TOTP,
        "disableTotp",
        "Turns the second factor off. The user's other sessions end.",
        (204, Shape::Nothing),
        |call| Box::pin(run::disable(call)),
    ),
    by_code(
        Method::POST,
        &[":c", "2fa", "recovery-codes"],
        "replaceRecoveryCodes",
        "Makes new recovery codes, shown once, in place of the old ones.",
        (200, Shape::Schema("RecoveryCodes")),
        |call| Box::pin(run::replace_codes(call)),
    ),
];
