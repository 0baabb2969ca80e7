//! Reading the audit trail.

use portcullis_core::{AuthUser, Denial};
use serde::Serialize;

use super::list::{cursor, cut, page_size};
use crate::flow::refusals::invalid_field;
use crate::model::{AuditEvent, AuditKind, AuditQuery};
use crate::users::Users;

/// Which entries of the audit trail are to be listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditRequest {
    /// Where the last page ended: its [`next_cursor`](AuditPage::next_cursor); the newest entries unless said.
    pub cursor: Option<String>,
    /// At most how many: 50 unless said, 200 at most.
    pub limit: Option<u32>,
    /// Only what this user did, or what happened to it: an id, also of a user who is gone.
    pub user: Option<String>,
    /// Only entries of this kind, such as `login.failed`.
    pub kind: Option<String>,
}

/// One page of the audit trail, the newest entry first.
///
/// In JSON `{"events":[{"id","at","kind","outcome","reason","collection","actor":{"collection","id"},"subject","ip","userAgent",
/// "requestId","sessionId","detail"}],"nextCursor":…}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuditPage {
    /// The entries.
    pub events: Vec<AuditEvent>,
    /// What to ask for the next, older page with; `None` where this is the last.
    pub next_cursor: Option<String>,
}

impl Users {
    /// The audit trail of the collection, page by page.
    ///
    /// # Errors
    ///
    /// 403 `forbidden` without the permission `audit:read`; 422 `invalid_field` for a cursor, a user or a kind that is none; 401,
    /// 503.
    pub async fn audit_trail(
        &self,
        admin: &AuthUser,
        request: AuditRequest,
    ) -> Result<AuditPage, Denial> {
        self.administrator(admin, "audit:read").await?;
        self.trail(request).await
    }

    pub(super) async fn trail(&self, request: AuditRequest) -> Result<AuditPage, Denial> {
        let limit = page_size(request.limit);
        let user = request.user.as_deref().map(str::parse).transpose();
        let query = AuditQuery {
            collection: self.collection().to_owned(),
            user: user.map_err(|_| invalid_field("user", "format"))?,
            kind: request.kind.as_deref().map(kind).transpose()?,
            before: cursor(request.cursor.as_deref())?,
            limit: limit + 1,
        };
        let mut events = self.inner.store.events(&query).await?;
        let next_cursor = cut(&mut events, limit, |event| event.id);
        Ok(AuditPage {
            events,
            next_cursor,
        })
    }
}

fn kind(name: &str) -> Result<AuditKind, Denial> {
    AuditKind::by_name(name).ok_or_else(|| invalid_field("kind", "unknown"))
}
