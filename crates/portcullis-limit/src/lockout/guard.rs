use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode, response};
use portcullis_core::{AuthContext, ClientAddress, DefaultRenderer, Denial, Renderer};

use super::attempt::{Checked, Lock, LockedBy, Reservation};
use super::lockout::Lockout;
use super::subject::Subject;
use crate::LimiterError;

/// What a response says of the attempt that it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Attempted {
    /// The guess was wrong: it counts.
    Failed,
    /// The guess was right: the account's failures are forgotten.
    Succeeded,
    /// Nothing was tried, or nothing was decided.
    Neither,
}

/// Put into a response's extensions by a service that learns from the request's body which account is tried, for a
/// [`LockoutLayer`](crate::LockoutLayer) with [`account_from_response`](crate::LockoutLayer::account_from_response).
#[derive(Clone, PartialEq, Eq)]
pub struct LockoutKey(String);

impl LockoutKey {
    /// The account, as it was typed; whether it exists or not (AC-L3).
    #[must_use]
    pub fn new(account: impl Into<String>) -> Self {
        Self(account.into())
    }
}

impl fmt::Debug for LockoutKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LockoutKey(..)")
    }
}

pub(super) type AccountOf = Arc<dyn Fn(&Parts) -> Option<String> + Send + Sync>;
pub(super) type IsKnownDevice = Arc<dyn Fn(&Parts) -> bool + Send + Sync>;
pub(super) type JudgeResponse = Arc<dyn Fn(&response::Parts) -> Attempted + Send + Sync>;

/// The longest `Retry-After`: clients do not come back after years.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// What a layer was told.
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) lockout: Lockout,
    pub(super) address: ClientAddress,
    pub(super) account: Option<AccountOf>,
    pub(super) learns_account: bool,
    pub(super) is_known_device: Option<IsKnownDevice>,
    pub(super) judge: JudgeResponse,
    pub(super) denial: Denial,
    pub(super) renderer: Option<Arc<dyn Renderer>>,
}

/// An attempt that is being made.
pub(super) struct Attempt {
    subject: Subject,
    reservation: Reservation,
    /// The head of the request, where the answer may yet have to be replaced.
    head: Option<Box<Parts>>,
}

impl Guard {
    pub(super) fn subject(&self, request: &Parts) -> Subject {
        let subject = Subject::new(self.address.resolve(request));
        let is_known = self
            .is_known_device
            .as_ref()
            .is_some_and(|is_known| is_known(request));
        let subject = subject.known_device(is_known);
        match self.account.as_ref().and_then(|account| account(request)) {
            Some(account) => subject.account(account),
            None => subject,
        }
    }

    /// Counts the attempt, or says how it is refused.
    pub(super) async fn begin(&self, subject: Subject, request: &Parts) -> Result<Attempt, Denial> {
        let learns = self.learns_account && subject.account.is_none();
        let checked = match learns {
            true => self.lockout.check_address(&subject).await,
            false => self.lockout.check(&subject).await,
        };
        Ok(Attempt {
            reservation: self.opened(checked)?,
            head: learns.then(|| Box::new(request.clone())),
            subject,
        })
    }

    /// Settles the attempt; a denial, if it turns out only now that it should not have been made.
    pub(super) async fn end(
        &self,
        attempt: Attempt,
        attempted: Attempted,
        learned: Option<LockoutKey>,
    ) -> Result<(), (Denial, Option<Box<Parts>>)> {
        let Attempt {
            subject,
            reservation,
            head,
        } = attempt;
        if let (Some(LockoutKey(account)), Some(head)) = (learned, head)
            && attempted != Attempted::Neither
        {
            let checked = self.lockout.check_account(&subject.account(account)).await;
            match self.opened(checked) {
                Ok(of_account) => self.settle(of_account, attempted).await,
                Err(denial) => return Err((denial, Some(head))),
            }
        }
        self.settle(reservation, attempted).await;
        Ok(())
    }

    /// What cannot be settled stays counted as failed; the lockout has reported it.
    async fn settle(&self, reservation: Reservation, attempted: Attempted) {
        let _ = match attempted {
            Attempted::Failed => {
                self.lockout.fail(reservation);
                Ok(())
            }
            Attempted::Succeeded => self.lockout.succeed(reservation).await,
            Attempted::Neither => self.lockout.cancel(reservation).await,
        };
    }

    fn opened(&self, checked: Result<Checked, LimiterError>) -> Result<Reservation, Denial> {
        match checked {
            Ok(Checked::Open(reservation)) => Ok(reservation),
            Ok(Checked::Locked(lock)) => Err(self.locked(lock)),
            Err(_) => Err(Denial::unavailable()),
        }
    }

    /// A lock of the account's looks like a wrong password; one of the address's may say when to come back (AC-L2).
    fn locked(&self, lock: Lock) -> Denial {
        match lock.by {
            LockedBy::Address => Denial::rate_limited(lock.retry_after.min(LONGEST_WAIT)),
            LockedBy::Account | LockedBy::AccountAndAddress => self.denial.clone(),
        }
    }

    /// Renders as this layer was told, or as the `AuthnLayer` outside was.
    pub(super) fn refuse(&self, denial: Denial, request: &Parts) -> Response<Bytes> {
        let outside = request.extensions.get::<AuthContext>();
        let renderer = match (&self.renderer, outside) {
            (Some(renderer), _) => &**renderer,
            (None, Some(context)) => context.renderer(),
            (None, None) => &DefaultRenderer,
        };
        renderer.refuse(denial, request)
    }
}

/// A denial that says that a credential is wrong has failed; a 2xx has succeeded.
pub(super) fn judge_denials(response: &response::Parts) -> Attempted {
    if let Some(denial) = response.extensions.get::<Denial>() {
        return match is_wrong_credential(denial) {
            true => Attempted::Failed,
            false => Attempted::Neither,
        };
    }
    match response.status.is_success() && !is_grpc_refusal(response) {
        true => Attempted::Succeeded,
        false => Attempted::Neither,
    }
}

/// As [`judge_denials`]; a 401 or 403 of any other origin has failed as well, and so have their like of gRPC.
pub(super) fn judge_statuses(response: &response::Parts) -> Attempted {
    let is_refusal = matches!(
        response.status,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
    );
    let is_refusal = is_refusal || matches!(grpc_status(response), Some(b"16" | b"7"));
    match response.extensions.get::<Denial>() {
        None if is_refusal => Attempted::Failed,
        _ => judge_denials(response),
    }
}

/// Whoever presented nothing, or must only prove themselves again, has not guessed.
fn is_wrong_credential(denial: &Denial) -> bool {
    denial.status() == StatusCode::UNAUTHORIZED
        && !matches!(
            denial.code(),
            "unauthenticated" | "reauthentication_required"
        )
}

fn is_grpc_refusal(response: &response::Parts) -> bool {
    grpc_status(response).is_some_and(|status| status != b"0")
}

fn grpc_status(response: &response::Parts) -> Option<&[u8]> {
    response
        .headers
        .get("grpc-status")
        .map(http::HeaderValue::as_bytes)
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("lockout", &self.lockout)
            .field("learns_account", &self.learns_account)
            .finish_non_exhaustive()
    }
}
