use portcullis_accounts::store::{Change, FamilyStore, UserStore, UserUpdate};
use portcullis_accounts::{EmailAddress, KeyRow, Link, LinkPurpose, StoredPassword, User, UserRef};
use portcullis_jwt::Revocation;
use serde_json::json;

use super::{COLLECTIONS, SIDS, Story};
use crate::account_store::rows::{self, at};

const NAMES: [&str; 10] = [
    "ann",
    "Ann",
    "ben",
    "bén",
    "be\u{301}n",
    "b%n",
    "b_n",
    "cleo",
    "dora",
    "ed",
];
const ROLES: [&str; 3] = ["user", "admin", "Admin"];
const PURPOSES: [LinkPurpose; 2] = [LinkPurpose::ResetPassword, LinkPurpose::Unlock];
pub(super) const STAMPS: [&str; 2] = ["stamp-1", "stamp-2"];

impl Story {
    pub(super) async fn change(&mut self) -> Change {
        match self.random.below(19) {
            0..=2 => self.insert_user(),
            3 | 4 => self.update_user().await,
            5 => self.remove_something(),
            6 | 7 => self.insert_family(),
            8 | 9 => self.rotate_family().await,
            10 => self.reauthenticate(),
            11 => self.end_families(),
            12 => self.insert_link(),
            13 => self.take_link(),
            14 | 15 => self.insert_key(),
            16 => self.expire_key(),
            17 => self.record(),
            _ => self.queue_or_revoke(),
        }
    }

    /// Whose a row is; sometimes somebody else.
    pub(super) fn owner_of(&mut self, owner: &UserRef) -> UserRef {
        match self.random.once_in(8) {
            true => self.any_user(),
            false => owner.clone(),
        }
    }

    fn address(&mut self) -> EmailAddress {
        let key = format!("{}@example.com", self.random.pick(&NAMES));
        EmailAddress::from_parts(key.to_uppercase(), key)
    }

    fn roles(&mut self) -> Vec<String> {
        let roles = ROLES.into_iter().filter(|_| self.random.once_in(2));
        roles.map(String::from).collect()
    }

    fn insert_user(&mut self) -> Change {
        let collection = *self.random.pick(&COLLECTIONS);
        let user = User {
            email: self.address(),
            roles: self.roles(),
            ..rows::user(collection, "")
        };
        self.users.push(user.reference());
        match self.random.once_in(8) {
            true => Change::InsertFirstUser(Box::new(user)),
            false => Change::InsertUser(Box::new(user)),
        }
    }

    async fn update_user(&mut self) -> Change {
        let user = self.any_user();
        let found = self.reference.user(&user).await.ok().flatten();
        let mut update = UserUpdate::new(user, self.now());
        if let Some(user) = found.filter(|_| self.random.once_in(2)) {
            update.if_password = self.random.maybe(user.password);
            let changed = self.random.maybe(user.updated_at);
            update.if_updated_at = self.random.maybe(changed).flatten();
            update.if_email_key = self.random.maybe(user.email.key().to_owned());
            let stamp = self.random.pick(&STAMPS);
            update.if_stamp = self.random.maybe(String::from(*stamp));
        }
        let (email, roles) = (self.address(), self.roles());
        update.email = self.random.maybe(email).filter(|_| self.random.once_in(3));
        update.roles = self.random.maybe(roles);
        let password = self.random.maybe(StoredPassword::new("another"));
        update.password = self.random.maybe(password);
        let mfa_since = self.random.maybe(at(self.second));
        update.mfa_since = self.random.maybe(mfa_since);
        let ban = self.random.maybe(at(self.second));
        update.banned_at = self.random.maybe(ban);
        let stamp = String::from(*self.random.pick(&STAMPS));
        update.stamp = self.random.maybe(stamp);
        let profile = rows::profile(json!({ "at": self.second }));
        update.profile = self.random.maybe(profile);
        rows::updated(update)
    }

    fn remove_something(&mut self) -> Change {
        let owner = self.any_user();
        let key = self.any_key();
        match self.random.below(4) {
            0 => Change::DeleteUser(owner),
            1 => Change::DeleteKeys { owner },
            2 => Change::DropLinks {
                owner,
                purposes: vec![*self.random.pick(&PURPOSES)],
            },
            _ => Change::DeleteKey {
                owner: self.owner_of(&key.owner),
                id: key.id,
            },
        }
    }

    pub(super) fn require_role(&mut self) -> Change {
        Change::RequireRoleHeld {
            collection: String::from(*self.random.pick(&COLLECTIONS)),
            role: String::from(*self.random.pick(&ROLES)),
        }
    }

    fn insert_family(&mut self) -> Change {
        let owner = self.any_user();
        let family = rows::family_at(&owner, self.second);
        self.families.push(family.clone());
        rows::inserted(&family)
    }

    async fn rotate_family(&mut self) -> Change {
        let family = self.any_family();
        let found = self.reference.family(family.id).await.ok().flatten();
        let from = found.map_or(0, |family| family.generation);
        let wrong = u32::from(self.random.once_in(6));
        rows::rotated(&family, from + wrong, self.second)
    }

    fn reauthenticate(&mut self) -> Change {
        let family = self.any_family();
        let stamp = String::from(*self.random.pick(&STAMPS));
        Change::ReauthenticateFamily {
            owner: self.owner_of(&family.owner),
            id: family.id,
            at: self.now(),
            amr: vec![String::from("otp")],
            stamp: self.random.maybe(stamp),
        }
    }

    fn end_families(&mut self) -> Change {
        let family = self.any_family();
        let owner = self.owner_of(&family.owner);
        let until = at(self.second + 900);
        match self.random.once_in(2) {
            true => Change::EndFamilies {
                owner,
                except: self.random.maybe(family.id),
                until,
            },
            false => Change::EndFamily {
                owner,
                id: family.id,
                until,
            },
        }
    }

    fn insert_link(&mut self) -> Change {
        let owner = self.any_user();
        let purpose = *self.random.pick(&PURPOSES);
        let link = Link {
            expires_at: at(self.second + 600),
            ..rows::link(&owner, purpose)
        };
        self.links.push(link.clone());
        rows::linked(&link)
    }

    fn take_link(&mut self) -> Change {
        let link = self.random.among(&self.live.links, &self.links);
        rows::taken(&link, self.second)
    }

    fn insert_key(&mut self) -> Change {
        let owner = self.any_user();
        let end = at(self.second + self.random.seconds(1200));
        let key = KeyRow {
            created_at: self.now(),
            expires_at: self.random.maybe(end),
            ..match self.random.once_in(2) {
                true => rows::key(&owner),
                false => rows::classic_key(&owner),
            }
        };
        self.keys.push(key.clone());
        let at_most = u32::try_from(self.random.below(4)).unwrap_or_default();
        rows::added_within(&key, at_most)
    }

    fn expire_key(&mut self) -> Change {
        let key = self.any_key();
        Change::ExpireKey {
            owner: self.owner_of(&key.owner),
            id: key.id,
            at: at(self.second + self.random.seconds(600)),
            now: self.now(),
        }
    }

    fn record(&mut self) -> Change {
        let user = self.any_user();
        rows::recorded(&rows::event_at(&user, self.second))
    }

    fn end_session(&mut self) -> Change {
        Change::EndSession {
            owner: self.any_user(),
            sid: String::from(*self.random.pick(&SIDS)),
            through: *self.random.pick(&[0, 1, 2, u32::MAX]),
            until: at(self.second + self.random.seconds(1200)),
        }
    }

    fn queue_or_revoke(&mut self) -> Change {
        if self.random.once_in(3) {
            return self.end_session();
        }
        if self.random.once_in(2) {
            let mail = rows::mail_at(self.second);
            self.mails.push(mail.id);
            return rows::queued(&mail);
        }
        Change::Revoke(Revocation::Token {
            id: self.second.to_string(),
            until: at(self.second + self.random.seconds(1200)),
        })
    }
}
