//! Steps that end logins.

use portcullis_accounts::Logout;

use crate::common::code;
use crate::step::Step;
use crate::world::{Kind, LIFE, World};

impl World {
    pub(crate) async fn logout(&mut self, number: usize) {
        let caller = self.caller(number).await;
        let users = self.users_of(number);
        let logout = match &self.logins[number].kind {
            Kind::Token { refresh, .. } => Logout {
                refresh_token: Some(&refresh[0]),
                caller: None,
            },
            Kind::Cookie { .. } => Logout {
                refresh_token: None,
                caller: caller.as_ref(),
            },
        };
        users.logout(logout).await.unwrap();
        self.logins[number].is_alive = false;
    }

    pub(crate) async fn logout_token(&mut self, number: usize) {
        let Kind::Token { access, .. } = &self.logins[number].kind else {
            return;
        };
        let (token, issued, is_over) = access.last().unwrap();
        self.harness.users().logout_token(token).await.unwrap();
        if !is_over && self.seconds - issued < LIFE {
            self.logins[number].is_alive = false;
        }
    }

    pub(crate) async fn logout_all(&mut self, number: usize, keep: bool) {
        let Some(caller) = self.caller(number).await else {
            return;
        };
        self.users_of(number)
            .logout_all(&caller, keep)
            .await
            .unwrap();
        let user = self.logins[number].user;
        self.end_all(user, keep.then_some(number));
    }

    pub(crate) async fn revoke(&mut self, number: usize, other: usize) {
        let Some(caller) = self.caller(number).await else {
            return;
        };
        let answer = self
            .harness
            .users()
            .revoke_session(&caller, &self.logins[other].id.clone())
            .await;
        if self.logins[other].user != self.logins[number].user {
            assert_eq!(code(answer), "404 not_found");
            return;
        }
        assert!(
            answer.is_ok() || !self.is_live(&self.logins[other]),
            "{answer:?}"
        );
        self.logins[other].is_alive = false;
    }

    pub(crate) async fn administer(&mut self, step: &Step) {
        let application = self.harness.users().as_application();
        match step {
            Step::Ban { user } if self.may_enter(*user) => {
                application.ban_user(&self.people[*user].id).await.unwrap();
                self.people[*user].is_banned = true;
                self.end_all(*user, None);
            }
            Step::Unban { user } if self.people[*user].is_there => {
                application
                    .unban_user(&self.people[*user].id)
                    .await
                    .unwrap();
                self.people[*user].is_banned = false;
            }
            Step::Delete { user } if self.people[*user].is_there => {
                application
                    .delete_user(&self.people[*user].id)
                    .await
                    .unwrap();
                self.people[*user].is_there = false;
                self.end_all(*user, None);
            }
            Step::Roles { user } if self.people[*user].is_there => {
                self.number += 1;
                let roles = vec![format!("role{}", self.number)];
                application
                    .set_roles(&self.people[*user].id, roles)
                    .await
                    .unwrap();
                // Access tokens that say otherwise are taken back; what the login lives by is not.
                for login in self.logins.iter_mut().filter(|login| login.user == *user) {
                    if let Kind::Token { access, .. } = &mut login.kind {
                        access.iter_mut().for_each(|token| token.2 = true);
                    }
                }
            }
            _ => {}
        }
    }
}
