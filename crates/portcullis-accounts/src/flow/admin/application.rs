//! What the application does by itself.

use std::fmt;

use portcullis_core::Denial;

use super::amend::user_id;
use super::{Actor, AdminUpdate, AuditPage, AuditRequest, ListUsers, NewUser, UserPage};
use crate::users::Users;
use crate::view::UserView;

/// The application itself, at work on the accounts of a collection without anybody's credential: to seed a database, in scripts,
/// in jobs. Get one by [`Users::as_application`].
///
/// It may do all that can be done; the audit trail says `by_application`. Ids are as in [`UserView::id`], as text.
///
/// ```
/// # use portcullis_accounts::{Accounts, Mail, MailError, Mailer, MemoryStore, NewUser};
/// # #[derive(Debug)] struct Nowhere;
/// # #[portcullis_key::async_trait] impl Mailer for Nowhere { async fn send(&self, _: &Mail) -> Result<(), MailError> { Ok(()) } }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let accounts = Accounts::builder(MemoryStore::new(), Nowhere, "https://app.example")
/// #     .jwt_secret("0123456789abcdef0123456789abcdef!").build().unwrap();
/// let application = accounts.users().as_application();
/// let new = NewUser::new("root@app.example").password("correct horse battery").roles(["admin"]).verified();
/// let root = application.create_user(new).await.unwrap();
/// assert_eq!(root.roles, ["admin"]);
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Application {
    users: Users,
}

impl Users {
    /// The application itself, which needs no credential. Never hand it to whoever only sends requests.
    pub fn as_application(&self) -> Application {
        let users = self.clone();
        Application { users }
    }
}

impl Application {
    /// Opens an account. Nobody is logged in by it, and whether the collection allows strangers to register plays no part.
    ///
    /// # Errors
    ///
    /// 409 `email_taken`; 422 `invalid_email`, `weak_password`, `field_not_allowed`, `invalid_field`; 503 `busy`, `unavailable`.
    pub async fn create_user(&self, new: NewUser) -> Result<UserView, Denial> {
        self.users.open_account(new).await
    }

    /// The users of the collection, page by page.
    ///
    /// # Errors
    ///
    /// As [`Users::list_users`], without those for the caller.
    pub async fn list_users(&self, page: ListUsers) -> Result<UserPage, Denial> {
        self.users.page(page).await
    }

    /// One user.
    ///
    /// # Errors
    ///
    /// 404 `not_found`; 503 `unavailable`.
    pub async fn user(&self, id: &str) -> Result<UserView, Denial> {
        self.users.one(id).await
    }

    /// The user with this address, if there is one.
    ///
    /// # Errors
    ///
    /// 503 `unavailable`.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<UserView>, Denial> {
        let user = self.users.find(email).await?;
        Ok(user.map(|user| self.users.view_for_admin(&user)))
    }

    /// Changes somebody's account; hidden fields of the profile too.
    ///
    /// # Errors
    ///
    /// As [`Users::update_user`], without those for the caller.
    pub async fn update_user(&self, id: &str, update: AdminUpdate) -> Result<UserView, Denial> {
        let id = user_id(id)?;
        self.users.change(&Actor::Application, id, update).await
    }

    /// Gives a user these roles, *instead of* those that it has.
    ///
    /// # Errors
    ///
    /// As [`Users::set_roles`], without those for the caller. The last administrator stays one here too.
    pub async fn set_roles(&self, id: &str, roles: Vec<String>) -> Result<UserView, Denial> {
        let id = user_id(id)?;
        self.users.give_roles(&Actor::Application, id, roles).await
    }

    /// Keeps a user out.
    ///
    /// # Errors
    ///
    /// As [`Users::ban_user`], without those for the caller.
    pub async fn ban_user(&self, id: &str) -> Result<UserView, Denial> {
        self.users.ban(&Actor::Application, user_id(id)?).await
    }

    /// Lets a banned user in again.
    ///
    /// # Errors
    ///
    /// As [`Users::unban_user`], without those for the caller.
    pub async fn unban_user(&self, id: &str) -> Result<UserView, Denial> {
        self.users.unban(&Actor::Application, user_id(id)?).await
    }

    /// Deletes somebody's account.
    ///
    /// # Errors
    ///
    /// As [`Users::delete_user`], without those for the caller.
    pub async fn delete_user(&self, id: &str) -> Result<(), Denial> {
        self.users.delete(&Actor::Application, user_id(id)?).await
    }

    /// Ends every login of a user, and says how many sessions there were.
    ///
    /// # Errors
    ///
    /// As [`Users::logout_user`], without those for the caller.
    pub async fn logout_user(&self, id: &str) -> Result<u64, Denial> {
        self.users.log_out(&Actor::Application, user_id(id)?).await
    }

    /// Ends the locks that wrong passwords and wrong codes have put on an account.
    ///
    /// # Errors
    ///
    /// As [`Users::unlock_user`], without those for the caller.
    pub async fn unlock_user(&self, id: &str) -> Result<(), Denial> {
        let id = user_id(id)?;
        self.users.end_lock_of(&Actor::Application, id).await
    }

    /// Takes somebody's second factor away.
    ///
    /// # Errors
    ///
    /// As [`Users::disable_second_factor`], without those for the caller.
    pub async fn disable_second_factor(&self, id: &str) -> Result<(), Denial> {
        let id = user_id(id)?;
        self.users.take_factor(&Actor::Application, id).await
    }

    /// The audit trail of the collection, page by page.
    ///
    /// # Errors
    ///
    /// As [`Users::audit_trail`], without those for the caller.
    pub async fn audit_trail(&self, request: AuditRequest) -> Result<AuditPage, Denial> {
        self.users.trail(request).await
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application")
            .field("collection", &self.users.collection())
            .finish_non_exhaustive()
    }
}
