//! Reading an account, working out what is to be changed, and committing it if nothing came between.

use portcullis_core::Denial;

use super::Actor;
use crate::flow::refusals::{not_found, refused};
use crate::model::{RecordId, User};
use crate::store::{Change, CommitError, Committed, Conflict, UserUpdate};
use crate::users::Users;

/// How often it is tried anew when something came between: each time somebody else got ahead.
const ATTEMPTS: usize = 32;

/// An account after it was changed, and what went with it.
#[derive(Debug)]
pub(in crate::flow) struct Amended {
    pub(in crate::flow) user: User,
    pub(in crate::flow) committed: Committed,
    /// Whether anything was changed at all.
    pub(in crate::flow) is_changed: bool,
}

/// What is to be committed besides the update of the row; `None` if nothing is to be changed.
pub(in crate::flow) type Plan = Result<Option<Vec<Change>>, Denial>;

impl Users {
    /// Changes an account. `work` is told how it is, sets what is to be changed, and says what is to be committed with it; it is
    /// asked again where the account was changed meanwhile, so what it decides holds for the very row that is changed.
    pub(in crate::flow) async fn amend(
        &self,
        actor: &Actor,
        id: RecordId,
        work: impl Fn(&User, &mut UserUpdate) -> Plan + Send + Sync,
    ) -> Result<Amended, Denial> {
        for _ in 0..ATTEMPTS {
            let user = self.account_for(actor, id).await?;
            let mut update = UserUpdate::new(user.reference(), self.now());
            update.if_updated_at = Some(user.updated_at);
            let Some(mut changes) = work(&user, &mut update)? else {
                let committed = Committed::default();
                return Ok(Amended {
                    user,
                    committed,
                    is_changed: false,
                });
            };
            let user = update.applied_to(&user);
            changes.insert(0, Change::UpdateUser(Box::new(update)));
            match self.commit(changes).await {
                Ok(committed) => {
                    return Ok(Amended {
                        user,
                        committed,
                        is_changed: true,
                    });
                }
                Err(error) if is_outdated(&error) => {}
                Err(error) => return Err(refused(error)),
            }
        }
        Err(Denial::new(http::StatusCode::CONFLICT, "conflict")
            .with_detail("this crossed with other changes; try again"))
    }

    /// The account that is to be changed, if this actor may change it.
    pub(super) async fn account_for(&self, actor: &Actor, id: RecordId) -> Result<User, Denial> {
        if let Actor::Owner(owner) = actor {
            return self.account_of(owner).await;
        }
        let user = self.inner.store.user(&self.reference(id)).await?;
        let user = user.ok_or_else(not_found)?;
        match actor.covers(&user, &self.inner.role_map) {
            true => Ok(user),
            false => Err(Denial::forbidden().with_detail(
                "this user may do what the caller may not, so the caller cannot change it",
            )),
        }
    }

    /// The change that keeps one administrator, where this account is one that counts (AC-B8).
    pub(in crate::flow) fn keep_an_admin(&self, user: &User) -> Option<Change> {
        let role = &self.settings().admin_role;
        let counts = user.has_role(role) && user.banned_at.is_none();
        counts.then(|| Change::RequireRoleHeld {
            collection: self.collection().to_owned(),
            role: role.clone(),
        })
    }
}

/// Whether the account is not what it was when it was read, or not there any more: that is found when it is read again.
fn is_outdated(error: &CommitError) -> bool {
    matches!(
        error.conflict(),
        Some(Conflict::Changed | Conflict::NotFound)
    )
}

/// The id of a user, as a request names it.
pub(in crate::flow) fn user_id(text: &str) -> Result<RecordId, Denial> {
    text.parse().map_err(|_| not_found())
}
