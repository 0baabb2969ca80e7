use super::state::{Refusal, State, Writing};
use crate::model::{RecordId, TicketPurpose, User, UserRef};
use crate::store::{Conflict, UserUpdate};

impl State {
    /// All users of a collection, in the order of their ids, from this one on.
    pub(super) fn users_from<'a>(
        &'a self,
        collection: &'a str,
        first: RecordId,
    ) -> impl Iterator<Item = &'a User> {
        let from = UserRef::new(collection, first);
        let users = self.users.rows().range(from..).map(|(_, user)| user);
        users.take_while(move |user| user.collection == collection)
    }

    pub(super) fn all_users<'a>(&'a self, collection: &'a str) -> impl Iterator<Item = &'a User> {
        self.users_from(collection, RecordId::from_bytes([0; 16]))
    }

    pub(super) fn insert_user(&mut self, user: &User) -> Result<(), Refusal> {
        if self.users.has(&user.reference()) {
            return Err(Refusal::Taken("the id of the user is taken"));
        }
        if self.emails.has(&address_of(user)) {
            return Err(Conflict::EmailTaken.into());
        }
        self.emails.put(address_of(user), user.id);
        self.users.put(user.reference(), user.clone());
        Ok(())
    }

    pub(super) fn insert_first_user(&mut self, user: &User) -> Result<(), Refusal> {
        if self.all_users(&user.collection).next().is_some() {
            return Err(Conflict::Changed.into());
        }
        self.insert_user(user)
    }

    pub(super) fn update_user(&mut self, update: &UserUpdate) -> Result<(), Refusal> {
        let before = self.users.get(&update.user).ok_or(Conflict::NotFound)?;
        if !update.holds_for(before) {
            return Err(Conflict::Changed.into());
        }
        let (old, after) = (address_of(before), update.applied_to(before));
        let new = address_of(&after);
        if new != old && self.emails.has(&new) {
            return Err(Conflict::EmailTaken.into());
        }
        self.emails.remove(&old);
        self.emails.put(new, after.id);
        self.users.put(update.user.clone(), after);
        Ok(())
    }

    pub(super) fn delete_user(
        &mut self,
        user: &UserRef,
        writing: &mut Writing<'_>,
    ) -> Result<(), Refusal> {
        let row = self.users.get(user).ok_or(Conflict::NotFound)?;
        let address = address_of(row);
        self.emails.remove(&address);
        self.users.remove(user);
        self.delete_keys(user, writing);
        for id in self.families.ids_of(user, |_| true) {
            self.families.remove(&id);
            writing.done.ended.push(id);
        }
        for id in self.links.ids_of(user, |_| true) {
            self.links.remove(&id);
        }
        self.factors.remove(user);
        self.drop_recovery_codes(user);
        self.drop_tickets(user, &TicketPurpose::ALL);
        self.delete_identities(user);
        Ok(())
    }

    pub(super) fn require_stamp(&self, user: &UserRef, stamp: &str) -> Result<(), Refusal> {
        let user = self.users.get(user).ok_or(Conflict::NotFound)?;
        match user.stamp == stamp {
            true => Ok(()),
            false => Err(Conflict::Changed.into()),
        }
    }

    pub(super) fn require_role_held(&self, collection: &str, role: &str) -> Result<(), Refusal> {
        let is_held = |user: &User| user.banned_at.is_none() && user.has_role(role);
        match self.all_users(collection).any(is_held) {
            true => Ok(()),
            false => Err(Conflict::RoleUnheld.into()),
        }
    }

    pub(super) fn require_owner(&self, owner: &UserRef) -> Result<(), Refusal> {
        match self.users.has(owner) {
            true => Ok(()),
            false => Err(Conflict::NotFound.into()),
        }
    }
}

fn address_of(user: &User) -> (String, String) {
    (user.collection.clone(), user.email.key().to_owned())
}
