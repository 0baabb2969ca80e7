//! Second factors, tickets and identities.

use portcullis_accounts::store::Change;
use portcullis_accounts::{Factor, Identity, Ticket, TicketPurpose, User, UserRef};

use super::{at, new_id, next_number};

/// A factor whose enrolment is under way.
pub(in crate::account_store) fn factor(owner: &UserRef) -> Factor {
    Factor {
        id: new_id(),
        owner: owner.clone(),
        sealed: vec![0, 1, 0xff, 0xfe],
        last_step: None,
        created_at: at(10),
        activated_at: None,
    }
}

/// A factor that is asked for, and by which the code of step 100 was shown.
pub(in crate::account_store) fn active_factor(owner: &UserRef) -> Factor {
    Factor {
        last_step: Some(100),
        activated_at: Some(at(10)),
        ..factor(owner)
    }
}

pub(in crate::account_store) fn factor_put(factor: &Factor) -> Change {
    Change::PutFactor(Box::new(factor.clone()))
}

pub(in crate::account_store) fn activated(factor: &Factor, step: u64, second: i64) -> Change {
    Change::ActivateFactor {
        owner: factor.owner.clone(),
        id: factor.id,
        step,
        at: at(second),
    }
}

pub(in crate::account_store) fn step_used(factor: &Factor, step: u64) -> Change {
    Change::UseStep {
        owner: factor.owner.clone(),
        id: factor.id,
        step,
        resealed: None,
    }
}

pub(in crate::account_store) fn factor_deleted(owner: &UserRef) -> Change {
    Change::DeleteFactor {
        owner: owner.clone(),
    }
}

/// A recovery code, unlike any other of this process.
pub(in crate::account_store) fn code() -> [u8; 32] {
    let mut digest = [0xc0; 32];
    digest[..8].copy_from_slice(&next_number().to_le_bytes());
    digest
}

pub(in crate::account_store) fn codes_put(owner: &UserRef, digests: &[[u8; 32]]) -> Change {
    Change::PutRecoveryCodes {
        owner: owner.clone(),
        digests: digests.to_vec(),
    }
}

pub(in crate::account_store) fn code_taken(owner: &UserRef, any_of: &[[u8; 32]]) -> Change {
    Change::TakeRecoveryCode {
        owner: owner.clone(),
        any_of: any_of.to_vec(),
    }
}

/// When a [`ticket`] has ended.
pub(in crate::account_store) const TICKET_END: i64 = 310;

/// A ticket of five minutes.
pub(in crate::account_store) fn ticket(owner: &UserRef, purpose: TicketPurpose) -> Ticket {
    let mut digest = [0x3c; 32];
    digest[..8].copy_from_slice(&next_number().to_le_bytes());
    Ticket {
        id: new_id(),
        collection: owner.collection.clone(),
        owner: Some(owner.id),
        purpose,
        digest,
        sealed: vec![0xff, 0, 0x80],
        attempts: 0,
        created_at: at(10),
        expires_at: at(TICKET_END),
    }
}

/// The same, and nobody's.
pub(in crate::account_store) fn nobodys_ticket(purpose: TicketPurpose) -> Ticket {
    Ticket {
        owner: None,
        ..ticket(&super::stranger(), purpose)
    }
}

pub(in crate::account_store) fn ticketed(ticket: &Ticket) -> Change {
    Change::InsertTicket(Box::new(ticket.clone()))
}

pub(in crate::account_store) fn ticket_taken(ticket: &Ticket, second: i64) -> Change {
    Change::TakeTicket {
        id: ticket.id,
        digest: ticket.digest,
        purpose: ticket.purpose,
        at: at(second),
    }
}

pub(in crate::account_store) fn attempted(ticket: &Ticket, at_most: u32, second: i64) -> Change {
    Change::CountAttempt {
        id: ticket.id,
        digest: ticket.digest,
        purpose: ticket.purpose,
        at_most,
        at: at(second),
    }
}

pub(in crate::account_store) fn tickets_dropped(
    owner: &UserRef,
    purposes: &[TicketPurpose],
) -> Change {
    Change::DropTickets {
        owner: owner.clone(),
        purposes: purposes.to_vec(),
    }
}

/// An account at one provider, unlike any other of this process.
pub(in crate::account_store) fn identity(owner: &UserRef) -> Identity {
    Identity {
        id: new_id(),
        owner: owner.clone(),
        provider: String::from("google"),
        issuer: String::from("https://accounts.example.com"),
        subject: next_number().to_string(),
        email: None,
        sealed_tokens: None,
        created_at: at(10),
        last_used_at: None,
    }
}

pub(in crate::account_store) fn linked_identity(identity: &Identity) -> Change {
    Change::InsertIdentity(Box::new(identity.clone()))
}

pub(in crate::account_store) fn unlinked(identity: &Identity) -> Change {
    Change::DeleteIdentity {
        owner: identity.owner.clone(),
        id: identity.id,
    }
}

pub(in crate::account_store) fn require_stamp(user: &UserRef, stamp: &str) -> Change {
    Change::RequireStamp {
        user: user.clone(),
        stamp: stamp.to_owned(),
    }
}

pub(in crate::account_store) fn require_credential(owner: &UserRef) -> Change {
    Change::RequireCredential {
        owner: owner.clone(),
    }
}

/// The account's password goes.
pub(in crate::account_store) fn without_password(user: &User) -> Change {
    let mut update = super::update(user);
    update.password = Some(None);
    super::updated(update)
}
