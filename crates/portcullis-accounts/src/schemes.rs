//! The three schemes, as far as they ask the accounts.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderValue;
use http::request::Parts;
use portcullis_core::{
    Attempt, AuthUser, AuthUserBuilder, Denial, Head, Presence, RoleMap, Scheme, SchemeName,
    SharedClock,
};
use portcullis_jwt::Bearer;
use portcullis_key::{KeyIndex, KeyLookup, KeyRecord, LookupError};
use portcullis_session::{AuthRecord, IndexedSessionStore as _, SharedSessionStore, UserLoader};

use crate::background::{Revoked, Uses};
use crate::demands::{Demands, mfa_required, shows_second_factor};
use crate::model::{KeyRow, User, UserRef};
use crate::settings::Collection;
use crate::store::AccountStore;

/// The bearer scheme, which trusts no token before this node has heard what was taken back: once, when it starts.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    bearer: Bearer,
    revoked: Revoked,
    demands: Demands,
}

impl Access {
    pub(crate) fn new(bearer: Bearer, revoked: Revoked, demands: Demands) -> Self {
        Self {
            bearer,
            revoked,
            demands,
        }
    }

    pub(crate) fn revoked(&self) -> &Revoked {
        &self.revoked
    }
}

impl Scheme for Access {
    fn name(&self) -> SchemeName {
        self.bearer.name()
    }

    fn challenge(&self) -> Option<HeaderValue> {
        self.bearer.challenge()
    }

    fn presence(&self, request: &Parts) -> Presence {
        self.bearer.presence(request)
    }

    fn presence_of_head(&self, head: Head<'_>) -> Option<Presence> {
        self.bearer.presence_of_head(head)
    }

    fn authenticate_head(&self, head: Head<'_>) -> Option<Attempt> {
        // The way of every request but the first ones. Whether memory is trusted reads the clock, so it is asked here alone.
        let attempt = match self.revoked.is_known() {
            true => self.bearer.authenticate_head(head)?,
            false => return None,
        };
        Some(self.demands.judge(attempt))
    }

    fn authenticate(&self, request: &Parts) -> Attempt {
        self.demands.judge(self.whose(request))
    }
}

impl Access {
    /// Whose a token is, whether it lets them in or lacks a second factor that is demanded: enough to end its login.
    pub(crate) fn whose(&self, request: &Parts) -> Attempt {
        if self.revoked.is_known() || matches!(self.presence(request), Presence::Absent) {
            return self.bearer.authenticate(request);
        }
        let (access, head) = (self.clone(), head_of(request));
        Attempt::Pending(Box::pin(async move {
            access.revoked.learn().await?;
            match access.bearer.authenticate(&head) {
                Attempt::Absent => Ok(None),
                Attempt::Ready(user) => user.map(Some),
                Attempt::Pending(user) => user.await,
            }
        }))
    }
}

/// As much of a request as the bearer scheme reads.
fn head_of(request: &Parts) -> Parts {
    let (mut head, ()) = http::Request::new(()).into_parts();
    head.uri = request.uri.clone();
    head.headers = request.headers.clone();
    head
}

/// Finds the owners of API keys.
#[derive(Debug)]
pub(crate) struct KeyFinder {
    pub(crate) store: Arc<dyn AccountStore>,
    pub(crate) collections: BTreeMap<String, Collection>,
    pub(crate) role_map: RoleMap,
    pub(crate) clock: SharedClock,
    pub(crate) uses: Uses,
}

#[async_trait]
impl KeyLookup for KeyFinder {
    async fn find(&self, index: &KeyIndex) -> Result<Option<KeyRecord>, LookupError> {
        let found = self.store.key(index).await.map_err(LookupError::new)?;
        Ok(found.and_then(|(key, user)| self.record(key, &user, index)))
    }
}

impl KeyFinder {
    /// A key of a collection that is not configured any more, or of a user who may not come in, is none.
    ///
    /// A use is noted of a good key alone, and not where somebody only knows its public id.
    fn record(&self, key: KeyRow, user: &User, index: &KeyIndex) -> Option<KeyRecord> {
        let settings = self.collections.get(&user.collection)?;
        if !may_enter(user, settings) {
            return None;
        }
        let now = self.clock.now();
        let is_good = key.digest == *index.digest() && key.expires_at.is_none_or(|end| now < end);
        if is_good {
            self.uses.note(&key, now);
        }
        let owner = described(
            AuthUser::builder(SchemeName::API_KEY, user.id.to_string()),
            user,
            &self.role_map,
        );
        Some(
            KeyRecord::new(key.id.to_string(), key.digest, owner)
                .with_scopes(key.scopes)
                .with_expires_at(key.expires_at),
        )
    }
}

/// Completes the user of a session with what holds now, or says that it is over: AC-B6, AC-R6.
#[derive(Debug)]
pub(crate) struct SessionFinder {
    pub(crate) store: Arc<dyn AccountStore>,
    pub(crate) sessions: SharedSessionStore,
    pub(crate) collections: BTreeMap<String, Collection>,
    pub(crate) role_map: RoleMap,
}

#[async_trait]
impl UserLoader for SessionFinder {
    async fn load(
        &self,
        login: &AuthRecord,
        user: AuthUserBuilder,
    ) -> Result<Option<AuthUserBuilder>, Denial> {
        let Some(settings) = self.collections.get(login.collection()) else {
            return Ok(None);
        };
        let Ok(id) = login.user().parse() else {
            return Ok(None);
        };
        let owner = UserRef::new(login.collection(), id);
        // Asked of the accounts' own store, since the store of the sessions may have forgotten that one has ended.
        let found = self
            .store
            .user_of_session(&owner, login.sid(), login.generation())
            .await?;
        let is_good =
            |found: &User| login.stamp() == Some(&*found.stamp) && may_enter(found, settings);
        let Some(found) = found.filter(is_good) else {
            return Ok(None);
        };
        if settings.demands_mfa(&found) && !shows_second_factor(login.amr()) {
            return Err(self.end_for_lack_of_factor(login).await);
        }
        Ok(Some(described(user, &found, &self.role_map)))
    }
}

impl SessionFinder {
    /// Ends a session that lacks a second factor, as an exchange of its refresh token ends a family. The request is told; the ones after
    /// it come from nobody: browsers send the cookie unasked, also to the page where one logs in again.
    async fn end_for_lack_of_factor(&self, login: &AuthRecord) -> Denial {
        match self.sessions.revoke(&login.owner(), login.sid()).await {
            Ok(_) => tracing::info!(
                session = login.sid(),
                "a session without a second factor has ended"
            ),
            Err(error) => {
                tracing::warn!(session = login.sid(), %error, "a session without a second factor was not removed");
            }
        }
        mfa_required()
    }
}

/// Whether the state of an account lets its user in.
pub(crate) fn may_enter(user: &User, settings: &Collection) -> bool {
    user.banned_at.is_none() && (user.verified || !settings.requires_verified)
}

/// The caller, with the rights and the address of the account as they are now.
pub(crate) fn described(
    builder: AuthUserBuilder,
    user: &User,
    role_map: &RoleMap,
) -> AuthUserBuilder {
    builder
        .collection(user.collection.clone())
        .role_map(role_map.clone())
        .roles(user.roles.iter().map(String::as_str))
        .permissions(user.permissions.iter().map(String::as_str))
        .email(user.email.as_str(), user.verified)
}
