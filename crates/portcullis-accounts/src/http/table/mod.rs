//! The endpoints, row by row.

mod accounts;
mod admin;
mod keys;
mod login;
mod mail;
#[cfg(feature = "oauth")]
mod oauth;
mod second_factor;
mod service;
mod sessions;

use super::route::{Kind, Member, Route};

/// The most segments of a path.
pub(super) const DEEPEST: usize = 4;

/// All rows, in the order in which the document tells them.
pub(super) fn routes() -> impl Iterator<Item = &'static Route> {
    let tables: &[&[Route]] = &[
        sessions::ROUTES,
        login::ROUTES,
        accounts::ROUTES,
        mail::ROUTES,
        second_factor::ROUTES,
        #[cfg(feature = "oauth")]
        oauth::ROUTES,
        keys::ROUTES,
        admin::ROUTES,
        service::ROUTES,
    ];
    tables.iter().copied().flatten()
}

/// Whatever was typed: the answer does not tell an address from what is none.
const EMAIL: Member = Member::required("email", Kind::Text);
/// What an account is to have.
const NEW_EMAIL: Member = Member::required("email", Kind::Email);
const PASSWORD: Member = Member::required("password", Kind::Secret);
const TOKEN: Member = Member::required("token", Kind::Secret);
const MODE: Member = Member::optional("mode", Kind::OneOf(&["token", "cookie"]));
const NONE: &[Member] = &[];
