use super::state::{Noted, Refusal, State, Waiting, Writing};
use crate::model::{AuditEvent, QueuedMail};
use crate::store::Change;
use portcullis_core::Timestamp;
use portcullis_jwt::Revocation;

impl State {
    pub(super) fn apply(
        &mut self,
        change: &Change,
        writing: &mut Writing<'_>,
    ) -> Result<(), Refusal> {
        match change {
            Change::InsertUser(user) => self.insert_user(user),
            Change::InsertFirstUser(user) => self.insert_first_user(user),
            Change::UpdateUser(update) => self.update_user(update),
            Change::DeleteUser(user) => self.delete_user(user, writing),
            // Asked when all changes are made.
            Change::RequireRoleHeld { .. } | Change::RequireCredential { .. } => Ok(()),
            Change::RequireStamp { user, stamp } => self.require_stamp(user, stamp),

            Change::InsertFamily(family) => self.insert_family(family),
            Change::RotateFamily {
                id,
                from,
                at,
                address,
                user_agent,
            } => self.rotate_family(id, *from, *at, (*address, user_agent.clone())),
            Change::ReauthenticateFamily {
                owner,
                id,
                at,
                amr,
                stamp,
            } => self.reauthenticate_family((owner, id), *at, amr, stamp.as_ref()),
            Change::EndFamily { owner, id, until } => self.end_family(owner, id, *until, writing),
            Change::EndFamilies {
                owner,
                except,
                until,
            } => {
                self.end_families(owner, except.as_ref(), *until, writing);
                Ok(())
            }
            Change::Revoke(revocation) => {
                self.revoke(revocation.clone(), writing.at);
                Ok(())
            }

            Change::EndSession {
                owner,
                sid,
                through,
                until,
            } => {
                self.end_session(owner, sid, (*through, *until));
                Ok(())
            }

            Change::InsertLink(link) => self.insert_link(link),
            Change::TakeLink {
                id,
                digest,
                purpose,
                at,
            } => self.take_link(id, digest, *purpose, *at),
            Change::DropLinks { owner, purposes } => {
                self.drop_links(owner, purposes);
                Ok(())
            }

            Change::InsertKey { key, at_most } => self.insert_key(key, *at_most),
            Change::ExpireKey { owner, id, at, now } => {
                self.expire_key((owner, id), *at, *now, writing)
            }
            Change::DeleteKey { owner, id } => self.delete_key(owner, id, writing),
            Change::DeleteKeys { owner } => {
                self.delete_keys(owner, writing);
                Ok(())
            }

            Change::PutFactor(_)
            | Change::ActivateFactor { .. }
            | Change::UseStep { .. }
            | Change::DeleteFactor { .. }
            | Change::PutRecoveryCodes { .. }
            | Change::TakeRecoveryCode { .. } => self.apply_to_factor(change),

            Change::InsertTicket(_)
            | Change::CountAttempt { .. }
            | Change::TakeTicket { .. }
            | Change::DropTickets { .. } => self.apply_to_tickets(change),

            Change::InsertIdentity(identity) => self.insert_identity(identity),
            Change::UseIdentity { .. } => self.use_identity(change),
            Change::DeleteIdentity { owner, id } => self.delete_identity(owner, id),
            Change::DeleteIdentities { owner } => {
                self.delete_identities(owner);
                Ok(())
            }

            Change::PutSigningKey(_)
            | Change::ResealSigningKey { .. }
            | Change::ForgetSigningKey { .. } => self.apply_to_signing_keys(change),

            Change::Audit(event) => self.record(event),
            Change::Queue(mail) => self.queue(mail),
        }
    }

    pub(super) fn revoke(&mut self, revocation: Revocation, at: Timestamp) {
        let last = self.revocations.rows().last_key_value();
        let next = last.map_or(0, |(number, _)| number + 1);
        self.revocations.put(next, Noted { at, revocation });
    }

    fn record(&mut self, event: &AuditEvent) -> Result<(), Refusal> {
        if self.audit.has(&event.id) {
            return Err(Refusal::Taken("the id of the audit entry is taken"));
        }
        self.audit.put(event.id, event.clone());
        Ok(())
    }

    fn queue(&mut self, mail: &QueuedMail) -> Result<(), Refusal> {
        if self.mail.has(&mail.id) {
            return Err(Refusal::Taken("the id of the mail is taken"));
        }
        let waiting = Waiting {
            mail: mail.clone(),
            leased_until: None,
        };
        self.mail.put(mail.id, waiting);
        Ok(())
    }
}
