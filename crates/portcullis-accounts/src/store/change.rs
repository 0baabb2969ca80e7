use std::net::IpAddr;

use portcullis_core::Timestamp;
use portcullis_jwt::Revocation;

use super::UserUpdate;
use crate::model::{
    AuditEvent, Factor, Family, Identity, KeyRow, Link, LinkPurpose, QueuedMail, RecordId,
    StoredKey, Ticket, TicketPurpose, User, UserRef,
};

/// One change of the database. Several are made together, in their order, or not at all: see [`Ledger::commit`](super::Ledger::commit).
///
/// Each is one atomic verb with its own guard: consume, compare and set, insert if there is room. None of them is a reading
/// followed by a writing that others could come between.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// A new account. [`EmailTaken`](super::Conflict::EmailTaken) if its address's key is taken in its collection.
    InsertUser(Box<User>),
    /// A new account, but only if the collection has none yet; otherwise [`Changed`](super::Conflict::Changed).
    InsertFirstUser(Box<User>),
    /// A change of an account. [`NotFound`](super::Conflict::NotFound), [`Changed`](super::Conflict::Changed) if a guard does not hold,
    /// [`EmailTaken`](super::Conflict::EmailTaken).
    UpdateUser(Box<UserUpdate>),
    /// The account goes, and with it everything that is its own: families, links, keys, factor, recovery codes, tickets, identities
    /// (not its audit trail). [`Committed`] names families and keys. Nothing is revoked by it. [`NotFound`](super::Conflict::NotFound).
    DeleteUser(UserRef),
    /// After all the changes, wherever among them this stands, somebody in the collection holds this role and is not banned;
    /// otherwise [`RoleUnheld`](super::Conflict::RoleUnheld). Two commits that ask this must not pass each other.
    RequireRoleHeld {
        /// The collection.
        collection: String,
        /// The role.
        role: String,
    },

    /// The account still has this stamp: nothing has ended all of its logins. [`NotFound`](super::Conflict::NotFound),
    /// [`Changed`](super::Conflict::Changed).
    RequireStamp {
        /// Whose account.
        user: UserRef,
        /// What the stamp must be.
        stamp: String,
    },
    /// After all the changes, wherever among them this stands, the account has a password or an identity to log in by; otherwise
    /// [`LastCredential`](super::Conflict::LastCredential). Two commits that ask this of one account must not pass each other.
    RequireCredential {
        /// Whose account.
        owner: UserRef,
    },

    /// A new login by refresh tokens. [`NotFound`](super::Conflict::NotFound) if the owner is not there.
    InsertFamily(Box<Family>),
    /// The next generation of a family: [`Changed`](super::Conflict::Changed) unless it is at `from` now,
    /// [`NotFound`](super::Conflict::NotFound) if it has ended, by itself at `at` or otherwise.
    RotateFamily {
        /// Which family.
        id: RecordId,
        /// Its generation until now; it becomes one more.
        from: u32,
        /// Becomes `rotated_at`.
        at: Timestamp,
        /// From where it was used.
        address: Option<IpAddr>,
        /// By which client.
        user_agent: Option<String>,
    },
    /// The user has proved once more who they are: sets `authenticated_at`, and `amr`. [`NotFound`](super::Conflict::NotFound) if it is
    /// not this owner's.
    ReauthenticateFamily {
        /// Whose.
        owner: UserRef,
        /// Which family.
        id: RecordId,
        /// Becomes `authenticated_at`.
        at: Timestamp,
        /// The methods, all of them.
        amr: Vec<String>,
        /// Becomes the family's stamp, if the user's has changed with this.
        stamp: Option<String>,
    },
    /// One family ends; its access tokens are revoked with it: the store also writes
    /// [`Revocation::Session`] until `until`. [`NotFound`](super::Conflict::NotFound) if it is not this owner's.
    EndFamily {
        /// Whose.
        owner: UserRef,
        /// Which.
        id: RecordId,
        /// How long the revocation is to be remembered.
        until: Timestamp,
    },
    /// All families of a user end, live or not, but for one; the store writes a [`Revocation::Session`] for each. None is no conflict.
    EndFamilies {
        /// Whose.
        owner: UserRef,
        /// The one that stays.
        except: Option<RecordId>,
        /// How long the revocations are to be remembered.
        until: Timestamp,
    },
    /// Access tokens are taken back.
    Revoke(Revocation),
    /// A session by cookie is over, whatever its own store may say of it later; see [`SessionEnds`](super::SessionEnds). Nobody needs to
    /// be there, and twice is no conflict: of two ends, the later generation counts, and the later moment.
    EndSession {
        /// Whose.
        owner: UserRef,
        /// Its public id.
        sid: String,
        /// The last generation of its ids that is over ([`AuthRecord::generation`](portcullis_session::AuthRecord::generation)): that
        /// of an id which is being replaced, or `u32::MAX` where the session has ended for good.
        through: u32,
        /// How long that is to be remembered: until the session would have ended by itself.
        until: Timestamp,
    },

    /// A new link. Earlier ones of the same owner and purpose go. [`NotFound`](super::Conflict::NotFound) if the owner is not there.
    InsertLink(Box<Link>),
    /// A link is used up: [`NotFound`](super::Conflict::NotFound) if it is not there, was used, or is past its end at `at`. Of many
    /// who take one link at once, exactly one succeeds.
    TakeLink {
        /// Its id.
        id: RecordId,
        /// Its digest; another one is as good as not there.
        digest: [u8; 32],
        /// What it must be good for.
        purpose: LinkPurpose,
        /// Now.
        at: Timestamp,
    },
    /// All links of a user for these purposes go. None is no conflict.
    DropLinks {
        /// Whose.
        owner: UserRef,
        /// For what.
        purposes: Vec<LinkPurpose>,
    },

    /// A new key. [`LimitReached`](super::Conflict::LimitReached) if its owner has `at_most` live ones,
    /// [`NotFound`](super::Conflict::NotFound) if the owner is not there. However many come at once, the bound holds.
    InsertKey {
        /// The key.
        key: Box<KeyRow>,
        /// How many live ones (not past their end at its `created_at`) the owner may have, this one included.
        at_most: u32,
    },
    /// A key ends sooner: at the earlier of `at` and its own end. [`NotFound`](super::Conflict::NotFound) if it is not this
    /// owner's, or has ended by `now`.
    ExpireKey {
        /// Whose.
        owner: UserRef,
        /// Which.
        id: RecordId,
        /// When it is to end.
        at: Timestamp,
        /// Now.
        now: Timestamp,
    },
    /// A key goes. [`NotFound`](super::Conflict::NotFound) if it is not this owner's.
    DeleteKey {
        /// Whose.
        owner: UserRef,
        /// Which.
        id: RecordId,
    },
    /// All keys of a user go. None is no conflict.
    DeleteKeys {
        /// Whose.
        owner: UserRef,
    },

    /// A new second factor, in place of one that is not active. [`FactorActive`](super::Conflict::FactorActive) if one is,
    /// [`NotFound`](super::Conflict::NotFound) if the owner is not there.
    PutFactor(Box<Factor>),
    /// A second factor is asked for from now on. [`NotFound`](super::Conflict::NotFound) if it is not this owner's, or not there any
    /// more; [`FactorActive`](super::Conflict::FactorActive) if it is active already.
    ActivateFactor {
        /// Whose.
        owner: UserRef,
        /// Which.
        id: RecordId,
        /// The step of the code that was shown.
        step: u64,
        /// Becomes `activated_at`.
        at: Timestamp,
    },
    /// A code is used up: the factor's last step becomes this one. [`Changed`](super::Conflict::Changed) unless it was an earlier one
    /// or none; [`NotFound`](super::Conflict::NotFound) if no such factor of this owner is active. Of many who show one code at once,
    /// exactly one succeeds (AC-O2).
    UseStep {
        /// Whose.
        owner: UserRef,
        /// Which factor.
        id: RecordId,
        /// The step of the code.
        step: u64,
        /// The TOTP sealed anew, where the server's key is another one by now.
        resealed: Option<Vec<u8>>,
    },
    /// The second factor goes, active or not, and the recovery codes with it. [`NotFound`](super::Conflict::NotFound) if there is none.
    DeleteFactor {
        /// Whose.
        owner: UserRef,
    },
    /// These recovery codes, as digests, in place of all that there were. [`NotFound`](super::Conflict::NotFound) if the owner is not
    /// there.
    PutRecoveryCodes {
        /// Whose.
        owner: UserRef,
        /// Their digests; none for no codes.
        digests: Vec<[u8; 32]>,
    },
    /// A recovery code is used up: one of these digests goes. [`NotFound`](super::Conflict::NotFound) if none of them is there. Of many
    /// who show one code at once, exactly one succeeds.
    TakeRecoveryCode {
        /// Whose.
        owner: UserRef,
        /// What the code may be kept as: under the server's key of today, and former ones.
        any_of: Vec<[u8; 32]>,
    },

    /// A new ticket. [`NotFound`](super::Conflict::NotFound) if it has an owner who is not there.
    InsertTicket(Box<Ticket>),
    /// Something is tried with a ticket: its attempts become one more. [`LimitReached`](super::Conflict::LimitReached) if there were
    /// `at_most` already; [`NotFound`](super::Conflict::NotFound) if it is not there, or past its end at `at`.
    CountAttempt {
        /// Its id.
        id: RecordId,
        /// Its digest; another one is as good as not there.
        digest: [u8; 32],
        /// What it must be good for.
        purpose: TicketPurpose,
        /// How many attempts there may be, this one included.
        at_most: u32,
        /// Now.
        at: Timestamp,
    },
    /// A ticket is used up: as [`TakeLink`](Self::TakeLink).
    TakeTicket {
        /// Its id.
        id: RecordId,
        /// Its digest; another one is as good as not there.
        digest: [u8; 32],
        /// What it must be good for.
        purpose: TicketPurpose,
        /// Now.
        at: Timestamp,
    },
    /// All tickets of a user for these purposes go. None is no conflict.
    DropTickets {
        /// Whose.
        owner: UserRef,
        /// For what.
        purposes: Vec<TicketPurpose>,
    },

    /// A new identity. [`IdentityTaken`](super::Conflict::IdentityTaken) if issuer and subject are somebody's in the collection, this
    /// owner's included; [`NotFound`](super::Conflict::NotFound) if the owner is not there.
    InsertIdentity(Box<Identity>),
    /// Its user has logged in by it. [`NotFound`](super::Conflict::NotFound) if it is not this owner's.
    UseIdentity {
        /// Whose.
        owner: UserRef,
        /// Which.
        id: RecordId,
        /// Becomes `last_used_at`.
        at: Timestamp,
        /// Becomes `email`.
        email: Option<String>,
        /// Becomes `sealed_tokens`.
        sealed_tokens: Option<Vec<u8>>,
    },
    /// An identity goes. [`NotFound`](super::Conflict::NotFound) if it is not this owner's.
    DeleteIdentity {
        /// Whose.
        owner: UserRef,
        /// Which.
        id: RecordId,
    },
    /// All identities of a user go. None is no conflict.
    DeleteIdentities {
        /// Whose.
        owner: UserRef,
    },

    /// The next key that access tokens are signed with. [`Changed`](super::Conflict::Changed) unless its number is one more than the
    /// highest that there is, 1 where there is none: of many nodes that make the next key at once, exactly one succeeds.
    PutSigningKey(Box<StoredKey>),
    /// A signing key is sealed anew, because the server's key is another one by now. [`NotFound`](super::Conflict::NotFound) if it is not
    /// there, [`Changed`](super::Conflict::Changed) unless it is still sealed as it was.
    ResealSigningKey {
        /// Which.
        kid: String,
        /// As it is sealed until now.
        before: Vec<u8>,
        /// Becomes `sealed`.
        after: Vec<u8>,
    },
    /// A signing key goes: its tokens are nothing from now on. [`NotFound`](super::Conflict::NotFound) if it is not there.
    ForgetSigningKey {
        /// Which.
        kid: String,
    },

    /// An entry in the audit trail.
    Audit(Box<AuditEvent>),
    /// A mail to be sent.
    Queue(Box<QueuedMail>),
}

/// What came of changes that were made, in any order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Committed {
    /// The families that ended.
    pub ended: Vec<RecordId>,
    /// The keys that went or will end sooner.
    pub keys: Vec<RecordId>,
}
