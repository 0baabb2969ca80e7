//! Administration, within a collection.

use http::Method;

use super::NONE;
use crate::http::handlers::{admin as run, second_factor};
use crate::http::route::{Body, Fields, Handler, Kind, Member, Route, Shape, Who};

const READ: Who = Who::Permitted("users:read");
const WRITE: Who = Who::Permitted("users:write");

const PAGE: [Member; 2] = [
    Member::optional("cursor", Kind::Text),
    Member::optional("limit", Kind::Integer { min: 1, max: 200 }),
];

/// Does something to one user.
const fn act(
    path: &'static [&'static str],
    name: &'static str,
    summary: &'static str,
    body: Body,
    success: &'static str,
    run: Handler,
) -> Route {
    Route {
        method: Method::POST,
        path,
        name,
        summary,
        who: WRITE,
        limit: None,
        query: NONE,
        body: Some(body),
        success: (200, Shape::Schema(success)),
        refusals: &[(404, &["not_found"]), (409, &["last_admin"])],
        run,
    }
}

const NO_BODY: Body = Body::maybe(NONE);

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::GET,
        path: &[":c", "users"],
        name: "listUsers",
        summary: "The users of the collection, page by page.",
        who: READ,
        limit: None,
        query: &[PAGE[0], PAGE[1], Member::optional("q", Kind::Text)],
        body: None,
        success: (200, Shape::Schema("Users")),
        refusals: &[],
        run: |call| Box::pin(run::list(call)),
    },
    Route {
        method: Method::GET,
        path: &[":c", "users", ":id"],
        name: "getUser",
        summary: "One user.",
        who: READ,
        limit: None,
        query: NONE,
        body: None,
        success: (200, Shape::Schema("SeenUserAnswer")),
        refusals: &[(404, &["not_found"])],
        run: |call| Box::pin(run::get(call)),
    },
    Route {
        method: Method::PATCH,
        path: &[":c", "users", ":id"],
        name: "updateUser",
        summary: "Changes a user's profile and state. No administrator sets a password.",
        who: WRITE,
        limit: None,
        query: NONE,
        body: Some(Body::with(
            &[
                Member::optional("verified", Kind::Boolean),
                Member::optional("permissions", Kind::Texts),
            ],
            Fields::AdminPatch,
        )),
        success: (200, Shape::Schema("SeenUserAnswer")),
        refusals: &[(404, &["not_found"])],
        run: |call| Box::pin(run::update(call)),
    },
    Route {
        method: Method::DELETE,
        path: &[":c", "users", ":id"],
        name: "deleteUser",
        summary: "Deletes a user, with everything that belongs to it.",
        who: WRITE,
        limit: None,
        query: NONE,
        body: None,
        success: (204, Shape::Nothing),
        refusals: &[(404, &["not_found"]), (409, &["last_admin"])],
        run: |call| Box::pin(run::delete(call)),
    },
    act(
        &[":c", "users", ":id", "ban"],
        "banUser",
        "Bans a user: every session, token and key is over.",
        NO_BODY,
        "SeenUserAnswer",
        |call| Box::pin(run::ban(call)),
    ),
    act(
        &[":c", "users", ":id", "unban"],
        "unbanUser",
        "Lets a banned user in again.",
        NO_BODY,
        "SeenUserAnswer",
        |call| Box::pin(run::unban(call)),
    ),
    act(
        &[":c", "users", ":id", "roles"],
        "setRoles",
        "Sets a user's roles.",
        Body::of(&[Member::required("roles", Kind::Texts)]),
        "SeenUserAnswer",
        |call| Box::pin(run::roles(call)),
    ),
    act(
        &[":c", "users", ":id", "logout-all"],
        "logoutUser",
        "Ends all sessions of a user.",
        NO_BODY,
        "Revoked",
        |call| Box::pin(run::logout(call)),
    ),
    act(
        &[":c", "users", ":id", "unlock"],
        "unlockUser",
        "Ends the lock of a user's account.",
        NO_BODY,
        "Status",
        |call| Box::pin(run::unlock(call)),
    ),
    Route {
        method: Method::DELETE,
        path: &[":c", "users", ":id", "2fa"],
        name: "disableSecondFactor",
        summary: "Takes the second factor of a user away, for who has lost it: every session of the user is over.",
        who: Who::FreshPermitted("users:write"),
        limit: None,
        query: NONE,
        body: None,
        success: (204, Shape::Nothing),
        refusals: &[
            (404, &["not_found"]),
            (409, &["conflict"]),
            (429, &["rate_limited"]),
        ],
        run: |call| Box::pin(second_factor::take(call)),
    },
    Route {
        method: Method::GET,
        path: &[":c", "audit"],
        name: "audit",
        summary: "The audit trail of the collection, the newest first, page by page.",
        who: Who::Permitted("audit:read"),
        limit: None,
        query: &[
            PAGE[0],
            PAGE[1],
            Member::optional("user", Kind::Text),
            Member::optional("kind", Kind::Text),
        ],
        body: None,
        success: (200, Shape::Schema("AuditEvents")),
        refusals: &[],
        run: |call| Box::pin(run::audit(call)),
    },
];
