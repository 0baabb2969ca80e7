//! The second step of a login.

use http::Method;

use super::NONE;
use crate::http::handlers::login as run;
use crate::http::route::{Body, Kind, Member, Route, Shape, Who};

const CHALLENGE: Member = Member::required("challenge", Kind::Secret);
const CODE: Member = Member::required("code", Kind::Secret);

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::POST,
        path: &[":c", "login", "totp"],
        name: "finishLoginByTotp",
        summary: "Finishes a login by a code of the authenticator app. The challenge takes five tries.",
        who: Who::Anyone,
        limit: Some(|limits| &limits.second_factor),
        query: NONE,
        body: Some(Body::of(&[
            CHALLENGE,
            CODE,
            Member::optional("trustDevice", Kind::Boolean),
        ])),
        success: (200, Shape::Schema("Session")),
        refusals: &[(401, &["invalid_code", "challenge_expired"])],
        run: |call| Box::pin(run::by_totp(call)),
    },
    Route {
        method: Method::POST,
        path: &[":c", "login", "recovery"],
        name: "finishLoginByRecoveryCode",
        summary: "Finishes a login by a recovery code, which is used up by it.",
        who: Who::Anyone,
        limit: Some(|limits| &limits.second_factor),
        query: NONE,
        body: Some(Body::of(&[CHALLENGE, CODE])),
        success: (200, Shape::Schema("Session")),
        refusals: &[(401, &["invalid_code", "challenge_expired"])],
        run: |call| Box::pin(run::by_recovery_code(call)),
    },
    Route {
        method: Method::POST,
        path: &[":c", "login", "enroll"],
        name: "enrollAtLogin",
        summary: "Makes the second factor without which the login cannot be finished. Its secret is shown this once.",
        who: Who::Anyone,
        limit: Some(|limits| &limits.second_factor),
        query: NONE,
        body: Some(Body::of(&[CHALLENGE])),
        success: (200, Shape::Schema("Enrolment")),
        refusals: &[
            (401, &["challenge_expired"]),
            (403, &["email_not_verified"]),
            (409, &["already_enabled"]),
        ],
        run: |call| Box::pin(run::enroll(call)),
    },
    Route {
        method: Method::POST,
        path: &[":c", "login", "enroll", "activate"],
        name: "activateAtLogin",
        summary: "Turns the new second factor on by a first code of it, and finishes the login.",
        who: Who::Anyone,
        limit: Some(|limits| &limits.second_factor),
        query: NONE,
        body: Some(Body::of(&[CHALLENGE, CODE])),
        success: (200, Shape::Schema("EnrolledSession")),
        refusals: &[
            (401, &["invalid_code", "challenge_expired"]),
            (409, &["already_enabled"]),
        ],
        run: |call| Box::pin(run::activate(call)),
    },
];
