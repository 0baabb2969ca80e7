//! A step is taken, and what works then is what the model says.

use std::time::Duration;

use crate::common::code;
use crate::step::Step;
use crate::world::{Kind, LIFE, World};

impl World {
    pub(crate) async fn step(&mut self, step: &Step) {
        let of = |number: usize| self.pick(number);
        match *step {
            Step::Login { user, by_cookie } => self.login(user, by_cookie).await,
            Step::Wrong { user } => {
                let email = self.people[user].email.clone();
                assert_eq!(
                    code(self.harness.login(&email, "wrong").await),
                    "401 invalid_credentials"
                );
            }
            Step::Refresh { login } => self.refresh(of(login).unwrap(), 0).await,
            Step::RefreshParent { login } => self.refresh(of(login).unwrap(), 1).await,
            Step::RefreshOldest { login } => self.refresh(of(login).unwrap(), usize::MAX).await,
            Step::Logout { login } => self.logout(of(login).unwrap()).await,
            Step::LogoutToken { login } => self.logout_token(of(login).unwrap()).await,
            Step::LogoutAll { login, keep } => self.logout_all(of(login).unwrap(), keep).await,
            Step::Revoke { login, other } => {
                self.revoke(of(login).unwrap(), of(other).unwrap()).await;
            }
            Step::ChangePassword { login } => self.change_password(of(login).unwrap()).await,
            Step::Reauthenticate { login } => self.reauthenticate(of(login).unwrap()).await,
            Step::Reset { user } => self.reset(user).await,
            Step::Wait { seconds } => {
                self.seconds += seconds;
                self.harness.wait(Duration::from_secs(seconds));
            }
            Step::Purge => drop(self.harness.accounts.purge().await.unwrap()),
            Step::Ban { .. } | Step::Unban { .. } | Step::Roles { .. } | Step::Delete { .. } => {
                self.administer(step).await;
            }
        }
    }

    /// What is over does not work; of what is not, the newest does.
    pub(crate) async fn check(&self) {
        for login in &self.logins {
            let is_live = self.is_live(login) && self.may_enter(login.user);
            match &login.kind {
                Kind::Token {
                    refresh, access, ..
                } => {
                    for (token, issued, is_over) in access {
                        // Verifiers allow clocks to differ by a minute.
                        let is_expired = self.seconds - issued >= LIFE + 60;
                        let is_good =
                            login.is_alive && !is_over && !is_expired && self.may_enter(login.user);
                        let found = self
                            .harness
                            .caller_by("authorization", &format!("Bearer {token}"))
                            .await;
                        assert_eq!(found.is_ok(), is_good, "{found:?}, issued at {issued}");
                    }
                    for token in refresh.iter().filter(|_| !is_live) {
                        let answer = self.harness.users().refresh(token).await;
                        assert!(answer.is_err(), "{answer:?}");
                    }
                }
                Kind::Cookie { browser, former } => {
                    let found = browser.caller(&self.harness).await;
                    assert_eq!(found.is_ok(), is_live, "{found:?}");
                    for browser in former {
                        assert_eq!(
                            code(browser.caller(&self.harness).await),
                            "401 unauthenticated"
                        );
                    }
                }
            }
        }
    }

    /// What should live lives: its refresh token is good.
    pub(crate) async fn check_lives(&mut self) {
        for number in 0..self.logins.len() {
            if self.is_live(&self.logins[number]) && self.may_enter(self.logins[number].user) {
                self.refresh(number, 0).await;
            }
        }
    }
}
