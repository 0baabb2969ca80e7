//! A factor comes or goes: all other logins end, and the caller's own goes on.

use http::HeaderValue;
use portcullis_core::{AuthUser, Denial, Timestamp};
use portcullis_jwt::IssuedToken;
use portcullis_session::{AuthRecord, SessionError};

use crate::audit::Entry;
use crate::flow::logout::{Means, means_of};
use crate::model::{AuditKind, Family, RecordId, User};
use crate::store::Change;
use crate::users::Users;

/// The caller's own login.
pub(in crate::flow) enum Own {
    /// By tokens.
    Family(Box<Family>),
    /// By the cookie that the request carries.
    Cookie,
}

impl Own {
    /// The family that does not end.
    pub(in crate::flow) fn family(&self) -> Option<RecordId> {
        match self {
            Self::Family(family) => Some(family.id),
            Self::Cookie => None,
        }
    }

    /// The login after a further proof at this moment, as far as it is known here: of one by cookie, its store knows.
    pub(in crate::flow) fn with_methods(
        self,
        at: Timestamp,
        further: impl Fn(&[String]) -> Vec<String>,
    ) -> Self {
        match self {
            Self::Family(family) => Self::Family(Box::new(Family {
                authenticated_at: at,
                amr: further(&family.amr),
                ..*family
            })),
            Self::Cookie => Self::Cookie,
        }
    }
}

/// By what it goes on.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) token: Option<IssuedToken>,
    pub(super) cookies: Vec<HeaderValue>,
}

impl Users {
    /// The login that a caller came with; 403 `forbidden` for who has none here.
    pub(in crate::flow) async fn own_login(
        &self,
        caller: &AuthUser,
        user: &User,
    ) -> Result<Own, Denial> {
        match means_of(caller) {
            Means::Token => Ok(Own::Family(Box::new(self.family_of(caller, user).await?))),
            Means::Cookie => {
                self.cookie_login_of(caller, user).await?;
                Ok(Own::Cookie)
            }
            Means::Other => Err(Denial::forbidden()),
        }
    }

    /// The changes by which a login, with what it has proved just now, goes on under the account's new stamp.
    pub(in crate::flow) fn going_on(
        &self,
        caller: &AuthUser,
        user: &User,
        own: &Own,
    ) -> Result<Vec<Change>, Denial> {
        Ok(match own {
            Own::Family(family) => vec![Change::ReauthenticateFamily {
                owner: user.reference(),
                id: family.id,
                at: family.authenticated_at,
                amr: family.amr.clone(),
                stamp: Some(user.stamp.clone()),
            }],
            Own::Cookie => vec![self.rotated(caller, user)?],
        })
    }

    /// The entry of a new id for the caller's session by cookie.
    pub(in crate::flow) fn rotated(
        &self,
        caller: &AuthUser,
        user: &User,
    ) -> Result<Change, Denial> {
        let entry = Entry::success(AuditKind::SessionRotated);
        self.audit(entry.by_caller(caller).to(user.id))
    }

    /// By what the login goes on, after the commit. What was decided stands: a cookie that could not be made means that its user logs
    /// in again, and nothing else.
    pub(super) async fn go_on(&self, user: &User, own: Own, method: &str) -> Result<Kept, Denial> {
        match own {
            Own::Family(family) => {
                let family = Family {
                    stamp: user.stamp.clone(),
                    ..*family
                };
                self.clean_up_sessions(user).await;
                Ok(Kept {
                    token: Some(self.access_token(user, &family).await?),
                    ..Kept::default()
                })
            }
            Own::Cookie => Ok(self.go_on_by_cookie(user, method).await),
        }
    }

    /// The same, where nothing further was proved: the `Set-Cookie` values, if it is by cookie.
    #[cfg(feature = "oauth")]
    pub(in crate::flow) async fn go_on_as_it_is(&self, user: &User, own: Own) -> Vec<HeaderValue> {
        let Own::Cookie = own else {
            self.clean_up_sessions(user).await;
            return Vec::new();
        };
        let (cookies, head) = (&self.realm.cookies, &self.origin.head);
        let changed = cookies.change_stamp(head, user.stamp.as_str()).await;
        self.renewed(user, changed).await
    }

    async fn go_on_by_cookie(&self, user: &User, method: &str) -> Kept {
        let (cookies, head) = (&self.realm.cookies, &self.origin.head);
        let stamp = user.stamp.as_str();
        let renewed = cookies
            .reauthenticate_with_stamp(head, [method, "mfa"], stamp)
            .await;
        Kept {
            token: None,
            cookies: self.renewed(user, renewed).await,
        }
    }

    /// The other sessions are removed. Without an answer of the store the own one is dead, too.
    async fn renewed(
        &self,
        user: &User,
        renewed: Result<(AuthRecord, HeaderValue), SessionError>,
    ) -> Vec<HeaderValue> {
        match renewed {
            Ok((login, cookie)) => {
                self.clean_up_sessions_but(user, Some(login.sid())).await;
                let device = self.device_cookie(user);
                std::iter::once(cookie).chain(device).collect()
            }
            Err(error) => {
                tracing::warn!(user = ?user.reference(), %error, "a session could not go on; its user must log in again");
                Vec::new()
            }
        }
    }
}

/// These methods, a second factor, and that there were two: a level once reached is carried (AC-R7).
pub(in crate::flow) fn with_factor(methods: &[String], method: &str) -> Vec<String> {
    let mut all = methods.to_vec();
    for further in [method, "mfa"] {
        if !all.iter().any(|known| known == further) {
            all.push(further.to_owned());
        }
    }
    all
}
