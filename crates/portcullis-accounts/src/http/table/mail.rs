//! What is done by links in mails. Asking for one always gets the same answer; opening one does nothing: only `POST` uses it up.

use http::Method;

use super::{EMAIL, NONE, PASSWORD, TOKEN};
use crate::http::handlers::mail as run;
use crate::http::route::{Body, Handler, Member, Route, Shape, Who};

/// Asks for a link.
const fn request(
    path: &'static [&'static str],
    name: &'static str,
    summary: &'static str,
    run: Handler,
) -> Route {
    Route {
        method: Method::POST,
        path,
        name,
        summary,
        who: Who::Anyone,
        limit: Some(|limits| &limits.request_link),
        query: NONE,
        body: Some(Body::of(&[EMAIL])),
        success: (202, Shape::Schema("Status")),
        refusals: &[],
        run,
    }
}

/// Uses a link up.
const fn take(
    path: &'static [&'static str],
    name: &'static str,
    summary: &'static str,
    members: &'static [Member],
    success: Shape,
    refusals: &'static [(u16, &'static [&'static str])],
    run: Handler,
) -> Route {
    Route {
        method: Method::POST,
        path,
        name,
        summary,
        who: Who::Anyone,
        limit: Some(|limits| &limits.take_link),
        query: NONE,
        body: Some(Body::of(members)),
        success: (200, success),
        refusals,
        run,
    }
}

pub(super) const ROUTES: &[Route] = &[
    request(
        &[":c", "verify-email", "request"],
        "requestVerification",
        "Sends a link that proves the address.",
        |call| Box::pin(run::request_verification(call)),
    ),
    take(
        &[":c", "verify-email"],
        "verifyEmail",
        "Proves the address that the link was sent to.",
        &[TOKEN],
        Shape::Schema("UserAnswer"),
        &[(400, &["invalid_token"])],
        |call| Box::pin(run::verify_email(call)),
    ),
    request(
        &[":c", "forgot-password"],
        "forgotPassword",
        "Sends a link that sets a new password.",
        |call| Box::pin(run::forgot_password(call)),
    ),
    take(
        &[":c", "reset-password"],
        "resetPassword",
        "Sets a new password. Every session and every other link of the user is over; nobody is logged in by it.",
        &[TOKEN, PASSWORD],
        Shape::Schema("Status"),
        &[
            (400, &["invalid_token"]),
            (422, &["weak_password"]),
            (503, &["busy"]),
        ],
        |call| Box::pin(run::reset_password(call)),
    ),
    request(
        &[":c", "unlock", "request"],
        "requestUnlock",
        "Sends a link that ends a lock.",
        |call| Box::pin(run::request_unlock(call)),
    ),
    take(
        &[":c", "unlock"],
        "unlock",
        "Ends the lock of the account.",
        &[TOKEN],
        Shape::Schema("Status"),
        &[(400, &["invalid_token"])],
        |call| Box::pin(run::unlock(call)),
    ),
];
