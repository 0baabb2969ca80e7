//! Steps that give credentials, or others for those that there were.

use portcullis_accounts::{ChangePassword, LoggedIn, Login, Mode, Proof};

use crate::browser::Browser;
use crate::common;
use crate::world::{Kind, World};

impl World {
    pub(crate) async fn login(&mut self, user: usize, by_cookie: bool) {
        let mut browser = Browser::at("192.0.2.1");
        let (email, password) = (
            self.people[user].email.clone(),
            self.people[user].password.clone(),
        );
        let mode = if by_cookie { Mode::Cookie } else { Mode::Token };
        let login = Login {
            email,
            password: password.into(),
            remember: false,
            mode: Some(mode),
        };
        let answer = browser.users(&self.harness).login(login).await;
        assert_eq!(answer.is_ok(), self.may_enter(user), "{answer:?}");
        if let Ok(LoggedIn::Done(session)) = answer {
            browser.cookies.clear();
            self.note(user, &session, browser);
        }
    }

    pub(crate) async fn refresh(&mut self, number: usize, age: usize) {
        let (now, may_enter) = (self.seconds, self.may_enter(self.logins[number].user));
        let is_live = self.is_live(&self.logins[number]) && may_enter;
        let users = self.harness.users();
        let Kind::Token {
            refresh,
            access,
            rotated,
        } = &mut self.logins[number].kind
        else {
            return;
        };
        let at = refresh.len() - 1 - age.min(refresh.len() - 1);
        let behind = refresh.len() - 1 - at;
        let answer = users.refresh(&refresh[at].clone()).await;
        let is_good = is_live && (behind == 0 || (behind == 1 && now - *rotated <= 10));
        assert_eq!(answer.is_ok(), is_good, "{answer:?}, {behind} behind");
        match answer {
            Ok(session) => {
                let tokens = common::tokens(&session);
                access.push((tokens.access().to_owned(), now, false));
                match behind {
                    0 => {
                        refresh.push(tokens.refresh().to_owned());
                        *rotated = now;
                    }
                    _ => assert_eq!(refresh.last().unwrap(), tokens.refresh()),
                }
            }
            Err(_) => self.logins[number].is_alive = false,
        }
    }

    pub(crate) async fn change_password(&mut self, number: usize) {
        let Some(caller) = self.caller(number).await else {
            return;
        };
        self.number += 1;
        let user = self.logins[number].user;
        let new = format!("staple battery horse {}", self.number);
        let change = ChangePassword::new(self.people[user].password.as_str(), new.as_str());
        let session = self
            .users_of(number)
            .change_password(&caller, change)
            .await
            .unwrap();
        self.people[user].password = new;
        self.end_all(user, None);
        let browser = match &self.logins[number].kind {
            Kind::Cookie { browser, .. } => browser.clone(),
            Kind::Token { .. } => Browser::at("192.0.2.1"),
        };
        self.note(user, &session, browser);
    }

    pub(crate) async fn reset(&mut self, user: usize) {
        self.number += 1;
        self.harness.sent().await;
        self.harness.mail.clear();
        let email = self.people[user].email.clone();
        self.harness
            .users()
            .request_password_reset(&email)
            .await
            .unwrap();
        let mail = self.harness.mail_to(&email).await;
        let Some(token) = mail.as_ref().and_then(common::token_in) else {
            assert!(!self.may_enter(user));
            return;
        };
        let new = format!("staple battery horse {}", self.number);
        self.harness
            .users()
            .reset_password(&token, &new)
            .await
            .unwrap();
        self.people[user].password = new;
        self.end_all(user, None);
    }

    pub(crate) async fn reauthenticate(&mut self, number: usize) {
        let Some(caller) = self.caller(number).await else {
            return;
        };
        let password = self.people[self.logins[number].user].password.clone();
        let users = self.users_of(number);
        let proved = users
            .reauthenticate(&caller, Proof::Password(&password))
            .await
            .unwrap();
        let now = self.seconds;
        match &mut self.logins[number].kind {
            Kind::Token { access, .. } => {
                access.last_mut().unwrap().2 = true;
                access.push((proved.token.unwrap().as_str().to_owned(), now, false));
            }
            Kind::Cookie { browser, former } => {
                former.push(browser.clone());
                browser.keep(&proved.cookie.unwrap());
            }
        }
    }
}
