//! An authenticator app, and who has one.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::time::Duration;

use portcullis_accounts::store::AccountStore;
use portcullis_accounts::{
    Challenge, Enrolment, FinishLogin, LoggedIn, Login, Mode, SecondFactor, Session, Users,
};
use portcullis_core::{Clock, Denial};
use portcullis_mfa::Totp;
use portcullis_testkit::ManualClock;

use crate::common::{Harness, PASSWORD, tokens};

/// The time after which an app shows another code.
pub(crate) const STEP: Duration = Duration::from_secs(30);

/// An app that has scanned a QR code, and the sheet of recovery codes beside it.
#[derive(Debug)]
pub(crate) struct App {
    totp: Totp,
    clock: ManualClock,
    pub(crate) recovery: Vec<String>,
}

impl App {
    /// Reads what is shown of a new factor.
    pub(crate) fn scan(shown: &Enrolment, clock: &ManualClock) -> Self {
        Self::typed(shown.secret.expose(), clock)
    }

    /// Takes a secret that was typed.
    pub(crate) fn typed(secret: &str, clock: &ManualClock) -> Self {
        Self {
            totp: Totp::from_base32(secret).unwrap(),
            clock: clock.clone(),
            recovery: Vec::new(),
        }
    }

    /// Gives somebody who is logged in by tokens a second factor. The code of that moment is used up by it; the next one is waited for.
    pub(crate) async fn enrol<S: AccountStore>(h: &Harness<S>, session: &Session) -> Self {
        let caller = h.caller(tokens(session)).await.unwrap();
        let shown = h.users().enroll_totp(&caller).await.unwrap();
        let mut app = Self::scan(&shown, &h.clock);
        let activated = h.users().activate_totp(&caller, &app.code()).await.unwrap();
        app.recovery = activated
            .recovery_codes
            .iter()
            .map(|code| code.expose().to_owned())
            .collect();
        h.wait(STEP);
        app
    }

    /// The code of this moment.
    pub(crate) fn code(&self) -> String {
        self.totp.code_at(self.clock.now()).expose().to_owned()
    }

    /// Six digits that no step around this moment has.
    pub(crate) fn wrong(&self) -> String {
        let now = self.clock.now();
        let near = [now, now.saturating_add(STEP), now.saturating_add(2 * STEP)];
        let near = near.map(|moment| self.totp.code_at(moment).expose().to_owned());
        let is_wrong = |code: &String| {
            !near.contains(code) && self.totp.matching_step(code, None, now).is_none()
        };
        let mut all = (0..1_000_000).map(|number| format!("{number:06}"));
        all.find(is_wrong).unwrap()
    }
}

/// Registers somebody whose address is proved, with a second factor.
pub(crate) async fn with_factor<S: AccountStore>(h: &Harness<S>, email: &str) -> App {
    let session = h.register_proved(email).await;
    App::enrol(h, &session).await
}

/// Shows a password that is right where a second factor is asked for.
pub(crate) async fn challenge_by(users: &Users, login: Login) -> Challenge {
    match users.login(login).await {
        Ok(LoggedIn::Challenged(challenge)) => challenge,
        other => panic!("no challenge: {other:?}"),
    }
}

/// The same, for tokens.
pub(crate) async fn challenged(users: &Users, email: &str) -> String {
    let challenge = challenge_by(users, by_password(email, Mode::Token)).await;
    challenge.token.to_string()
}

pub(crate) fn by_password(email: &str, mode: Mode) -> Login {
    Login {
        email: email.to_owned(),
        password: PASSWORD.to_owned().into(),
        remember: false,
        mode: Some(mode),
    }
}

pub(crate) async fn by_totp(users: &Users, challenge: &str, code: &str) -> Result<Session, Denial> {
    let finish = FinishLogin::new(challenge, SecondFactor::Totp(code));
    users.finish_login(finish).await
}

pub(crate) async fn by_recovery(
    users: &Users,
    challenge: &str,
    code: &str,
) -> Result<Session, Denial> {
    let finish = FinishLogin::new(challenge, SecondFactor::Recovery(code));
    users.finish_login(finish).await
}
