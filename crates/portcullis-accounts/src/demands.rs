//! Where a second factor is demanded, and who has shown one.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::StatusCode;
use portcullis_core::{Attempt, AuthUser, Denial};

use crate::settings::Collection;

/// What a trusted device adds to the methods of a login: no factor, but enough to enter.
pub(crate) const DEVICE: &str = "device";

/// 401 `mfa_required`: the login is good, and not good enough; another one is needed, with a second factor.
pub(crate) fn mfa_required() -> Denial {
    Denial::new(StatusCode::UNAUTHORIZED, "mfa_required")
        .with_detail("this account must log in with a second factor")
}

/// Whether a login by these methods has shown a second factor, or came from a device that is spared it.
pub(crate) fn shows_second_factor<'a>(mut amr: impl Iterator<Item = &'a str>) -> bool {
    amr.any(|method| method == "mfa" || method == DEVICE)
}

/// The collections that demand a second factor of somebody. Where none does, asking costs nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Demands {
    collections: Option<Arc<BTreeMap<String, Collection>>>,
}

impl Demands {
    pub(crate) fn of(collections: &BTreeMap<String, Collection>) -> Self {
        let demanding = collections
            .iter()
            .filter(|(_, settings)| settings.demands_any_mfa());
        let demanding: BTreeMap<_, _> = demanding
            .map(|(name, settings)| (name.clone(), settings.clone()))
            .collect();
        Self {
            collections: (!demanding.is_empty()).then(|| Arc::new(demanding)),
        }
    }

    /// What the bearer scheme has found, unless it is somebody who must have shown a second factor and has not.
    pub(crate) fn judge(&self, attempt: Attempt) -> Attempt {
        let Some(collections) = &self.collections else {
            return attempt;
        };
        match attempt {
            Attempt::Ready(Ok(user)) => Attempt::Ready(admitted(collections, user)),
            Attempt::Pending(answer) => {
                let collections = Arc::clone(collections);
                Attempt::Pending(Box::pin(async move {
                    let user = answer.await?;
                    user.map(|user| admitted(&collections, user)).transpose()
                }))
            }
            other => other,
        }
    }
}

/// Judged by what stands in the token, its roles and its methods alone.
fn admitted(
    collections: &BTreeMap<String, Collection>,
    user: AuthUser,
) -> Result<AuthUser, Denial> {
    let settings = collections.get(user.collection());
    let is_demanded = settings.is_some_and(|settings| settings.demands_mfa_of(user.roles()));
    match is_demanded && !user.is_multi_factor() && !shows_second_factor(user.amr()) {
        true => Err(mfa_required()),
        false => Ok(user),
    }
}
