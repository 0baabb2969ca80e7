//! Looking at accounts.

use portcullis_core::{AuthUser, Denial};
use portcullis_limit::normalize_identifier;
use serde::Serialize;

use super::amend::user_id;
use crate::flow::refusals::{invalid_field, not_found};
use crate::model::{RecordId, User, UserQuery};
use crate::users::Users;
use crate::view::UserView;

/// How many entries a page has, unless said.
const PAGE: u32 = 50;

/// How many it has at most.
const LARGEST_PAGE: u32 = 200;

/// Which users are to be listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListUsers {
    /// Where the last page ended: its [`next_cursor`](UserPage::next_cursor); the first page unless said.
    pub cursor: Option<String>,
    /// At most how many: 50 unless said, 200 at most.
    pub limit: Option<u32>,
    /// Only users whose address contains this text, compared as addresses are.
    pub q: Option<String>,
}

/// One page of users, in the order in which they came to be.
///
/// In JSON `{"users":[…],"nextCursor":…}`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserPage {
    /// The users, as administrators see them.
    pub users: Vec<UserView>,
    /// What to ask for the next page with; `None` where this is the last.
    pub next_cursor: Option<String>,
}

impl Users {
    /// The users of the collection, page by page.
    ///
    /// # Errors
    ///
    /// 403 `forbidden` without the permission `users:read`; 422 `invalid_field` for a cursor that is none; 401, 503.
    pub async fn list_users(&self, admin: &AuthUser, page: ListUsers) -> Result<UserPage, Denial> {
        self.administrator(admin, "users:read").await?;
        self.page(page).await
    }

    /// One user of the collection.
    ///
    /// # Errors
    ///
    /// 403 `forbidden` without the permission `users:read`; 404 `not_found`; 401, 503.
    pub async fn user(&self, admin: &AuthUser, id: &str) -> Result<UserView, Denial> {
        self.administrator(admin, "users:read").await?;
        self.one(id).await
    }

    pub(super) async fn page(&self, page: ListUsers) -> Result<UserPage, Denial> {
        let limit = page_size(page.limit);
        let text = page.q.map(|text| normalize_identifier(&text));
        let query = UserQuery {
            collection: self.collection().to_owned(),
            contains: text.filter(|text| !text.is_empty()),
            after: cursor(page.cursor.as_deref())?,
            // One more tells whether there is another page.
            limit: limit + 1,
        };
        let mut users = self.inner.store.users(&query).await?;
        let next_cursor = cut(&mut users, limit, |user| user.id);
        let users = users.iter().map(|user| self.view_for_admin(user)).collect();
        Ok(UserPage { users, next_cursor })
    }

    pub(super) async fn one(&self, id: &str) -> Result<UserView, Denial> {
        let user = self.reference(user_id(id)?);
        let user = self.inner.store.user(&user).await?.ok_or_else(not_found)?;
        Ok(self.view_for_admin(&user))
    }

    pub(super) fn view_for_admin(&self, user: &User) -> UserView {
        UserView::for_admin(user, self.settings())
    }
}

pub(super) fn page_size(limit: Option<u32>) -> u32 {
    limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE)
}

pub(super) fn cursor(text: Option<&str>) -> Result<Option<RecordId>, Denial> {
    let id = text.map(str::parse).transpose();
    id.map_err(|_| invalid_field("cursor", "format"))
}

/// Drops what is more than one page, and says where the next one begins.
pub(super) fn cut<T>(rows: &mut Vec<T>, limit: u32, id: impl Fn(&T) -> RecordId) -> Option<String> {
    let is_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let last = rows.last().filter(|_| is_more)?;
    Some(id(last).to_string())
}
