use std::sync::{Arc, OnceLock, Weak};

use portcullis_core::Denial;
use portcullis_session::AuthRecord;

use crate::Accounts;
use crate::accounts::Inner;
use crate::audit::Entry;
use crate::flow::new_stamp;
use crate::model::AuditKind;
use crate::store::{Change, UserUpdate};
use crate::users::Users;

/// Hears of copied cookies. It is made before the accounts are, and told of them once they are there.
#[derive(Clone, Default)]
pub(crate) struct TheftAlarm {
    accounts: Arc<OnceLock<Weak<Inner>>>,
}

impl TheftAlarm {
    pub(crate) fn connect(&self, accounts: &Accounts) {
        // It is connected once, where the accounts are built.
        let _ = self.accounts.set(Arc::downgrade(&accounts.inner));
    }

    /// Somebody came with a remembered cookie that was replaced long ago (AC-M2). The cookie sessions of the user are over by now;
    /// what is left is done beside the request.
    pub(crate) fn ring(&self, login: &AuthRecord) {
        let Some(inner) = self.accounts.get().and_then(Weak::upgrade) else {
            return;
        };
        let users = Accounts { inner }.users_of(login.collection());
        let (Some(users), Ok(runtime)) = (users, tokio::runtime::Handle::try_current()) else {
            return;
        };
        let login = login.clone();
        runtime.spawn(async move {
            if let Err(denial) = users.end_after_theft(&login).await {
                tracing::error!(%denial, session = login.sid(), "what a copied cookie leads to was not done");
            }
        });
    }
}

impl Users {
    async fn end_after_theft(&self, login: &AuthRecord) -> Result<(), Denial> {
        let Ok(id) = login.user().parse() else {
            return Ok(());
        };
        let until = self.inner.revoked_until(self.now());
        let owner = self.reference(id);
        let entry = Entry::success(AuditKind::SessionRevoked)
            .reason("cookie_theft")
            .to(id)
            .session(login.sid());
        // What the sessions' store was told it may forget; a stamp it cannot.
        let mut update = UserUpdate::new(self.reference(id), self.now());
        update.stamp = Some(new_stamp()?);
        let changes = vec![
            Change::EndFamilies {
                owner,
                except: None,
                until,
            },
            Change::UpdateUser(Box::new(update)),
            self.audit(entry)?,
        ];
        self.commit(changes).await?;
        Ok(())
    }
}
